/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_read_parts.h"
#include "planner/inventory/settings.h"
#include "planner/place/guest.h"
#include "planner/place/memory_node.h"
#include "planner/place/placer.h"

/* VMs */

/* The CPUs it was to have: those it has, where the document does not say others. */
static bool read_kept(Reader *r, PlanVm *vm, const json_t *object)
{
	bool kept = json_is_true(json_object_get(object, "kept"));

	if (!json_object_get(object, "cpus")) {
		if (kept)
			vm->spec->cpus = g_array_copy(vm->pins);
		return true;
	}
	vm->spec->cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	return reader_numbers(r, object, "cpus", vm->spec->cpus) &&
	       ((kept && vm->spec->cpus->len) ||
		reader_fail(r, "vm %s: its 'cpus' do not go with 'kept'", vm->spec->name));
}

/* One CPU for each vCPU, null for those that float. */
static bool read_mixed(Reader *r, PlanVm *vm, const json_t *object)
{
	json_t *pinned = json_pack("{s[]}", "vcpupin"), *list = json_object_get(pinned, "vcpupin");
	const json_t *array;
	bool good = reader_array(r, object, "vcpupin", &array);

	for (size_t v = 0; good && v < json_array_size(array); v++) {
		json_t *cpu = json_array_get(array, v);

		good = json_is_null(cpu) == vm_spec_floats(vm->spec, (unsigned)v) ||
		       reader_fail(r, "vm %s: 'vcpupin' does not float where it should",
				   vm->spec->name);
		if (!json_is_null(cpu))
			json_array_append(list, cpu);
	}
	good = good && reader_numbers(r, pinned, "vcpupin", vm->pins);
	json_decref(pinned);
	return good;
}

static bool read_pins(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	if (vm_spec_floating(vm->spec) ? !read_mixed(r, vm, object)
				       : !reader_numbers(r, object, "vcpupin", vm->pins))
		return false;
	for (unsigned v = 0; v < vm->pins->len; v++)
		if (host_core_of(plan->host, g_array_index(vm->pins, unsigned, v)) == HOST_NONE)
			return reader_fail(r, "vm %s: 'vcpupin' names a CPU that is not online",
					   vm->spec->name);
	return vm->pins->len == (vm->placed ? vm_spec_pinned(vm->spec) : 0) ||
	       reader_fail(r, "vm %s: 'vcpupin' does not have one CPU for each vCPU",
			   vm->spec->name);
}

/* The shares follow from the pins; how the memory is shared out is the document's to say. */
static bool read_shares(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	const json_t *array = json_object_get(object, "shares");

	if (vm->spec->memory_node >= 0 && vm->placed &&
	    memory_node_of(plan->host, vm->spec) == HOST_NONE)
		return reader_fail(r, "vm %s: 'memory_node' is no node of memory alone",
				   vm->spec->name);
	place_fill_shares(plan->host, vm);
	if (vm->shares->len > 1 && json_array_size(array) != vm->shares->len)
		return reader_fail(r, "vm %s: 'shares' do not match its pins", vm->spec->name);
	for (unsigned i = 0; i < vm->shares->len && vm->shares->len > 1; i++)
		if (!reader_number(r, json_array_get(array, i), "memory", G_MAXINT64,
				   &g_array_index(vm->shares, VmShare, i).memory))
			return false;
	return true;
}

static bool read_guest_topology(Reader *r, PlanVm *vm, const json_t *object)
{
	const json_t *topology = json_object_get(object, "topology");

	if (!reader_unsigned(r, topology, "sockets", CPULIST_LIMIT, &vm->sockets) ||
	    !reader_unsigned(r, topology, "cores", CPULIST_LIMIT, &vm->cores) ||
	    !reader_unsigned(r, topology, "threads", HOST_MAX_THREADS, &vm->threads))
		return false;
	return (uint64_t)vm->sockets * vm->cores * vm->threads == guest_maximum(vm->spec) ||
	       reader_fail(r, "vm %s: 'topology' does not have %u vCPUs", vm->spec->name,
			   guest_maximum(vm->spec));
}

/* What has a CPU of its own is one of the VM's pins. */
static bool read_own(Reader *r, PlanVm *vm, HelperCpus cpus, hwloc_const_bitmap_t pin)
{
	unsigned cpu = (unsigned)hwloc_bitmap_first(pin);

	if (cpus != HELPER_OWN)
		return true;
	if (hwloc_bitmap_weight(pin) != 1)
		return reader_fail(r, "vm %s: a helper that has a CPU of its own is on several",
				   vm->spec->name);
	g_array_append_val(vm->pins, cpu);
	return true;
}

static bool read_iothread(Reader *r, const Plan *plan, PlanVm *vm, const json_t *text)
{
	json_t *object = json_pack("{sO}", "iothreadpin", text);
	hwloc_bitmap_t pin = reader_pins(r, plan->host, object, "iothreadpin");

	json_decref(object);
	if (!pin)
		return false;
	g_ptr_array_add(vm->iothreadpins, pin);
	return read_own(r, vm, vm->spec->iothread_cpus, pin);
}

/* Where its emulator and I/O threads run. */
static bool read_helpers(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	const json_t *array;

	vm->emulatorpin = reader_pins(r, plan->host, object, "emulatorpin");
	if (!vm->emulatorpin || !read_own(r, vm, vm->spec->emulator, vm->emulatorpin) ||
	    !reader_array(r, object, "iothreadpin", &array))
		return false;
	if (json_array_size(array) != vm->spec->iothreads)
		return reader_fail(r, "vm %s: 'iothreadpin' does not have an entry for each",
				   vm->spec->name);
	for (unsigned i = 0; i < vm->spec->iothreads; i++)
		if (!read_iothread(r, plan, vm, json_array_get(array, i)))
			return false;
	return true;
}

/* Where it runs, of a VM that is placed. */
static bool read_threads(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	if (!read_helpers(r, plan, vm, object) || !read_guest_topology(r, vm, object))
		return false;
	if (vm->spec->policy == POLICY_DEDICATED && !read_shares(r, plan, vm, object))
		return false;
	if (vm->spec->policy == POLICY_DEDICATED && !vm_spec_floating(vm->spec))
		return true;
	vm->cpuset = reader_pins(r, plan->host, object, "cpuset");
	return vm->cpuset;
}

static bool plan_read_vms_read_places(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	if (!reader_bool(r, object, "placed", &vm->placed) ||
	    (vm->spec->policy == POLICY_DEDICATED && !read_pins(r, plan, vm, object)) ||
	    (vm->placed && !read_threads(r, plan, vm, object)))
		return false;
	return read_kept(r, vm, object);
}

static bool get_reason(Reader *r, const json_t *object, const char **code, const char **text)
{
	return reader_string(r, object, "code", code) && reader_string(r, object, "text", text);
}

static bool read_reason(Reader *r, void *into, const json_t *object)
{
	const char *code, *text;

	if (!get_reason(r, object, &code, &text))
		return false;
	cpupm_add_reason(into, code, text);
	return true;
}

static bool read_note(Reader *r, void *into, const json_t *object)
{
	const char *code, *text;

	if (!get_reason(r, object, &code, &text))
		return false;
	cpupm_add_note(into, code, text);
	return true;
}

static bool read_cpupm(Reader *r, PlanVm *vm, const json_t *object)
{
	const json_t *cpu_pm = json_object_get(object, "cpu_pm");
	unsigned verdict;

	if (!reader_word(r, cpu_pm, "verdict", cpupm_names, &verdict))
		return false;
	vm->cpupm = cpupm_new(verdict);
	vm->spec->cpu_pm = verdict != CPUPM_OFF;
	return reader_each(r, vm->cpupm, cpu_pm, "reasons", read_reason) &&
	       reader_each_if_any(r, vm->cpupm, cpu_pm, "notes", read_note) &&
	       ((verdict == CPUPM_ON) == !vm->cpupm->reasons->len ||
		reader_fail(r, "vm %s: the 'reasons' do not match its verdict", vm->spec->name));
}

/* What its settings say against each other, which no inventory may. */
static bool read_fault(Reader *r, const PlanVm *vm)
{
	g_autofree char *fault = vm_spec_fault(vm->spec);

	return !fault || reader_fail(r, "vm %s: %s", vm->spec->name, fault);
}

bool plan_read_vm(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	const char *name;
	PlanVm *vm;

	if (!reader_string(r, object, "name", &name))
		return false;
	if (vm_name_fault(name))
		return reader_fail(r, "the name of a VM %s", vm_name_fault(name));
	if (plan_vm(plan, name))
		return reader_fail(r, "two VMs are called '%s'", name);
	vm = plan_vm_new(vm_spec_new(name));
	g_ptr_array_add(plan->vms, vm);
	return plan_read_settings(r, vm_settings, vm->spec, object) && read_fault(r, vm) &&
	       plan_read_vms_read_places(r, plan, vm, object) && read_cpupm(r, vm, object);
}
