/* SPDX-License-Identifier: MIT */
#include "cmd/measure.h"
#include "cmd/output.h"
#include "planner/measure/measure_paths.h"
#include "planner/measure/parts.h"

#include <stdio.h>
#include <string.h>

#define RATE_WIDTH 12 /* "123456.7/s" and two blanks */
#define PARTS_MOST 6  /* names of what an interruption consists of */
#define TEXT_LEAST 30 /* on a narrower terminal lines are longer than it */

/* TEXT, indented to stand below the first line of an interruption. */
static void paragraph_print(const char *text)
{
	unsigned width = output_width();
	g_autofree char *safe = output_safe(text);
	g_autofree char *folded = output_fold(
		safe, width > RATE_WIDTH + TEXT_LEAST ? width - RATE_WIDTH : 0, RATE_WIDTH);

	puts(folded);
}

static void labelled_print(const char *label, const char *text)
{
	g_autofree char *line = g_strdup_printf("%s: %s", label, text);

	if (!*text)
		return;
	printf("%*s", RATE_WIDTH, "");
	paragraph_print(line);
}

/* What is rarer than once in ten seconds is told by its count. */
static char *rate_text(const Measure *measure, const Interruption *one)
{
	double rate = measure_rate(measure, one);

	return rate < 0.1 ? g_strdup_printf("%" G_GUINT64_FORMAT " in all", one->count)
			  : g_strdup_printf("%.1f/s", rate);
}

/* ": 0.5 % of the time, 2.1 µs each"; "" where it is not known. Of what a VM's vCPUs took, in per
 * cent of one of them. */
static char *exit_cost_text(const Measure *measure, const Interruption *one)
{
	double took = (double)one->nanoseconds;

	return one->nanoseconds ? g_strdup_printf(": %.2g %% of a CPU's time, %.1f µs each",
						  took / measure->seconds / 1e7,
						  took / (double)one->count / 1e3)
				: g_strdup("");
}

/* The one before the Nth that has the same fix and is of the same VM; NULL. */
static const Interruption *fixed_before(const Measure *measure, unsigned n)
{
	const Interruption *one = g_ptr_array_index(measure->interruptions, n);

	for (unsigned i = 0; i < n; i++) {
		const Interruption *other = g_ptr_array_index(measure->interruptions, i);

		if (g_strcmp0(other->vm, one->vm) == 0 && g_str_equal(other->fix, one->fix))
			return other;
	}
	return NULL;
}

static void fix_print(const Measure *measure, unsigned n)
{
	const Interruption *one = g_ptr_array_index(measure->interruptions, n);
	const Interruption *before = *one->fix ? fixed_before(measure, n) : NULL;
	g_autofree char *same =
		before ? g_strdup_printf("the same as for the %s", before->what) : NULL;

	labelled_print("fix", same ? same : one->fix);
}

static void interruption_print(const Measure *measure, unsigned n, bool with_cpus)
{
	const Interruption *one = g_ptr_array_index(measure->interruptions, n);
	g_autofree char *rate = rate_text(measure, one);
	g_autofree char *cpus = cpulist_format(one->cpus);
	const char *plural = hwloc_bitmap_weight(one->cpus) == 1 ? "" : "s";
	g_autofree char *cost = exit_cost_text(measure, one);
	g_autofree char *parts = parts_text(one->parts, PARTS_MOST);
	g_autofree char *line =
		with_cpus ? g_strdup_printf("%s (CPU%s %s)%s", one->what, plural, cpus, cost)
			  : g_strconcat(one->what, cost, NULL);

	printf("%*s  ", RATE_WIDTH - 2, rate);
	paragraph_print(line);
	labelled_print("seen", parts);
	labelled_print("cause", one->cause);
	fix_print(measure, n);
}

static void vcpu_print(const Measure *measure, const MeasureVcpu *vcpu)
{
	g_autofree char *cpus = vcpu->cpus ? cpulist_format(vcpu->cpus) : g_strdup("?");
	g_autofree char *line = NULL;

	if (!vcpu->known)
		return;
	line = g_strdup_printf("vCPU %u on CPU %s: ran %.1f %% of the time, waited %.1f ms for the "
			       "CPU; sleeps %" G_GUINT64_FORMAT ", preemptions %" G_GUINT64_FORMAT,
			       vcpu->vcpu, cpus, (double)vcpu->run / measure->seconds / 1e7,
			       (double)vcpu->wait / 1e6, vcpu->left, vcpu->displaced);
	printf("%*s", RATE_WIDTH, "");
	paragraph_print(line);
}

static void paths_print(const Measure *measure, const MeasureVm *vm)
{
	g_autoptr(GArray) paths = measure_paths(measure, vm);

	for (unsigned i = 0; i < paths->len; i++) {
		const MeasurePath *path = &g_array_index(paths, MeasurePath, i);
		g_autofree char *text =
			path->verdict == PATH_OTHERWISE
				? g_strdup_printf("not as expected: %s; expected: %s", path->seen,
						  path->said)
				: g_strdup_printf("as expected: %s", path->seen);

		if (path->verdict != PATH_UNSEEN)
			labelled_print(path->name, text);
	}
}

/* The interruptions of the VM called NAME, NULL = of no VM; how many there are. */
static unsigned interruptions_print(const Measure *measure, const char *name, bool with_cpus)
{
	unsigned n = 0;

	for (unsigned i = 0; i < measure->interruptions->len; i++) {
		const Interruption *one = g_ptr_array_index(measure->interruptions, i);

		if (g_strcmp0(one->vm, name) != 0)
			continue;
		interruption_print(measure, i, with_cpus);
		n++;
	}
	return n;
}

static void heading_print(const char *text, bool color)
{
	g_autofree char *safe = output_safe(text);

	printf("\n%s%s%s\n", output_bold(color), safe, output_reset(color));
}

/* Was anything read that would show what interrupts VM? */
static bool measure_vm_seen(const Measure *measure, const MeasureVm *vm)
{
	return vm->traced || g_hash_table_size(vm->kvm) ||
	       hwloc_bitmap_intersects(vm->vm->cpus, measure->cpus);
}

static void measure_vm_print(const Measure *measure, const MeasureVm *vm, bool color)
{
	bool several = hwloc_bitmap_weight(vm->vm->cpus) != 1;

	heading_print(vm->vm->subject, color);
	for (unsigned i = 0; i < vm->vcpus->len; i++)
		vcpu_print(measure, &g_array_index(vm->vcpus, MeasureVcpu, i));
	paths_print(measure, vm);
	if (!interruptions_print(measure, vm->name, several)) {
		printf("%*s", RATE_WIDTH, "");
		paragraph_print(measure_vm_seen(measure, vm) ? "nothing interrupts it"
							     : "what interrupts it is not known");
	}
}

/* Are there interruptions on CPUs of no VM? */
static bool others_interrupted(const Measure *measure)
{
	const GPtrArray *all = measure->interruptions;

	return all->len && !((const Interruption *)g_ptr_array_index(all, all->len - 1))->vm;
}

static void quiet_print(const Measure *measure)
{
	g_autofree char *quiet = cpulist_format(measure->quiet);
	int n = hwloc_bitmap_weight(measure->quiet);

	if (n)
		printf("\nNothing interrupts CPU%s %s.\n", n == 1 ? "" : "s", quiet);
}

static void own_print(const Measure *measure)
{
	g_autofree char *text = measure_own_text(measure);
	g_autofree char *line = text ? g_strdup_printf("%s.", text) : NULL;
	g_autofree char *folded = line ? output_fold(line, output_width(), 2) : NULL;

	if (folded)
		printf("\n%s\n", folded);
}

static void unmeasured_print(const Measure *measure)
{
	if (measure->unmeasured->len)
		putchar('\n');
	for (unsigned i = 0; i < measure->unmeasured->len; i++) {
		const Unread *note = g_ptr_array_index(measure->unmeasured, i);
		unsigned width = output_width();
		g_autofree char *line =
			g_strdup_printf("not measured: %s: %s", note->source, note->why);
		g_autofree char *safe = output_safe(line);
		g_autofree char *folded = output_fold(safe, width, 2);

		puts(folded);
	}
}

void measure_print(const Measure *measure, bool color)
{
	g_autofree char *cpus = cpulist_format(measure->cpus);
	unsigned vms = measure->vms->len;

	if (!measure->interruptions->len && *cpus) {
		printf("Nothing interrupts CPUs %s (%.1f s, %u VM%s).\n", cpus, measure->seconds,
		       vms, vms == 1 ? "" : "s");
		measure_noise_print(measure, color);
		own_print(measure);
		unmeasured_print(measure);
		return;
	}
	printf("Measured for %.1f s: CPUs %s, %u VM%s.\n", measure->seconds, *cpus ? cpus : "none",
	       vms, vms == 1 ? "" : "s");
	for (unsigned i = 0; i < vms; i++)
		measure_vm_print(measure, g_ptr_array_index(measure->vms, i), color);
	if (others_interrupted(measure)) {
		heading_print("CPUs of no VM", color);
		interruptions_print(measure, NULL, true);
	}
	quiet_print(measure);
	measure_noise_print(measure, color);
	own_print(measure);
	unmeasured_print(measure);
}
