/* SPDX-License-Identifier: MIT */
/*
 * What changes for one VM. What QEMU is told on its command line, and what the guest is told of its
 * CPUs, cells and memory, holds until it is powered off; pins do not.
 */
#include "planner/base/size.h"
#include "planner/inventory/settings.h"
#include "planner/place/guest.h"
#include "planner/place/replan.h"
#include "planner/rollout/diff.h"

/* Values as text; all yours. */

static char *diff_vm_memory_text(const PlanVm *vm)
{
	uint64_t memory = plan_vm_memory(vm);

	return memory ? size_format(memory) : g_strdup("not said");
}

static char *cpupm_text(const PlanVm *vm)
{
	return g_strdup(cpupm_names[vm->cpupm->verdict]);
}

static char *emulator_text(const PlanVm *vm)
{
	return plan_vm_helper_places(vm);
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
	if (after->spec->policy == POLICY_SHARED)
		return COST_REPIN;
	for (unsigned v = 0; v < MIN(before->spec->vcpus, after->spec->vcpus); v++)
		if (vm_spec_floats(before->spec, v) != vm_spec_floats(after->spec, v))
			return COST_RESTART;
	return plan_vm_pinned(before) == plan_vm_pinned(after)
		       ? costs[replan_cost(vm->host, after->spec, before->pins, after->pins)]
		       : COST_RESTART;
}

static Cost cpupm_cost(const DiffVm *vm)
{
	return (vm->before->cpupm->verdict == CPUPM_ON) == (vm->after->cpupm->verdict == CPUPM_ON)
		       ? COST_NONE
		       : COST_RESTART;
}

/* What follows from settings, and is compared instead of them. */
typedef struct VmValue {
	const char *instead; /* the setting in whose place it stands; NULL = after all */
	const char *what;
	char *(*text)(const PlanVm *vm);
	Cost cost;
	Cost (*cost_of)(const DiffVm *vm); /* instead of cost */
} VmValue;

static const VmValue values[] = {
	{"memory", "memory", diff_vm_memory_text, COST_RESTART, NULL},
	{"threads", "guest topology", guest_topology, COST_RESTART, NULL},
	{"threads", "guest cells", guest_cells, COST_RESTART, NULL},
	{NULL, "pins", plan_vm_places, COST_NONE, pins_cost},
	{NULL, "emulator pins", emulator_text, COST_REPIN, NULL},
	{NULL, "cpu-pm", cpupm_text, COST_NONE, cpupm_cost},
};

static void compare_texts(DiffVm *vm, const char *what, const char *from, const char *to, Cost cost)
{
	if (!g_str_equal(from, to))
		diff_line_add(vm->lines, what, from, to, cost);
}

static void compare_values(DiffVm *vm, const char *instead)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
		const VmValue *value = &values[i];
		g_autofree char *from = NULL, *to = NULL;

		if (g_strcmp0(value->instead, instead) != 0)
			continue;
		from = value->text(vm->before);
		to = value->text(vm->after);
		compare_texts(vm, value->what, from, to,
			      value->cost_of ? value->cost_of(vm) : value->cost);
	}
}

static void compare_setting(DiffVm *vm, const Setting *setting)
{
	g_autofree char *from = setting_shown(setting, vm->before->spec);
	g_autofree char *to = setting_shown(setting, vm->after->spec);

	compare_texts(vm, setting->what ? setting->what : setting->key, from, to, setting->cost);
}

static void compare_settings(DiffVm *vm)
{
	for (const Setting *setting = vm_settings->settings; setting->key; setting++) {
		if (!(setting->flags & SETTING_DERIVED_DIFF))
			compare_setting(vm, setting);
		compare_values(vm, setting->key);
	}
	compare_values(vm, NULL);
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
		compare_settings(vm);
		compare_hint(vm, before, after);
	}
	if (ran != will_run)
		vm->kind = will_run ? DIFF_NEW : DIFF_GONE;
	else if (vm->lines->len)
		vm->kind = DIFF_CHANGED;
	for (unsigned i = 0; i < vm->lines->len; i++)
		vm->cost = MAX(vm->cost, ((const DiffLine *)g_ptr_array_index(vm->lines, i))->cost);
}
