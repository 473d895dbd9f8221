/* SPDX-License-Identifier: MIT */
/* Daemons that place interrupts and tasks themselves: irqbalance, tuned, systemd. */
#ifndef TOPOLOGY_FACTS_SERVICES_H
#define TOPOLOGY_FACTS_SERVICES_H

#include "topology/guests/tasks.h"
#include "topology/root/fact.h"

typedef struct ServiceFacts {
	GHashTable *irqbalance; /* "IRQBALANCE_BANNED_CPULIST" → value, of its environment file;
				   NULL = no file */
	bool irqbalance_runs;
	char *tuned_profile; /* /etc/tuned/active_profile; NULL = none */
	GHashTable *systemd; /* "CPUAffinity" → value, of system.conf and drop-ins */
} ServiceFacts;

ServiceFacts *services_new(void);
void services_free(ServiceFacts *services);
/* TASKS are read already: they show whether irqbalance runs. */
void services_load(Root *root, const TaskFacts *tasks, ServiceFacts *services);

/*
 * Add the [Manager] settings of a systemd configuration TEXT to MANAGER, as systemd merges them:
 * CPUAffinity= and NUMAMask= add to what there is, an empty one takes all back; others replace.
 */
void systemd_parse(GHashTable *manager, const char *text);

/* Where they are from. */
extern const FactSource service_sources[];

#endif
