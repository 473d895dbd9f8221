/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure_paths.h"

#include "planner/check/rules_found.h"
#include "planner/cpupm/paths.h"
#include "planner/measure/parts.h"

#include <string.h>

const char *const path_verdicts[] = {"unseen", "confirmed", "otherwise", NULL};

static void measure_path_clear(void *data)
{
	MeasurePath *path = data;

	g_free(path->said);
	g_free(path->seen);
}

/* How often NAME of KIND came to VM. */
static uint64_t path_count(const Measure *measure, const MeasureVm *vm, InterruptionKind kind,
			   const char *name)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < measure->interruptions->len; i++) {
		const Interruption *one = g_ptr_array_index(measure->interruptions, i);

		if (one->kind == kind && g_strcmp0(one->vm, vm->name) == 0 &&
		    g_str_equal(one->name, name))
			count += one->count;
	}
	return count;
}

/* How often a timer of the guest fired on a CPU of VM; KVM may be a module or built in. */
static uint64_t path_fired(const Measure *measure, const MeasureVm *vm)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < measure->interruptions->len; i++) {
		const Interruption *one = g_ptr_array_index(measure->interruptions, i);

		if (g_strcmp0(one->vm, vm->name) == 0 && g_str_equal(one->name, "LOC"))
			count += parts_count(one->parts, "apic_timer_fn [kvm]") +
				 parts_count(one->parts, "apic_timer_fn");
	}
	return count;
}

static uint64_t path_exits(const Measure *measure, const MeasureVm *vm, const char *name)
{
	return path_count(measure, vm, INTERRUPTION_EXIT, name);
}

/* Housekeeping CPUs serve most of the timers of a VM with cpu-pm; Intel's preemption timer those of
 * one without, and is not there under cpu-pm. A vCPU that halts has a software timer instead of
 * that one. */
static PathVerdict timers_verdict(const Measure *measure, bool on, uint64_t set, uint64_t fired,
				  uint64_t preempted, uint64_t halts)
{
	bool intel = kvm_value(measure->audit->facts, "kvm_intel.ept");

	if (!set && !fired && !preempted)
		return PATH_UNSEEN;
	if (on)
		return preempted || fired > set / 2 ? PATH_OTHERWISE
		       : measure->timers_traced	    ? PATH_CONFIRMED
						    : PATH_UNSEEN;
	if (intel && !preempted)
		return halts ? PATH_UNSEEN : PATH_OTHERWISE;
	return PATH_CONFIRMED;
}

static MeasurePath path_timers(const Measure *measure, const MeasureVm *vm, bool on)
{
	MeasurePath path = {.name = "timers"};
	uint64_t set = path_exits(measure, vm, "MSR 6e0 written");
	uint64_t preempted = path_exits(measure, vm, "PREEMPTION_TIMER");
	uint64_t halts = path_exits(measure, vm, "halt_exits");
	uint64_t fired = path_fired(measure, vm);
	g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)fired);

	path.verdict = timers_verdict(measure, on, set, fired, preempted, halts);
	path.seen =
		g_strdup_printf("%" G_GUINT64_FORMAT " set, %s fired on the VM's own CPUs, "
				"%" G_GUINT64_FORMAT " by the preemption timer",
				(guint64)set, measure->timers_traced ? count : "an unknown number",
				(guint64)preempted);
	return path;
}

static MeasurePath path_ipis(const Measure *measure, const MeasureVm *vm)
{
	MeasurePath path = {.name = "IPIs"};
	uint64_t sent = path_exits(measure, vm, "MSR 830 written");

	path.verdict = sent ? PATH_CONFIRMED : PATH_UNSEEN;
	path.seen = g_strdup_printf("%" G_GUINT64_FORMAT " exits to send one", (guint64)sent);
	return path;
}

static MeasurePath path_halts(const Measure *measure, const MeasureVm *vm, bool on)
{
	MeasurePath path = {.name = "halts"};
	uint64_t halts = path_exits(measure, vm, "halt_exits");

	path.verdict = on == !halts ? PATH_CONFIRMED : on ? PATH_OTHERWISE : PATH_UNSEEN;
	path.seen = g_strdup_printf("%" G_GUINT64_FORMAT " HLT exits", (guint64)halts);
	return path;
}

GArray *measure_paths(const Measure *measure, const MeasureVm *vm)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(MeasurePath));
	bool on = vm->vm->pm_now == TRISTATE_YES;
	MeasurePath paths[3];
	VmPaths said;

	g_array_set_clear_func(list, measure_path_clear);
	if (!vm->traced || vm->vm->pm_now == TRISTATE_UNKNOWN)
		return list;
	paths[0] = path_timers(measure, vm, on);
	paths[1] = path_ipis(measure, vm);
	paths[2] = path_halts(measure, vm, on);
	said = vm_paths(measure->audit->facts->kernel->release, on);
	paths[0].said = said.timers;
	paths[1].said = said.ipis;
	paths[2].said = said.halts;
	return g_array_append_vals(list, paths, G_N_ELEMENTS(paths));
}
