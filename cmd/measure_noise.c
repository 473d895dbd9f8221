/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure_noise.h"
#include "cmd/measure.h"
#include "cmd/output.h"

#include <stdio.h>

#define CAUSES_MOST 6
#define SMI_HINT                                                                                   \
	"What the kernel does not count is firmware (SMIs), a hypervisor below, or the hardware: " \
	"look at the power and error settings of the BIOS, and at the kernel's hwlat tracer."

static void noise_line(struct libscols_table *table, const MeasureNoise *noise)
{
	const NoiseCount *count = &noise->count;
	g_autofree char *cpu = g_strdup_printf("%u", count->cpu);
	g_autofree char *longest = measure_noise_time(count->longest);
	g_autofree char *share = g_strdup_printf(
		"%.2g %%", count->looked ? (double)count->lost / (double)count->looked * 100 : 0.0);
	g_autofree char *gaps = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)count->gaps);
	g_autofree char *causes = measure_noise_text(noise, CAUSES_MOST);

	output_line(table, (const char *const[]){cpu, longest, share, gaps, causes});
}

/* Those without a gap that somebody saw (SEEN), or that nobody saw; yours. */
static hwloc_bitmap_t noise_without(const GArray *noise, bool seen)
{
	hwloc_bitmap_t without = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < noise->len; i++) {
		const NoiseCount *count = &g_array_index(noise, MeasureNoise, i).count;

		if (count->known == seen && !count->gaps)
			hwloc_bitmap_set(without, count->cpu);
	}
	return without;
}

static void noise_table(const GArray *noise, bool color)
{
	static const char *const columns[] = {"CPU",   ">LONGEST", ">OF THE TIME",
					      ">GAPS", "~CAUSES",  NULL};
	struct libscols_table *table = output_table(columns, color);
	unsigned lines = 0;

	for (unsigned i = 0; i < noise->len; i++) {
		const MeasureNoise *one = &g_array_index(noise, MeasureNoise, i);

		if (one->count.gaps)
			noise_line(table, one);
		lines += !!one->count.gaps;
	}
	if (lines)
		output_print(table);
	scols_unref_table(table);
}

static void noise_hint(const GArray *noise)
{
	g_autofree char *hint =
		measure_noise_uncounted(noise) ? output_fold(SMI_HINT, output_width(), 0) : NULL;

	if (hint)
		puts(hint);
}

/* BEFORE, the CPUs, and AFTER, if there are any. */
static void noise_list(hwloc_const_bitmap_t cpus, const char *before, const char *after)
{
	g_autofree char *list = cpulist_format(cpus);
	g_autofree char *text = g_strdup_printf(
		"%s CPU%s %s%s", before, hwloc_bitmap_weight(cpus) == 1 ? "" : "s", list, after);
	g_autofree char *folded = output_fold(text, output_width(), 0);

	if (*list)
		puts(folded);
}

static void noise_heading(const Measure *measure)
{
	g_autofree char *least = measure_noise_time(measure_noise_least(measure->noise));

	if (noise_is_of_kernel(measure->own->noise))
		puts("\nNoise, seen by the kernel's osnoise tracer: gaps of 1 or 5 us and more, "
		     "by kernel.");
	else
		printf("\nNoise, seen by a thread on each CPU: gaps of %s and more.\n", least);
}

void measure_noise_print(const Measure *measure, bool color)
{
	const GArray *noise = measure->noise;
	g_auto(CpuSet) quiet = NULL, unseen = NULL;

	if (!noise || !noise->len)
		return;
	quiet = noise_without(noise, true);
	unseen = noise_without(noise, false);
	noise_heading(measure);
	noise_table(noise, color);
	noise_list(quiet, "No gap on", ".");
	noise_list(unseen, "Not seen on",
		   ": the thread that looks for it got no time there, or completed no sample.");
	noise_hint(noise);
}
