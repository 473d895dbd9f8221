/* SPDX-License-Identifier: MIT */
/* Daemons that place interrupts and tasks themselves: irqbalance, tuned, systemd. */
#ifndef TOPOLOGY_FACTS_SERVICES_H
#define TOPOLOGY_FACTS_SERVICES_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

/* TASKS are read already: they show whether irqbalance runs. */
void services_load(Root *root, const TaskFacts *tasks, ServiceFacts *services);

/*
 * Add the [Manager] settings of a systemd configuration TEXT to MANAGER, as systemd merges them:
 * CPUAffinity= and NUMAMask= add to what there is, an empty one takes all back; others replace.
 */
void systemd_parse(GHashTable *manager, const char *text);

#endif
