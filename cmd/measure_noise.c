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

/* Those without a gap; yours. */
static hwloc_bitmap_t noise_quiet(const GArray *noise)
{
	hwloc_bitmap_t quiet = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < noise->len; i++) {
		const NoiseCount *count = &g_array_index(noise, MeasureNoise, i).count;

		if (count->known && !count->gaps)
			hwloc_bitmap_set(quiet, count->cpu);
	}
	return quiet;
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

void measure_noise_print(const Measure *measure, bool color)
{
	const GArray *noise = measure->noise;
	g_auto(CpuSet) quiet = noise ? noise_quiet(noise) : NULL;
	g_autofree char *list = noise ? cpulist_format(quiet) : NULL;
	g_autofree char *least = NULL;

	if (!noise || !noise->len)
		return;
	least = measure_noise_time(measure_noise_least(noise));
	printf("\nNoise, seen by %s: gaps of %s and more.\n",
	       noise_is_of_kernel(measure->own->noise) ? "the kernel's osnoise tracer"
						       : "a thread on each CPU",
	       least);
	noise_table(noise, color);
	if (*list)
		printf("No gap on CPU%s %s.\n", hwloc_bitmap_weight(quiet) == 1 ? "" : "s", list);
	noise_hint(noise);
}
