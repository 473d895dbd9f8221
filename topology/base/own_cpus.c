/* SPDX-License-Identifier: MIT */
#include "topology/base/own_cpus.h"

#include <sched.h>

#define SET_BYTES CPU_ALLOC_SIZE(CPULIST_LIMIT)

static hwloc_bitmap_t own_cpus_get(void)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
	cpu_set_t *set = CPU_ALLOC(CPULIST_LIMIT);

	CPU_ZERO_S(SET_BYTES, set);
	if (sched_getaffinity(0, SET_BYTES, set) == 0)
		for (unsigned cpu = 0; cpu < CPULIST_LIMIT; cpu++)
			if (CPU_ISSET_S(cpu, SET_BYTES, set))
				hwloc_bitmap_set(cpus, cpu);
	CPU_FREE(set);
	return cpus;
}

static bool own_cpus_set(hwloc_const_bitmap_t cpus)
{
	cpu_set_t *set = CPU_ALLOC(CPULIST_LIMIT);
	unsigned cpu;
	bool good;

	CPU_ZERO_S(SET_BYTES, set);
	hwloc_bitmap_foreach_begin(cpu, cpus)
		CPU_SET_S(cpu, SET_BYTES, set);
	hwloc_bitmap_foreach_end();
	good = sched_setaffinity(0, SET_BYTES, set) == 0;
	CPU_FREE(set);
	return good;
}

hwloc_bitmap_t own_cpus_avoid(hwloc_const_bitmap_t avoid)
{
	hwloc_bitmap_t cpus = own_cpus_get();
	g_auto(CpuSet) others = hwloc_bitmap_alloc();

	hwloc_bitmap_andnot(others, cpus, avoid);
	if (!hwloc_bitmap_iszero(others) && own_cpus_set(others))
		hwloc_bitmap_copy(cpus, others);
	return cpus;
}
