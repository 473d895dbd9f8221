/* SPDX-License-Identifier: MIT */
/* Frequency governors and idle states of each CPU. */
#ifndef TOPOLOGY_FACTS_POWER_H
#define TOPOLOGY_FACTS_POWER_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

/*
 * Of CpuPower, yours, of the CPUs that say anything; NULL when none does. Those of OFFLINE (NULL:
 * none is known) are not asked: the kernel answers "Device or resource busy" (cpufreq.c show()).
 */
GArray *power_load(Root *root, hwloc_const_bitmap_t offline);

#endif
