/* SPDX-License-Identifier: MIT */
/* Rules over a measurement: what was seen, against the inventory's bounds. */
#include "planner/check/measured.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"
#include "planner/inventory/settings.h"

/* Where the bounds are: in the plan, else the default ones. */
static const NodeSpec *measured_bounds(const Audit *audit)
{
	return audit->plan ? audit->plan->node : node_settings->standard;
}

static double measured_bound(const Audit *audit)
{
	return measured_bounds(audit)->interruptions;
}

/* The CPUs of VM (NULL = of none) that are interrupted too often. */
typedef struct MeasuredBusy {
	hwloc_bitmap_t cpus;
	MeasuredCpu worst;
} MeasuredBusy;

/* The CPUs that were interrupted too often, whosever they are. Yours. */
static hwloc_bitmap_t measured_over(const Audit *audit)
{
	hwloc_bitmap_t over = set_new();
	double bound = measured_bound(audit);
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, audit->measured->cpus)
		if (measured_cpu(audit->measured, cpu).rate > bound)
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
		MeasuredCpu on = measured_cpu(measured, cpu);

		if (vm && g_strcmp0(on.vm, vm) != 0)
			continue;
		hwloc_bitmap_set(busy.cpus, cpu);
		if (on.rate > busy.worst.rate)
			busy.worst = on;
	hwloc_bitmap_foreach_end();
	return busy;
}

/* What is found is taken out of OVER. */
static void measured_judge(const Rule *rule, const Audit *audit, hwloc_bitmap_t over,
			   const char *vm, GPtrArray *findings)
{
	MeasuredBusy busy = measured_busy(audit->measured, over, vm);
	const MeasuredOne *most = busy.worst.most;
	g_autofree char *subject = vm ? g_strdup_printf("vm %s", vm) : g_strdup("node");
	g_autofree char *cpus = cpulist_format(busy.cpus);

	if (most)
		rule_found(rule, findings, subject, "planner measure", busy.cpus,
			   "CPUs %s were interrupted up to %.1f times a second, more than %.0f: "
			   "mostly %s%s%s",
			   cpus, busy.worst.rate, measured_bound(audit), most->what,
			   *most->cause ? ": " : "", most->cause);
	hwloc_bitmap_andnot(over, over, busy.cpus);
	hwloc_bitmap_free(busy.cpus);
}

static void eval_interrupted(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) over = measured_over(audit);

	for (unsigned i = 0; i < audit->vms->len; i++)
		measured_judge(rule, audit, over,
			       ((const AuditVm *)g_ptr_array_index(audit->vms, i))->name, findings);
	/* The rest is the node's, that of a VM too which is gone or renamed since. */
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
		"several CPUs share counts in equal parts. The CPUs of a VM that is gone or "
		"renamed since count as the node's.",
	.why = "A host can be set up as planned and still not be quiet: what matters to its VMs is "
	       "how often something interrupts them.",
	.remedy = "'planner measure' says for each interruption what would stop it",
	.source = "/proc/interrupts and /proc/schedstat at two moments, as planner measure "
		  "compares them",
	.when = WHEN_MEASURED,
	.eval = eval_interrupted,
};

/* Noise */

#define MICROSECOND 1000.0

static void eval_gap(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const GArray *noise = audit->measured->noise;
	double bound = measured_bounds(audit)->longest_gap * MICROSECOND;
	g_auto(CpuSet) over = set_new(), unseen = set_new();
	const MeasuredNoise *worst = NULL;
	g_autofree char *cpus = NULL, *dark = NULL;

	for (unsigned i = 0; i < noise->len; i++) {
		const MeasuredNoise *one = &g_array_index(noise, MeasuredNoise, i);

		if (!one->looked)
			hwloc_bitmap_set(unseen, one->cpu);
		if ((double)one->longest <= bound)
			continue;
		hwloc_bitmap_set(over, one->cpu);
		if (!worst || one->longest > worst->longest)
			worst = one;
	}
	cpus = cpulist_format(over);
	dark = cpulist_format(unseen);
	if (worst)
		rule_found(rule, findings, "node", "planner measure", over,
			   "something took CPUs %s away for up to %.1f µs at once, more than "
			   "%.0f: mostly %s",
			   cpus, (double)worst->longest / MICROSECOND, bound / MICROSECOND,
			   worst->cause ? worst->cause : "an unknown cause");
	if (*dark)
		rule_unknown(rule, findings, "node", "planner measure",
			     "noise of CPUs %s was not seen: the thread that looks got no time "
			     "there",
			     dark);
}

const Rule rule_measured_gap = {
	.id = "measured.gap",
	.severity = SEVERITY_WARNING,
	.title = "A free isolated CPU is taken away for longer than allowed",
	.sees = "The measurement of --measured, if it was made with --noise: the longest gap of "
		"each CPU against longest-gap= of [audit].",
	.why = "A VM on that CPU would stand still for so long: its timers come late, and so do "
	       "its packets.",
	.remedy = "'planner measure --noise' lists what came to each CPU, and for each what would "
		  "stop it; what the kernel does not count is firmware (SMIs), a hypervisor below, "
		  "or the hardware",
	.source =
		"a thread that reads the clock again and again, or the kernel's osnoise tracer, as "
		"planner measure --noise has them",
	.when = WHEN_MEASURED,
	.eval = eval_gap,
};
