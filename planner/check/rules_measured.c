/* SPDX-License-Identifier: MIT */
/* Rules over a measurement: what was seen, against the inventory's bounds. */
#include "planner/check/measured.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"
#include "planner/inventory/settings.h"

/* The bounds of the plan, else the default ones. */
static double measured_bound(const Audit *audit)
{
	const NodeSpec *standard = node_settings->standard;

	return audit->plan ? audit->plan->node->interruptions : standard->interruptions;
}

/* The CPUs of VM (NULL = of no VM) that are interrupted too often. */
typedef struct MeasuredBusy {
	hwloc_bitmap_t cpus;
	unsigned worst;
	double rate; /* of the worst */
} MeasuredBusy;

/* Whose CPU it is: that of a VM's interruptions. */
static bool measured_cpu_of(const Measured *measured, unsigned cpu, const char *vm)
{
	const char *owner = NULL;

	for (unsigned i = 0; i < measured->ones->len; i++) {
		const MeasuredOne *one = &g_array_index(measured->ones, MeasuredOne, i);

		if (measured_one_rate(measured, one, cpu) > 0 && one->vm)
			owner = one->vm;
	}
	return g_strcmp0(owner, vm) == 0;
}

/* The CPUs that were interrupted too often, whosever they are. Yours. */
static hwloc_bitmap_t measured_over(const Audit *audit)
{
	hwloc_bitmap_t over = set_new();
	double bound = measured_bound(audit);
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, audit->measured->cpus)
		if (measured_rate(audit->measured, cpu) > bound)
			hwloc_bitmap_set(over, cpu);
	hwloc_bitmap_foreach_end();
	return over;
}

static MeasuredBusy measured_busy(const Measured *measured, hwloc_const_bitmap_t over,
				  const char *vm)
{
	MeasuredBusy busy = {.cpus = set_new()};
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, over)
		double rate = measured_rate(measured, cpu);

		if (measured_cpu_of(measured, cpu, vm)) {
			hwloc_bitmap_set(busy.cpus, cpu);
			if (rate > busy.rate) {
				busy.worst = cpu;
				busy.rate = rate;
			}
		}
	hwloc_bitmap_foreach_end();
	return busy;
}

/* What came most often to CPU. */
static const MeasuredOne *measured_most(const Measured *measured, unsigned cpu)
{
	const MeasuredOne *most = NULL;
	double rate = 0;

	for (unsigned i = 0; i < measured->ones->len; i++) {
		const MeasuredOne *one = &g_array_index(measured->ones, MeasuredOne, i);

		if (measured_one_rate(measured, one, cpu) > rate) {
			rate = measured_one_rate(measured, one, cpu);
			most = one;
		}
	}
	return most;
}

static void measured_judge(const Rule *rule, const Audit *audit, hwloc_const_bitmap_t over,
			   const char *vm, GPtrArray *findings)
{
	MeasuredBusy busy = measured_busy(audit->measured, over, vm);
	const MeasuredOne *most =
		hwloc_bitmap_iszero(busy.cpus) ? NULL : measured_most(audit->measured, busy.worst);
	g_autofree char *subject = vm ? g_strdup_printf("vm %s", vm) : g_strdup("node");
	g_autofree char *cpus = cpulist_format(busy.cpus);

	if (most)
		rule_found(rule, findings, subject, "planner measure", busy.cpus,
			   "CPUs %s were interrupted up to %.1f times a second, more than %.0f: "
			   "mostly %s%s%s",
			   cpus, busy.rate, measured_bound(audit), most->what,
			   *most->cause ? ": " : "", most->cause);
	hwloc_bitmap_free(busy.cpus);
}

static void eval_interrupted(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) over = measured_over(audit);

	for (unsigned i = 0; i < audit->vms->len; i++)
		measured_judge(rule, audit, over,
			       ((const AuditVm *)g_ptr_array_index(audit->vms, i))->name, findings);
	measured_judge(rule, audit, over, NULL, findings);
	if (audit->measured->lacks)
		rule_unknown(rule, findings, "node", "planner measure",
			     "%s was not measured: CPUs may be interrupted more often than it says",
			     audit->measured->lacks);
}

const Rule rule_measured_interrupted = {
	.id = "measured.interrupted",
	.severity = SEVERITY_WARNING,
	.title = "CPUs of VMs, or isolated ones, are interrupted more often than allowed",
	.sees = "The measurement of --measured: interrupts, and other tasks that were put on a "
		"CPU, on each CPU that was measured, against interruptions= of [audit]. What "
		"several CPUs share counts in equal parts.",
	.why = "A host can be set up as planned and still not be quiet: what counts for its VMs "
	       "is how often something interrupts them.",
	.remedy = "'planner measure' says for each interruption what would stop it",
	.source = "/proc/interrupts and /proc/schedstat at two moments, as planner measure "
		  "compares them",
	.when = WHEN_MEASURED,
	.eval = eval_interrupted,
};
