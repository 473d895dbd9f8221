/* SPDX-License-Identifier: MIT */
#include "planner/check/fence.h"

#include <string.h>

hwloc_bitmap_t systemd_cpus(const char *text)
{
	g_auto(GStrv) parts = g_strsplit_set(text ? text : "", " \t,", -1);
	g_auto(CpuSet) all = hwloc_bitmap_alloc();

	for (char **part = parts; *part; part++) {
		g_auto(CpuSet) set = **part ? cpulist_parse(*part, NULL) : NULL;

		if (set)
			hwloc_bitmap_or(all, all, set);
		else if (**part)
			return NULL;
	}
	return hwloc_bitmap_iszero(all) ? NULL : g_steal_pointer(&all);
}

static hwloc_bitmap_t fence_word(const Cmdline *cmdline, const char *name,
				 hwloc_bitmap_t (*parse)(const char *text))
{
	const CmdlineWord *word = cmdline ? cmdline_last(cmdline, name) : NULL;

	return word && word->value ? parse(word->value) : NULL;
}

hwloc_bitmap_t systemd_affinity(const Facts *facts, const Cmdline *cmdline, const char **what)
{
	GHashTable *manager = facts->services->systemd;
	hwloc_bitmap_t set = fence_word(cmdline, "systemd.cpu_affinity", systemd_cpus);

	*what = set ? "systemd.cpu_affinity=" : "CPUAffinity=";
	if (!set && manager)
		set = systemd_cpus(g_hash_table_lookup(manager, "CPUAffinity"));
	return set;
}

/* The slices of the host's own; scopes and slices of VMs are others. All of them have to be kept to
 * something; init.scope, a leaf, need not have a cpuset. */
static hwloc_bitmap_t fence_of_slices(const Facts *facts)
{
	static const char *const slices[] = {"/init.scope", "/system.slice", "/user.slice"};
	const GArray *groups = facts->cgroups->groups;
	g_auto(CpuSet) all = hwloc_bitmap_alloc();
	unsigned found = 0;

	for (unsigned i = 0; i < groups->len; i++) {
		const Cgroup *group = &g_array_index(groups, Cgroup, i);

		for (unsigned s = 0; s < G_N_ELEMENTS(slices); s++) {
			if (!g_str_equal(group->path, slices[s]) ||
			    hwloc_bitmap_iszero(group->cpus))
				continue;
			hwloc_bitmap_or(all, all,
					group->effective ? group->effective : group->cpus);
			found |= 1u << s;
		}
	}
	return (found & 6) == 6 ? g_steal_pointer(&all) : NULL;
}

hwloc_bitmap_t fence_of(const Facts *facts, const Cmdline *cmdline, const char **what)
{
	hwloc_const_bitmap_t online = facts->kernel->online;
	g_auto(CpuSet) fence = fence_of_slices(facts);

	*what = "AllowedCPUs= of the slices";
	if (!fence)
		fence = systemd_affinity(facts, cmdline, what);
	if (!fence) {
		*what = "tuned.non_isolcpus=";
		fence = fence_word(cmdline, "tuned.non_isolcpus", cpumask_parse);
	}
	if (fence && online)
		hwloc_bitmap_and(fence, fence, online);
	if (!fence || hwloc_bitmap_iszero(fence) || (online && hwloc_bitmap_isequal(fence, online)))
		return NULL;
	return g_steal_pointer(&fence);
}
