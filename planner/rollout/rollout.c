/* SPDX-License-Identifier: MIT */
#include "planner/rollout/rollout.h"

/* Life */

void rollout_free(Rollout *rollout)
{
	g_ptr_array_unref(rollout->steps);
	g_free(rollout->fault);
	g_free(rollout);
}

/* Is the new plan safe in itself? If not there is no way to it. */

static char *cpu_fault(const Plan *plan, const PlanVm *vm, unsigned cpu, const char **tenants)
{
	Role role = g_array_index(plan->roles, Role, host_core_of(plan->host, cpu));

	if (role != ROLE_DEDICATED)
		return g_strdup_printf("vm %s is pinned to CPU %u, which is one of the %s CPUs",
				       vm->spec->name, cpu, role_names[role]);
	if (tenants[cpu])
		return g_strdup_printf("vm %s and vm %s are both pinned to CPU %u", tenants[cpu],
				       vm->spec->name, cpu);
	tenants[cpu] = vm->spec->name;
	return NULL;
}

static char *memory_fault(const Plan *plan)
{
	g_autofree uint64_t *used = plan_memory_used(plan);

	for (unsigned i = 0; i < plan->host->nodes->len; i++)
		if (used[i] > plan_node_room(plan, i))
			return g_strdup_printf("the VMs on node %u need more memory than it has",
					       host_node(plan->host, i)->id);
	return NULL;
}

static char *plan_fault(const Plan *plan)
{
	g_autofree const char **tenants =
		g_new0(const char *, (gsize)hwloc_bitmap_last(plan->host->online) + 1);
	char *fault = NULL;

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len && !fault; v++)
			fault = cpu_fault(plan, vm, g_array_index(vm->pins, unsigned, v), tenants);
	}
	return fault ? fault : memory_fault(plan);
}

/* With a reboot */

static void each_vm(Rollout *rollout, const Diff *diff, StepKind kind)
{
	for (unsigned i = 0; i < diff->vms->len; i++) {
		const DiffVm *vm = g_ptr_array_index(diff->vms, i);
		const PlanVm *side = kind == STEP_STOP ? vm->before : vm->after;

		if (side && side->placed)
			rollout_add(rollout, kind, vm);
	}
}

static void rollout_reboot(Rollout *rollout, const Diff *diff)
{
	rollout_add(rollout, STEP_WRITE, NULL);
	each_vm(rollout, diff, STEP_STOP);
	rollout_add(rollout, STEP_REBOOT, NULL);
	rollout_add(rollout, STEP_CHECK, NULL);
	each_vm(rollout, diff, STEP_START);
}

Rollout *rollout_new(Diff *diff)
{
	Rollout *rollout = g_new0(Rollout, 1);

	rollout->steps = rollout_steps_new();
	rollout->fault = plan_fault(diff->after);
	if (rollout->fault || diff_same(diff))
		return rollout;
	if (diff->reboot)
		rollout_reboot(rollout, diff);
	else
		rollout_order(rollout, diff);
	return rollout;
}
