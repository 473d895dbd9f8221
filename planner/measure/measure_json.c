/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure.h"

#include "planner/base/json.h"
#include "planner/check/check_node.h"
#include "planner/measure/measure_noise.h"
#include "planner/measure/measure_paths.h"
#include "planner/measure/parts.h"

static json_t *interruption_to_json(const Interruption *one)
{
	json_t *object = json_object();

	json_object_set_new(object, "vm", json_string_or_null(one->vm));
	json_object_set_new(object, "cpus", json_cpus(one->cpus));
	json_object_set_new(object, "kind", json_string(interruption_kinds[one->kind]));
	json_object_set_new(object, "name", json_string(one->name));
	json_object_set_new(object, "what", json_string(one->what));
	json_object_set_new(object, "count", json_integer((json_int_t)one->count));
	json_object_set_new(object, "nanoseconds", json_integer((json_int_t)one->nanoseconds));
	json_object_set_new(object, "parts", parts_to_json(one->parts));
	json_object_set_new(object, "cause", json_string(one->cause));
	json_object_set_new(object, "fix", json_string(one->fix));
	return object;
}

static json_t *vcpu_to_json(const MeasureVcpu *vcpu)
{
	json_t *object = json_object();

	json_object_set_new(object, "vcpu", json_integer(vcpu->vcpu));
	json_object_set_new(object, "cpus", json_cpus(vcpu->cpus));
	json_object_set_new(object, "known", json_boolean(vcpu->known));
	json_object_set_new(object, "run_ns", json_integer((json_int_t)vcpu->run));
	json_object_set_new(object, "wait_ns", json_integer((json_int_t)vcpu->wait));
	json_object_set_new(object, "voluntary", json_integer((json_int_t)vcpu->left));
	json_object_set_new(object, "nonvoluntary", json_integer((json_int_t)vcpu->displaced));
	return object;
}

static json_t *paths_to_json(const Measure *measure, const MeasureVm *vm)
{
	g_autoptr(GArray) paths = measure_paths(measure, vm);
	json_t *list = json_array();

	for (unsigned i = 0; i < paths->len; i++) {
		const MeasurePath *path = &g_array_index(paths, MeasurePath, i);
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(path->name));
		json_object_set_new(object, "verdict", json_string(path_verdicts[path->verdict]));
		json_object_set_new(object, "said", json_string(path->said));
		json_object_set_new(object, "seen", json_string(path->seen));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *measure_vm_to_json(const Measure *measure, const MeasureVm *vm)
{
	json_t *object = json_object(), *vcpus = json_array(), *counters = json_array();

	for (unsigned i = 0; i < vm->vcpus->len; i++)
		json_array_append_new(vcpus,
				      vcpu_to_json(&g_array_index(vm->vcpus, MeasureVcpu, i)));
	for (unsigned i = 0; kvm_counters[i]; i++)
		if (g_hash_table_contains(vm->kvm, kvm_counters[i])) {
			json_t *counter = json_object();

			json_object_set_new(counter, "name", json_string(kvm_counters[i]));
			json_object_set_new(
				counter, "count",
				json_integer((json_int_t)measure_kvm(vm, kvm_counters[i])));
			json_array_append_new(counters, counter);
		}
	json_object_set_new(object, "name", json_string(vm->name));
	json_object_set_new(object, "vcpus", vcpus);
	json_object_set_new(object, "counters", counters);
	json_object_set_new(object, "paths", paths_to_json(measure, vm));
	return object;
}

static json_t *own_to_json(const Measure *measure)
{
	json_t *object;

	if (!measure->own)
		return json_null();
	object = json_object();
	json_object_set_new(object, "cpus", json_cpus(measure->own->cpus));
	json_object_set_new(object, "runs",
			    measure->own_known ? json_integer((json_int_t)measure->own_runs)
					       : json_null());
	json_object_set_new(object, "setup", json_integer((json_int_t)measure->own_setup));
	return object;
}

json_t *measure_to_json(const Measure *measure)
{
	json_t *document = json_object(), *list = json_array(), *vms = json_array();
	json_t *unmeasured = json_array();

	for (unsigned i = 0; i < measure->interruptions->len; i++)
		json_array_append_new(
			list, interruption_to_json(g_ptr_array_index(measure->interruptions, i)));
	for (unsigned i = 0; i < measure->vms->len; i++)
		json_array_append_new(
			vms, measure_vm_to_json(measure, g_ptr_array_index(measure->vms, i)));
	for (unsigned i = 0; i < measure->unmeasured->len; i++) {
		const Unread *note = g_ptr_array_index(measure->unmeasured, i);
		json_t *object = json_object();

		json_object_set_new(object, "source", json_string(note->source));
		json_object_set_new(object, "why", json_string(note->why));
		json_array_append_new(unmeasured, object);
	}
	json_object_set_new(document, "format", json_string(JSON_FORMAT_MEASURE));
	json_object_set_new(document, "node", check_node_to_json(measure->audit));
	json_object_set_new(document, "milliseconds",
			    json_integer((json_int_t)(measure->seconds * 1000 + 0.5)));
	json_object_set_new(document, "cpus", json_cpus(measure->cpus));
	json_object_set_new(document, "quiet", json_cpus(measure->quiet));
	json_object_set_new(document, "interruptions", list);
	json_object_set_new(document, "vms", vms);
	json_object_set_new(document, "noise", measure_noise_to_json(measure));
	json_object_set_new(document, "planner", own_to_json(measure));
	json_object_set_new(document, "unmeasured", unmeasured);
	return document;
}
