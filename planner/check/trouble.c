/* SPDX-License-Identifier: MIT */
#include "planner/check/trouble.h"

#include "topology/base/list.h"

static char *ids_of_cpu(const Check *check, GPtrArray *sets, unsigned cpu, Severity *worst)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GString *ids = g_string_new(NULL);

	*worst = SEVERITY_INFO;
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);
		hwloc_const_bitmap_t set = g_ptr_array_index(sets, i);

		if (!set || !hwloc_bitmap_isset(set, cpu) ||
		    !g_hash_table_add(seen, (gpointer)finding->id))
			continue;
		list_add(ids, "%s", finding->id);
		*worst = MAX(*worst, finding->severity);
	}
	return g_string_free(ids, FALSE);
}

static void set_free(gpointer set)
{
	if (set)
		hwloc_bitmap_free(set);
}

static GPtrArray *sets_of(const Check *check, hwloc_bitmap_t all)
{
	GPtrArray *sets = g_ptr_array_new_with_free_func(set_free);

	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);
		hwloc_bitmap_t set = finding->cpus && !finding->waived
					     ? cpulist_parse(finding->cpus, NULL)
					     : NULL;

		if (set)
			hwloc_bitmap_or(all, all, set);
		g_ptr_array_add(sets, set);
	}
	return sets;
}

static const char *trouble_role_of(const Check *check, unsigned cpu)
{
	const Plan *plan = check->audit->plan;

	for (unsigned role = 0; plan && role < ROLE_COUNT; role++)
		if (hwloc_bitmap_isset(plan->cpus[role], cpu))
			return role_names[role];
	return hwloc_bitmap_isset(check->audit->isolated, cpu) ? "isolated" : "host";
}

static void trouble_clear(gpointer data)
{
	Trouble *trouble = data;

	g_free(trouble->ids);
	hwloc_bitmap_free(trouble->cpus);
}

/* IDS is taken. */
static void trouble_add(GArray *troubles, const char *role, char *ids, Severity worst, unsigned cpu)
{
	Trouble trouble = {ids, role, worst, NULL};

	for (unsigned i = 0; i < troubles->len; i++) {
		Trouble *known = &g_array_index(troubles, Trouble, i);

		if (g_str_equal(known->ids, ids) && known->role == role) {
			hwloc_bitmap_set(known->cpus, cpu);
			g_free(ids);
			return;
		}
	}
	trouble.cpus = hwloc_bitmap_alloc();
	hwloc_bitmap_set(trouble.cpus, cpu);
	g_array_append_val(troubles, trouble);
}

GArray *check_troubles(const Check *check)
{
	GArray *troubles = g_array_new(FALSE, FALSE, sizeof(Trouble));
	g_auto(CpuSet) all = hwloc_bitmap_alloc();
	g_autoptr(GPtrArray) sets = sets_of(check, all);
	unsigned cpu;

	g_array_set_clear_func(troubles, trouble_clear);
	hwloc_bitmap_foreach_begin(cpu, all)
		Severity worst;
		char *ids = ids_of_cpu(check, sets, cpu, &worst);

		trouble_add(troubles, trouble_role_of(check, cpu), ids, worst, cpu);
	hwloc_bitmap_foreach_end();
	return troubles;
}
