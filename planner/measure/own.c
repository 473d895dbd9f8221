/* SPDX-License-Identifier: MIT */
/* Who measures, disturbs: by how much planner did. */
#include "planner/check/rules_found.h"
#include "planner/measure/measure.h"
#include "planner/measure/traced.h"

/* How much all rows of CPU grew by; those that AFTER has. */
static uint64_t rows_growth(GHashTable *before, GHashTable *after, unsigned cpu)
{
	GHashTableIter iterator;
	gpointer name, value;
	uint64_t sum = 0;

	g_hash_table_iter_init(&iterator, after);
	while (g_hash_table_iter_next(&iterator, &name, &value)) {
		const Interrupt *then = g_hash_table_lookup(before, name);

		sum += then ? measure_row_growth(then, value, cpu) : 0;
	}
	return sum;
}

void measure_own(Measure *measure, const Counters *before, const Counters *after)
{
	const MeasureOwn *own = measure->own;
	unsigned cpu;

	measure->own_known =
		!set_meets(own->cpus, measure->cpus) ||
		traced_runs(before, after, own->tid, measure->cpus, &measure->own_runs);
	hwloc_bitmap_foreach_begin(cpu, measure->cpus)
		measure->own_setup = MAX(measure->own_setup,
					 rows_growth(own->first, before->interrupts, cpu) +
						 rows_growth(after->interrupts, own->last, cpu));
	hwloc_bitmap_foreach_end();
}

char *measure_own_text(const Measure *measure)
{
	g_autofree char *setup = NULL, *where = NULL, *runs = NULL;
	const MeasureOwn *own = measure->own;

	if (!own || hwloc_bitmap_iszero(measure->cpus))
		return NULL;
	setup = measure->own_setup
			? g_strdup_printf("; before and after that, setting up and removing "
					  "its traces interrupted each CPU up to %" G_GUINT64_FORMAT
					  " times",
					  (guint64)measure->own_setup)
			: g_strdup("");
	if (!set_meets(own->cpus, measure->cpus)) {
		where = cpulist_format(own->cpus);
		return g_strdup_printf("planner itself slept meanwhile%s, and could run on CPUs %s "
				       "only%s",
				       own->noise ? ", except for the threads that looked for noise"
						  : "",
				       where, setup);
	}
	runs = measure->own_known ? g_strdup_printf("was put on them %" G_GUINT64_FORMAT " times",
						    (guint64)measure->own_runs)
				  : g_strdup("may have interrupted them");
	return g_strdup_printf("planner itself has no CPU that it does not measure, and %s%s", runs,
			       setup);
}
