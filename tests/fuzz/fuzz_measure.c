/* SPDX-License-Identifier: MIT */
/*
 * What measure reads of itself: any text as /proc/interrupts, /proc/schedstat, a thread's
 * schedstat, as mounts, as a measurement, and as numbers to compare; the comparison's words and
 * document.
 */
#include "frame.h"
#include "planner/base/json.h"
#include "planner/check/measured.h"
#include "planner/measure/compare.h"
#include "topology/facts/counters.h"
#include "topology/facts/irqs.h"
#include "topology/facts/osnoise.h"
#include "topology/facts/tracing.h"

static void check_compared(const GPtrArray *run)
{
	g_autoptr(Comparison) comparison = comparison_new(run, run);
	json_t *json = comparison_to_json(comparison);
	g_autofree char *text = json_text(json);

	json_decref(json);
	frame_check_clean(text, "\n");
	g_assert_cmpuint(comparison->unpaired->len, ==, 0);
	for (unsigned i = 0; i < comparison->rows->len; i++) {
		const CompareRow *row = &g_array_index(comparison->rows, CompareRow, i);
		g_autofree char *verdict = compare_verdict(row);

		/* Nothing differs from itself. */
		g_assert_false(g_str_has_prefix(verdict, "differs"));
	}
}

/* Lines of the osnoise tracer: no sum runs over, and the longest gap is one of them. */
static void check_samples(const char *text)
{
	g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(NoiseCount));
	NoiseCount count = {.cpu = 3};

	g_array_append_val(counts, count);
	osnoise_parse(text, counts);
	count = g_array_index(counts, NoiseCount, 0);
	g_assert_cmpuint(count.gaps, >=, count.hardware);
	g_assert_true(count.known || !count.looked);
}

/* A document of a measurement: what can be read of it, has rates. */
static void check_measured(const char *text, size_t size)
{
	g_autoptr(Facts) facts = facts_new();
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	g_autoptr(GError) error = NULL;
	g_autoptr(Measured) measured = measured_parse("f", text, size, audit, &error);

	g_assert_cmpint(!measured, ==, !!error);
	if (measured)
		g_assert_cmpfloat(measured_cpu(measured, 0).rate, >=, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GHashTable) rows = interrupt_rows_parse(valid);
	g_autoptr(GArray) switches = counters_switches_parse(text);
	g_autoptr(GPtrArray) run = series_parse("f", text, size, NULL);
	g_autoptr(GPtrArray) histograms = histograms_parse(text);
	ThreadCount thread = {0};

	for (unsigned i = 0; i < histograms->len; i++) {
		const Histogram *histogram = g_ptr_array_index(histograms, i);

		g_assert_cmpuint(g_strv_length(histogram->keys), <=, HISTOGRAM_KEYS);
	}
	g_assert_nonnull(rows);
	counters_thread_parse(text, &thread);
	g_free(tracing_mounted(text));
	g_assert_cmpuint(switches->len, <=, CPULIST_LIMIT);
	if (run)
		check_compared(run);
	check_measured(text, size);
	check_samples(text);
	return 0;
}
