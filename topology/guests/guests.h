/* SPDX-License-Identifier: MIT */
/* Guests: domains as libvirt or files have them, and QEMU's processes as the kernel has them. */
#ifndef TOPOLOGY_GUESTS_GUESTS_H
#define TOPOLOGY_GUESTS_GUESTS_H

#include "topology/facts/facts.h"
#include "topology/guests/domain.h"
#include "topology/guests/domains.h"
#include "topology/guests/qemu.h"

/*
 * Collect from what OPTIONS name: --domains, else the capture itself, else libvirt. TASKS are read
 * already. NULL = nobody could be asked and no QEMU runs; notes say why.
 */
GuestFacts *guests_load(Root *root, const FactsOptions *options, const TaskFacts *tasks);
void guests_free(GuestFacts *guests);
/* None yet, of SOURCE; guests that are added become its own. */
GuestFacts *guests_new(const char *source);
/* A guest of which no more is known, yours. */
Guest *guest_new(const char *name);

/* The domain log's line about cpu-pm since its last start, NULL = none; yours. */
char *guest_log_parse(const char *text);

#endif
