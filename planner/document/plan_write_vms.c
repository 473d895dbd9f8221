/* SPDX-License-Identifier: MIT */
/* What the document says of a VM: where it is, what the inventory asks for, its cpu-pm verdict. */
#include "planner/base/json.h"
#include "planner/document/plan_write.h"
#include "planner/document/plan_write_parts.h"
#include "planner/inventory/settings.h"
#include "topology/base/cpulist.h"

static json_t *reasons_to_json(const GPtrArray *reasons)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(reasons, i);
		json_t *object = json_object();

		json_object_set_new(object, "code", json_string(reason->code));
		json_object_set_new(object, "text", json_string(reason->text));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *cpupm_to_json(const Cpupm *cpupm)
{
	json_t *object = json_object();

	json_object_set_new(object, "verdict", json_string(cpupm_names[cpupm->verdict]));
	json_object_set_new(object, "reasons", reasons_to_json(cpupm->reasons));
	if (cpupm->notes->len)
		json_object_set_new(object, "notes", reasons_to_json(cpupm->notes));
	return object;
}

static json_t *iothreadpin_to_json(const PlanVm *vm)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vm->spec->iothreads; i++)
		json_array_append_new(array,
				      json_cpus(i < vm->iothreadpins->len
							? g_ptr_array_index(vm->iothreadpins, i)
							: NULL));
	return array;
}

json_t *plan_vcpupin_to_json(const PlanVm *vm, const GArray *pins)
{
	json_t *array = json_array();

	for (unsigned v = 0; v < vm->spec->vcpus && pins->len; v++)
		json_array_append_new(
			array, vm_spec_floats(vm->spec, v)
				       ? json_null()
				       : json_integer(g_array_index(
						 pins, unsigned, vm_spec_vcpu_pin(vm->spec, v))));
	return array;
}

static json_t *shares_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		json_t *object = json_object();

		json_object_set_new(object, "node",
				    json_integer(host_node(plan->host, share->node)->id));
		json_object_set_new(object, "vcpus", json_integer(share->vcpus));
		json_object_set_new(object, "memory", json_integer((json_int_t)share->memory));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *vm_nodes_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vm->shares->len; i++) {
		unsigned node = g_array_index(vm->shares, VmShare, i).node;

		json_array_append_new(array, json_integer(host_node(plan->host, node)->id));
	}
	return array;
}

static json_t *topology_to_json(const PlanVm *vm)
{
	json_t *object = json_object();

	json_object_set_new(object, "sockets", json_integer(vm->sockets));
	json_object_set_new(object, "cores", json_integer(vm->cores));
	json_object_set_new(object, "threads", json_integer(vm->threads));
	return object;
}

/* Where it runs: pins for a dedicated VM, the pool for a shared one. */
static void vm_places(json_t *object, const Plan *plan, const PlanVm *vm)
{
	if (vm->spec->policy == POLICY_SHARED || vm->cpuset)
		json_object_set_new(object, "cpuset", json_cpus(vm->cpuset));
	if (vm->spec->policy == POLICY_DEDICATED)
		json_object_set_new(object, "vcpupin", plan_vcpupin_to_json(vm, vm->pins));
	json_object_set_new(object, "emulatorpin", json_cpus(vm->emulatorpin));
	json_object_set_new(object, "iothreadpin", iothreadpin_to_json(vm));
	if (vm->spec->policy == POLICY_DEDICATED)
		json_object_set_new(object, "nodes", vm_nodes_to_json(plan, vm));
}

/* What the inventory says of it, so that the document alone can be worded for other tools. */
static void vm_wishes(json_t *object, const PlanVm *vm)
{
	const VmSpec *spec = vm->spec;

	settings_to_json(vm_settings, spec, true, object);
	json_object_set_new(object, "kept", json_boolean(spec->cpus != NULL));
	settings_to_json(vm_settings, spec, false, object);
	if (spec->cpus && !cpulist_ordered_equal(spec->cpus, vm->pins))
		json_object_set_new(object, "cpus", json_unsigneds(spec->cpus));
}

json_t *plan_vm_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(vm->spec->name));
	json_object_set_new(object, "policy", json_string(policy_names[vm->spec->policy]));
	json_object_set_new(object, "placed", json_boolean(vm->placed));
	json_object_set_new(object, "vcpus", json_integer(vm->spec->vcpus));
	vm_places(object, plan, vm);
	json_object_set_new(object, "memory", json_integer((json_int_t)vm->spec->memory));
	if (vm->shares->len > 1)
		json_object_set_new(object, "shares", shares_to_json(plan, vm));
	if (vm->placed)
		json_object_set_new(object, "topology", topology_to_json(vm));
	vm_wishes(object, vm);
	json_object_set_new(object, "cpu_pm", cpupm_to_json(vm->cpupm));
	return object;
}
