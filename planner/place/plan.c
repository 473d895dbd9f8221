/* SPDX-License-Identifier: MIT */
#include "planner/place/plan.h"
#include "planner/cpupm/partner.h"
#include "planner/place/placer.h"

#include <string.h>

/* Life */

static void plan_vm_free(PlanVm *vm)
{
	vm_spec_free(vm->spec);
	g_array_unref(vm->vcpupin);
	hwloc_bitmap_free(vm->cpuset);
	hwloc_bitmap_free(vm->emulatorpin);
	g_array_unref(vm->shares);
	g_clear_pointer(&vm->cpupm, cpupm_free);
	g_free(vm);
}

PlanVm *plan_vm_new(VmSpec *spec)
{
	PlanVm *vm = g_new0(PlanVm, 1);

	vm->spec = spec;
	vm->vcpupin = g_array_new(FALSE, FALSE, sizeof(unsigned));
	vm->shares = g_array_new(FALSE, TRUE, sizeof(VmShare));
	return vm;
}

Plan *plan_new(const Host *host)
{
	Plan *plan = g_new0(Plan, 1);

	plan->host = host;
	plan->node = node_spec_new();
	plan->vms = g_ptr_array_new_with_free_func((GDestroyNotify)plan_vm_free);
	plan->partners = g_ptr_array_new_with_free_func((GDestroyNotify)partner_free);
	plan->findings = findings_new();
	plan->why_nots = g_ptr_array_new_with_free_func((GDestroyNotify)why_not_free);
	plan->moves = g_ptr_array_new_with_free_func((GDestroyNotify)move_free);
	plan->isolated = hwloc_bitmap_alloc();
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		plan->cpus[role] = hwloc_bitmap_alloc();
	return plan;
}

void plan_free(Plan *plan)
{
	node_spec_free(plan->node);
	g_clear_pointer(&plan->roles, g_array_unref);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		hwloc_bitmap_free(plan->cpus[role]);
	hwloc_bitmap_free(plan->isolated);
	g_clear_pointer(&plan->parameters, g_ptr_array_unref);
	g_free(plan->cmdline);
	g_ptr_array_unref(plan->partners);
	g_ptr_array_unref(plan->why_nots);
	g_ptr_array_unref(plan->moves);
	g_ptr_array_unref(plan->vms);
	g_ptr_array_unref(plan->findings);
	g_free(plan);
}

void change_free(Change *change)
{
	hwloc_bitmap_free(change->cpus);
	g_free(change->vm);
	if (change->with)
		change_free(change->with);
	g_free(change);
}

void why_not_free(WhyNot *why_not)
{
	g_ptr_array_unref(why_not->changes);
	g_free(why_not);
}

void move_free(Move *move)
{
	g_array_unref(move->from);
	g_free(move);
}

/* Questions */

bool plan_bad(const Plan *plan)
{
	return plan->placed < plan->wanted || findings_has(plan->findings, SEVERITY_ERROR);
}

const PlanVm *plan_vm(const Plan *plan, const char *name)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (!strcmp(vm->spec->name, name))
			return vm;
	}
	return NULL;
}

unsigned plan_cpu_vm(const Plan *plan, unsigned cpu)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->vcpupin->len; v++)
			if (g_array_index(vm->vcpupin, unsigned, v) == cpu)
				return i;
	}
	return HOST_NONE;
}

char *plan_vm_places(const PlanVm *vm)
{
	GString *text;

	if (vm->cpuset)
		return cpulist_format(vm->cpuset);
	text = g_string_new(NULL);
	for (unsigned v = 0; v < vm->vcpupin->len; v++)
		g_string_append_printf(text, "%s%u", v ? "," : "",
				       g_array_index(vm->vcpupin, unsigned, v));
	return g_string_free(text, FALSE);
}

uint64_t plan_node_room(const Plan *plan, unsigned node)
{
	uint64_t memory = host_node_memory(plan->host, node);

	if (memory == UINT64_MAX)
		return UINT64_MAX;
	return memory > plan->node->host_memory ? memory - plan->node->host_memory : 0;
}

uint64_t plan_vm_memory(const PlanVm *vm)
{
	uint64_t memory = 0, page = place_page(vm->spec);

	for (unsigned i = 0; i < vm->shares->len; i++)
		memory += g_array_index(vm->shares, VmShare, i).memory;
	return vm->shares->len ? memory : (vm->spec->memory + page - 1) / page * page;
}

/* Roles as CPU sets */

void plan_fill_cpus(Plan *plan)
{
	static const Role isolated[] = {ROLE_SDK, ROLE_DEDICATED, ROLE_FREE, ROLE_STRANDED};

	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);
		Role role = g_array_index(plan->roles, Role, i);

		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(plan->cpus[role], core->cpu[t]);
	}
	hwloc_bitmap_copy(plan->cpus[ROLE_OFFLINE], plan->host->offline);
	for (unsigned i = 0; i < G_N_ELEMENTS(isolated); i++)
		hwloc_bitmap_or(plan->isolated, plan->isolated, plan->cpus[isolated[i]]);
}
