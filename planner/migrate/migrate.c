/* SPDX-License-Identifier: MIT */
#include "planner/migrate/migrate.h"
#include "planner/artifacts/artifact_fill.h"
#include "planner/place/replan.h"

const char *const migrate_names[] = {"live", "loses-cpu-pm", "unknown", "restart", "cannot", NULL};

static void point_free(gpointer data)
{
	MigratePoint *point = data;

	g_free(point->text);
	g_free(point->fix);
	g_free(point);
}

void migrate_free(Migration *migration)
{
	g_ptr_array_unref(migration->points);
	plan_free(migration->plan);
	g_free(migration);
}

/* The other node as it is, with those of its VMs that run. */
static Inventory *inventory_of(const Plan *plan)
{
	Inventory *inventory = replan_inventory(plan);

	inventory->isolation = plan_is_cpuset(plan) ? ISOLATION_CPUSET : ISOLATION_ISOLCPUS;
	for (unsigned i = inventory->vms->len; i-- > 0;) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		if (!plan_vm(plan, spec->name)->placed)
			g_ptr_array_remove_index(inventory->vms, i);
	}
	return inventory;
}

Migration *migrate_new(const Plan *from, const PlanVm *vm, const Plan *to, double overcommit,
		       unsigned moves)
{
	g_autoptr(Inventory) inventory = inventory_of(to);
	Migration *migration = g_new0(Migration, 1);

	inventory->overcommit = overcommit;
	g_ptr_array_add(inventory->vms, vm_spec_newcomer(vm->spec));
	migration->from = from;
	migration->to = to;
	migration->before = vm;
	migration->plan = plan_compute(to->host, inventory, NULL, &(PlanOptions){.moves = moves});
	migration->after = plan_vm(migration->plan, vm->spec->name);
	migration->points = g_ptr_array_new_with_free_func(point_free);
	migrate_judge(migration);
	return migration;
}
