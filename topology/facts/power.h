/* SPDX-License-Identifier: MIT */
/* Frequency governors and idle states of each CPU. */
#ifndef TOPOLOGY_FACTS_POWER_H
#define TOPOLOGY_FACTS_POWER_H

#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct CpuPower {
	unsigned cpu;
	char *governor;	       /* cpufreq/scaling_governor; NULL = none or not read */
	char *driver;	       /* cpufreq/scaling_driver; NULL = none or not read */
	unsigned deepest_idle; /* exit latency, µs, of the deepest cpuidle state that is enabled and
				  within power/pm_qos_resume_latency_us; G_MAXUINT not known */
	bool idle_limited;     /* there are deeper ones */
} CpuPower;

/*
 * Of CpuPower, by CPU, yours, of the CPUs that say anything; NULL when none does. Those of OFFLINE
 * (NULL: none is known) are not asked: the kernel answers "Device or resource busy" (cpufreq.c
 * show()).
 */
GArray *power_load(Root *root, hwloc_const_bitmap_t offline);

/* Where they are from. */
extern const FactSource power_sources[];

#endif
