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
	g_clear_pointer(&migration->own, plan_free);
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

static Migration *migrate_begin(const Plan *from, const PlanVm *vm, const Plan *to,
				const Plan *with)
{
	Migration *migration = g_new0(Migration, 1);

	migration->from = from;
	migration->to = to;
	migration->before = vm;
	migration->plan = with;
	migration->after = plan_vm(with, vm->spec->name);
	migration->points = g_ptr_array_new_with_free_func(point_free);
	return migration;
}

Migration *migrate_new_with(const Plan *from, const PlanVm *vm, const Plan *to, const Plan *with)
{
	Migration *migration = migrate_begin(from, vm, to, with);

	migrate_judge(migration, false);
	return migration;
}

Migration *migrate_new(const Plan *from, const PlanVm *vm, const Plan *to, double overcommit,
		       unsigned moves)
{
	g_autoptr(Inventory) inventory = inventory_of(to);
	Plan *with;
	Migration *migration;

	inventory->overcommit = overcommit;
	g_ptr_array_add(inventory->vms, vm_spec_newcomer(vm->spec));
	with = plan_compute(to->host, inventory, NULL, &(PlanOptions){.moves = moves});
	migration = migrate_begin(from, vm, to, with);
	migration->own = with;
	migrate_judge(migration, false);
	return migration;
}

static PlanVm *migrate_add_vm(Plan *plan, const VmSpec *spec, bool cpu_pm)
{
	PlanVm *vm = plan_vm_new(vm_spec_copy(spec, spec->name));

	vm->placed = true;
	vm->cpupm = cpupm_new(cpu_pm ? CPUPM_ON : CPUPM_INELIGIBLE);
	g_ptr_array_add(plan->vms, vm);
	return vm;
}

Migration *migrate_foresee(const Plan *from, const Plan *to, const VmSpec *spec, bool here,
			   bool there)
{
	Plan *with = plan_new(to->host);
	const PlanVm *after = migrate_add_vm(with, spec, there);
	Migration *migration = migrate_begin(from, migrate_add_vm(with, spec, here), to, with);

	migration->own = with;
	migration->after = after;
	migrate_judge(migration, true);
	return migration;
}
