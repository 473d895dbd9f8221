/* SPDX-License-Identifier: MIT */
/* Daemons that place interrupts and tasks themselves: irqbalance, tuned, systemd. */
#ifndef TOPOLOGY_FACTS_SERVICES_H
#define TOPOLOGY_FACTS_SERVICES_H

#include "topology/guests/tasks.h"
#include "topology/root/fact.h"

typedef struct ServiceFacts {
	GHashTable *irqbalance;	 /* "IRQBALANCE_BANNED_CPULIST" → value, of Environment= in
				    drop-ins of its unit and of its environment file, which counts
				    more; NULL = neither  says anything */
	char *irqbalance_source; /* the files that do; NULL = none */
	bool irqbalance_runs;
	char *tuned_profile;   /* /etc/tuned/active_profile; NULL = none */
	char **tuned_included; /* it, and all that it includes; NULL = none */
	GHashTable *systemd;   /* "CPUAffinity" → value, of system.conf and drop-ins */
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

/* What a snapshot keeps of files of settings, ended by NULL. */
extern const char *const services_kept[];
/* Of a unit's TEXT the lines Environment= that are about irqbalance, a variable each, and those
 * that take all back; others may hold secrets. Yours. */
char *environment_keep(const char *text);

/* Where they are from. */
extern const FactSource service_sources[];

#endif
