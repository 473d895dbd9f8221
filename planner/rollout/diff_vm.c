/* SPDX-License-Identifier: MIT */
/*
 * What changes for one VM. What QEMU is told on its command line, and what the guest is told of its
 * CPUs, cells and memory, holds until it is powered off; pins do not.
 */
#include "planner/base/size.h"
#include "planner/place/guest.h"
#include "planner/place/replan.h"
#include "planner/rollout/diff.h"

/* Values as text; all yours. */

static char *diff_vm_memory_text(const PlanVm *vm)
{
	uint64_t memory = plan_vm_memory(vm);

	return memory ? size_format(memory) : g_strdup("not said");
}

static char *page_text(const PlanVm *vm)
{
	return vm->spec->page ? size_format(vm->spec->page) : g_strdup("none");
}

static char *vcpus_text(const PlanVm *vm)
{
	return g_strdup_printf("%u", vm->spec->vcpus);
}

static char *iothreads_text(const PlanVm *vm)
{
	return g_strdup_printf("%u", vm->spec->iothreads);
}

static char *policy_text(const PlanVm *vm)
{
	return g_strdup(policy_names[vm->spec->policy]);
}

static char *mode_text(const PlanVm *vm)
{
	return g_strdup(cpu_mode_names[vm->spec->cpu_mode]);
}

static char *locked_text(const PlanVm *vm)
{
	return g_strdup(vm->spec->locked ? "yes" : "no");
}

static char *cpupm_text(const PlanVm *vm)
{
	return g_strdup(cpupm_names[vm->cpupm->verdict]);
}

static char *emulator_text(const PlanVm *vm)
{
	return cpulist_format(vm->emulatorpin);
}

/* What each costs; of two it depends on the values. */

static Cost pins_cost(const DiffVm *vm)
{
	static const Cost costs[] = {[MOVE_REPIN] = COST_REPIN,
				     [MOVE_MEMORY] = COST_MEMORY,
				     [MOVE_RESTART] = COST_RESTART};
	const PlanVm *before = vm->before, *after = vm->after;

	if (before->spec->policy != after->spec->policy)
		return COST_RESTART;
	if (after->cpuset)
		return COST_REPIN;
	return vm->before->vcpupin->len == vm->after->vcpupin->len
		       ? costs[replan_cost(vm->host, before->vcpupin, after->vcpupin)]
		       : COST_RESTART;
}

static Cost cpupm_cost(const DiffVm *vm)
{
	return (vm->before->cpupm->verdict == CPUPM_ON) == (vm->after->cpupm->verdict == CPUPM_ON)
		       ? COST_NONE
		       : COST_RESTART;
}

typedef struct VmValue {
	const char *what;
	char *(*text)(const PlanVm *vm);
	Cost cost;
	Cost (*cost_of)(const DiffVm *vm); /* instead of cost */
} VmValue;

static const VmValue values[] = {
	{"vCPUs", vcpus_text, COST_RESTART, NULL},
	{"policy", policy_text, COST_RESTART, NULL},
	{"memory", diff_vm_memory_text, COST_RESTART, NULL},
	{"huge pages", page_text, COST_RESTART, NULL},
	{"guest topology", guest_topology, COST_RESTART, NULL},
	{"guest cells", guest_cells, COST_RESTART, NULL},
	{"CPU mode", mode_text, COST_RESTART, NULL},
	{"I/O threads", iothreads_text, COST_RESTART, NULL},
	{"locked memory", locked_text, COST_RESTART, NULL},
	{"pins", plan_vm_places, COST_NONE, pins_cost},
	{"emulator pins", emulator_text, COST_REPIN, NULL},
	{"cpu-pm", cpupm_text, COST_NONE, cpupm_cost},
};

static void compare_values(DiffVm *vm)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
		const VmValue *value = &values[i];
		g_autofree char *from = value->text(vm->before), *to = value->text(vm->after);

		if (g_str_equal(from, to))
			continue;
		diff_line_add(vm->lines, value->what, from, to,
			      value->cost_of ? value->cost_of(vm) : value->cost);
	}
}

/* KVM's promise that its vCPUs never wait, as the domain XML has it. One that holds no longer makes
 * the guest's locks spin for nothing; any other change can wait for the VM's next start. */
static void compare_hint(DiffVm *vm, const Plan *before, const Plan *after)
{
	static const char *const texts[] = {"off", "on"};
	bool had = domain_hinted(before, vm->before), has = domain_hinted(after, vm->after);

	if (had != has)
		diff_line_add(vm->lines, "hint-dedicated", texts[had], texts[has],
			      vm->after->cpupm->verdict == CPUPM_INELIGIBLE ? COST_RESTART
									    : COST_NONE);
}

void diff_vm_compare(DiffVm *vm, const Plan *before, const Plan *after)
{
	bool ran = vm->before && vm->before->placed;
	bool will_run = vm->after && vm->after->placed;

	if (ran && will_run) {
		compare_values(vm);
		compare_hint(vm, before, after);
	}
	if (ran != will_run)
		vm->kind = will_run ? DIFF_NEW : DIFF_GONE;
	else if (vm->lines->len)
		vm->kind = DIFF_CHANGED;
	for (unsigned i = 0; i < vm->lines->len; i++)
		vm->cost = MAX(vm->cost, ((const DiffLine *)g_ptr_array_index(vm->lines, i))->cost);
}
