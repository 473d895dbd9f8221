/* SPDX-License-Identifier: MIT */
#include "planner/place/plan.h"
#include "planner/cpupm/partner.h"
#include "planner/place/demand.h"

#include <string.h>

/* Life */

static void why_not_free(WhyNot *why_not)
{
	g_ptr_array_unref(why_not->changes);
	g_free(why_not);
}

static void move_free(Move *move)
{
	g_array_unref(move->from);
	g_free(move);
}

static void plan_vm_free(PlanVm *vm)
{
	vm_spec_free(vm->spec);
	g_array_unref(vm->pins);
	hwloc_bitmap_free(vm->cpuset);
	hwloc_bitmap_free(vm->emulatorpin);
	g_ptr_array_unref(vm->iothreadpins);
	g_array_unref(vm->shares);
	g_clear_pointer(&vm->cpupm, cpupm_free);
	g_free(vm);
}

PlanVm *plan_vm_new(VmSpec *spec)
{
	PlanVm *vm = g_new0(PlanVm, 1);

	vm->spec = spec;
	vm->pins = g_array_new(FALSE, FALSE, sizeof(unsigned));
	vm->iothreadpins = g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free);
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

unsigned plan_vm_pinned(const PlanVm *vm)
{
	return MIN(vm->pins->len, vm_spec_pinned(vm->spec));
}

hwloc_bitmap_t plan_vm_vcpu_cpus(const PlanVm *vm, unsigned v)
{
	hwloc_bitmap_t cpus;

	if (vm->spec->policy == POLICY_SHARED || vm_spec_floats(vm->spec, v))
		return hwloc_bitmap_dup(vm->cpuset);
	cpus = hwloc_bitmap_alloc();
	hwloc_bitmap_only(cpus, g_array_index(vm->pins, unsigned, vm_spec_vcpu_pin(vm->spec, v)));
	return cpus;
}

char *plan_vm_pin_name(const PlanVm *vm, unsigned i)
{
	unsigned vcpus = plan_vm_pinned(vm), first = vm->spec->emulator == HELPER_OWN;

	if (i < vcpus)
		return g_strdup_printf("vCPU %u", vm_spec_pin_vcpu(vm->spec, i));
	return i - vcpus < first ? g_strdup("emulator")
				 : g_strdup_printf("I/O thread %u", i - vcpus - first + 1);
}

/* The helper's pin at *NEXT where it has cores of its OWN, else OTHERS. Yours. */
static hwloc_bitmap_t helper_pin(const PlanVm *vm, HelperCpus cpus, unsigned *next,
				 hwloc_const_bitmap_t others)
{
	hwloc_bitmap_t pin;

	if (cpus != HELPER_OWN || *next >= vm->pins->len)
		return hwloc_bitmap_dup(others);
	pin = hwloc_bitmap_alloc();
	hwloc_bitmap_only(pin, g_array_index(vm->pins, unsigned, *next));
	++*next;
	return pin;
}

void plan_vm_put_helpers(PlanVm *vm, hwloc_const_bitmap_t others)
{
	unsigned next = plan_vm_pinned(vm);

	vm->emulatorpin = helper_pin(vm, vm->spec->emulator, &next, others);
	for (unsigned i = 0; i < vm->spec->iothreads; i++)
		g_ptr_array_add(vm->iothreadpins,
				helper_pin(vm, vm->spec->iothread_cpus, &next, others));
}

hwloc_bitmap_t plan_vm_helper_cpus(const PlanVm *vm)
{
	hwloc_bitmap_t cpus =
		vm->emulatorpin ? hwloc_bitmap_dup(vm->emulatorpin) : hwloc_bitmap_alloc();

	for (unsigned i = 0; i < vm->iothreadpins->len; i++)
		hwloc_bitmap_or(cpus, cpus, g_ptr_array_index(vm->iothreadpins, i));
	return cpus;
}

char *plan_vm_helper_places(const PlanVm *vm)
{
	GString *text = g_string_new(NULL);
	g_autofree char *emulator = cpulist_format(vm->emulatorpin);
	bool same = true;

	for (unsigned i = 0; i < vm->iothreadpins->len; i++) {
		hwloc_const_bitmap_t pin = g_ptr_array_index(vm->iothreadpins, i);
		g_autofree char *list = cpulist_format(pin);

		same = same && hwloc_bitmap_isequal(pin, vm->emulatorpin);
		g_string_append_printf(text, "%s%s", i ? "; " : "", list);
	}
	if (!same)
		g_string_prepend(text, ", I/O threads ");
	else
		g_string_truncate(text, 0);
	return g_string_free(g_string_prepend(text, emulator), FALSE);
}

unsigned plan_cpu_vm(const Plan *plan, unsigned cpu)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len; v++)
			if (g_array_index(vm->pins, unsigned, v) == cpu)
				return i;
	}
	return HOST_NONE;
}

char *plan_vm_places(const PlanVm *vm)
{
	GString *text;

	if (vm->spec->policy == POLICY_SHARED)
		return vm->cpuset ? cpulist_format(vm->cpuset) : g_strdup("");
	text = g_string_new(NULL);
	for (unsigned v = 0; v < plan_vm_pinned(vm); v++)
		g_string_append_printf(text, "%s%u", v ? "," : "",
				       g_array_index(vm->pins, unsigned, v));
	if (vm->cpuset) {
		g_autofree char *place = cpulist_format(vm->cpuset), *list = NULL;
		hwloc_bitmap_t floating = hwloc_bitmap_alloc();

		for (unsigned v = 0; v < vm->spec->vcpus; v++)
			if (vm_spec_floats(vm->spec, v))
				hwloc_bitmap_set(floating, v);
		list = cpulist_format(floating);
		g_string_append_printf(text, "; vCPU%s %s over %s",
				       hwloc_bitmap_weight(floating) == 1 ? "" : "s", list, place);
		hwloc_bitmap_free(floating);
	}
	return g_string_free(text, FALSE);
}

char *plan_vm_all_places(const PlanVm *vm)
{
	g_autofree char *vcpus = plan_vm_places(vm), *helpers = NULL;

	if (!vm->placed)
		return g_strdup("not placed");
	if (!vm_spec_helpers(vm->spec))
		return g_steal_pointer(&vcpus);
	helpers = plan_vm_helper_places(vm);
	return g_strdup_printf("%s; emulator %s", vcpus, helpers);
}

uint64_t plan_node_room(const Plan *plan, unsigned node)
{
	uint64_t memory = host_node_memory(plan->host, node);
	bool only = hwloc_bitmap_iszero(host_node(plan->host, node)->cpus);
	uint64_t kept = only ? 0 : plan->node->host_memory;

	if (memory == UINT64_MAX)
		return UINT64_MAX;
	return memory > kept ? memory - kept : 0;
}

uint64_t *plan_memory_used(const Plan *plan)
{
	uint64_t *used = g_new0(uint64_t, plan->host->nodes->len + 1);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned s = 0; s < vm->shares->len; s++) {
			const VmShare *share = &g_array_index(vm->shares, VmShare, s);

			used[share->from] += share->memory;
		}
	}
	return used;
}

uint64_t plan_vm_memory(const PlanVm *vm)
{
	uint64_t memory = 0;

	for (unsigned i = 0; i < vm->shares->len; i++)
		memory += g_array_index(vm->shares, VmShare, i).memory;
	return vm->shares->len ? memory : place_whole_memory(vm->spec);
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
