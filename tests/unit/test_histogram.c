/* SPDX-License-Identifier: MIT */
/* All histograms that kernels of 6.1, 6.1-rt and 6.12 wrote, and some that none did. */
#include "planner/measure/exit_reasons.h"
#include "topology/facts/histogram.h"

#include <string.h>

#define SCENES "tests/hosts/measured"

#define STILL_COUNTED 10

static unsigned n_files;

static void histogram_check(const char *path, const Histogram *histogram)
{
	uint64_t hits = 0;

	for (unsigned i = 0; i < histogram->rows->len; i++)
		hits += g_array_index(histogram->rows, HistogramRow, i).hits;
	/* The totals are printed last; meanwhile the kernel may have counted on. */
	if (!histogram->whole || hits > histogram->hits || hits + STILL_COUNTED < histogram->hits ||
	    (strstr(path, "/count/") && hits != histogram->hits))
		g_error("%s: %s: %u rows", path, histogram->trigger, histogram->rows->len);
}

static void file_check(const char *path)
{
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) histograms = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	histograms = histograms_parse(text);
	/* An event without a trigger has no more than comments. */
	g_assert_cmpint(histograms->len > 0, ==, strstr(text, "trigger info") != NULL);
	for (unsigned i = 0; i < histograms->len; i++)
		histogram_check(path, g_ptr_array_index(histograms, i));
	n_files++;
}

static void folder_check(const char *folder)
{
	GDir *open = g_dir_open(folder, 0, NULL);

	for (const char *name; open && (name = g_dir_read_name(open));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			folder_check(path);
		else if (g_str_has_suffix(name, ".hist"))
			file_check(path);
	}
	if (open)
		g_dir_close(open);
}

static void test_recorded(void)
{
	folder_check(SCENES);
	g_assert_cmpuint(n_files, >, 300);
}

static const HistogramRow *row_at(const GPtrArray *histograms, unsigned h, unsigned row)
{
	const Histogram *histogram = g_ptr_array_index(histograms, h);

	return &g_array_index(histogram->rows, HistogramRow, row);
}

static void test_forms(void)
{
	g_autoptr(GPtrArray) histograms = histograms_parse(
		"# event histogram\n#\n"
		"# trigger info: hist:keys=common_cpu,next_comm,next_pid:vals=hitcount,ns:"
		"sort=hitcount:size=2048 if common_cpu >= 2 [active]\n#\n\n"
		"{ common_cpu:          2, next_comm: a, b: } x          , next_pid:         77 } "
		"hitcount:          3  ns: 18446744073709551615\n"
		"{ common_cpu:          2 } hitcount:          3\n\nTotals:\n    Hits: 3\n"
		"    Entries: 1\n    Dropped: 5\n\n\n"
		"# trigger info: hist:keys=function.sym:vals=hitcount:sort=hitcount:size=128 "
		"[paused]\n#\n\n{ function: [ffffffffc0277ef0] apic_timer_fn [kvm]     } "
		"hitcount:   9\n");
	const Histogram *first = g_ptr_array_index(histograms, 0);

	g_assert_cmpuint(histograms->len, ==, 2);
	g_assert_true(g_str_has_suffix(first->trigger, "if common_cpu >= 2"));
	g_assert_cmpuint(first->rows->len, ==, 1);
	g_assert_cmpuint(first->dropped, ==, 5);
	g_assert_true(first->whole);
	g_assert_cmpstr(row_at(histograms, 0, 0)->keys[1], ==, "a, b: } x");
	g_assert_cmpstr(row_at(histograms, 0, 0)->keys[2], ==, "77");
	g_assert_cmpuint(row_at(histograms, 0, 0)->values[0], ==, G_MAXUINT64);
	g_assert_cmpstr(row_at(histograms, 1, 0)->keys[0], ==, "apic_timer_fn [kvm]");
	g_assert_false(((const Histogram *)g_ptr_array_index(histograms, 1))->whole);
}

static void test_numbers(void)
{
	uint64_t number;

	g_assert_true(histogram_number("80b", 16, &number));
	g_assert_cmpuint(number, ==, 0x80b);
	g_assert_false(histogram_number("-1", 10, &number));
	g_assert_false(histogram_number("ttyS1", 10, &number));
}

/* kvm_exit of the guest that did each thing so many times: names and counts. */
static void test_reasons(void)
{
	static const struct {
		const char *name;
		uint64_t hits;
	} told[] = {{"MSR", 18003}, {"IOIO", 4500}, {"CPUID", 1500}, {"VMMCALL", 700}, {"HLT", 1}};
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) histograms = NULL;
	const Histogram *exits = NULL;

	g_assert_true(g_file_get_contents(SCENES "/6.1-svm/count/hist/kvm.kvm_exit.hist", &text,
					  NULL, NULL));
	histograms = histograms_parse(text);
	for (unsigned i = 0; i < histograms->len; i++) {
		const Histogram *one = g_ptr_array_index(histograms, i);

		if (g_str_has_prefix(one->trigger, "hist:keys=common_pid,exit_reason"))
			exits = one;
	}
	g_assert_nonnull(exits);
	for (unsigned t = 0; t < G_N_ELEMENTS(told); t++) {
		uint64_t hits = 0;

		for (unsigned i = 0; i < exits->rows->len; i++) {
			const HistogramRow *row = &g_array_index(exits->rows, HistogramRow, i);
			g_autofree char *name = NULL;
			uint64_t reason;

			g_assert_true(histogram_number(row->keys[1], 10, &reason));
			name = exit_reason_name(EXIT_ISA_SVM, reason);
			hits += g_str_equal(name, told[t].name) ? row->hits : 0;
		}
		g_assert_cmpuint(hits, ==, told[t].hits);
	}
}

static void test_names(void)
{
	static const struct {
		ExitIsa isa;
		uint64_t reason;
		const char *name;
	} names[] = {{EXIT_ISA_VMX, 12, "HLT"},
		     {EXIT_ISA_VMX, 0x80000021, "INVALID_STATE"},
		     {EXIT_ISA_VMX, 52, "PREEMPTION_TIMER"},
		     {EXIT_ISA_SVM, 16, "WRITE_CR0"},
		     {EXIT_ISA_SVM, 78, "EXCEPTION14"},
		     {EXIT_ISA_SVM, 1024, "NPF"},
		     {EXIT_ISA_SVM, 4294967295, "entry failed"},
		     {EXIT_ISA_SVM, 4711, "exit 4711"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *name = exit_reason_name(names[i].isa, names[i].reason);

		g_assert_cmpstr(name, ==, names[i].name);
	}
}

/* Of more rows than any trigger asks for, the first are taken; each is found by its keys. */
static void test_many(void)
{
	g_autoptr(GString) text = g_string_new("# trigger info: hist:keys=a,b:vals=hitcount\n");
	g_autoptr(GPtrArray) histograms = NULL;
	const Histogram *histogram;

	for (unsigned i = 0; i < 2 * HISTOGRAM_ROWS; i++)
		g_string_append_printf(text, "{ a: %u, b: x } hitcount: %u\n", i, i + 1);
	for (unsigned i = 0; i < 1000; i++)
		g_string_append(text, "# trigger info: hist:keys=c\n");
	histograms = histograms_parse(text->str);
	g_assert_cmpuint(histograms->len, <, 1000);
	histogram = g_ptr_array_index(histograms, 0);
	g_assert_cmpuint(histogram->rows->len, ==, HISTOGRAM_ROWS);
	g_assert_false(histogram->whole);
	for (unsigned i = 0; i < HISTOGRAM_ROWS; i++) {
		HistogramRow row = {.keys = {g_strdup_printf("%u", i), (char *)"x"}};

		g_assert_cmpuint(histogram_find(histogram, &row)->hits, ==, i + 1);
		row.keys[1] = NULL;
		g_assert_null(histogram_find(histogram, &row));
		g_assert_cmpuint(histogram_first(histogram, i)->hits, ==, i + 1);
		g_assert_null(histogram_next(histogram, histogram_first(histogram, i)));
		g_free(row.keys[0]);
	}
}

/* Rows of one CPU, in their order; those of others are between. */
static void test_chain(void)
{
	static const unsigned hits[] = {1, 3, 4};
	g_autoptr(GPtrArray) histograms = histograms_parse(
		"# trigger info: hist:keys=common_cpu,b:vals=hitcount\n"
		"{ common_cpu: 3, b: x } hitcount: 1\n{ common_cpu: 4, b: x } hitcount: 2\n"
		"{ common_cpu: 3, b: y } hitcount: 3\n{ common_cpu: 3, b: x } hitcount: 4\n");
	const Histogram *histogram = g_ptr_array_index(histograms, 0);
	const HistogramRow *row = histogram_first(histogram, 3);

	for (unsigned i = 0; i < G_N_ELEMENTS(hits); i++, row = histogram_next(histogram, row))
		g_assert_cmpuint(row->hits, ==, hits[i]);
	g_assert_null(row);
	g_assert_null(histogram_first(histogram, 5));
	g_assert_null(histogram_first(NULL, 3));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/histogram/recorded", test_recorded);
	g_test_add_func("/histogram/forms", test_forms);
	g_test_add_func("/histogram/reasons", test_reasons);
	g_test_add_func("/histogram/names", test_names);
	g_test_add_func("/histogram/numbers", test_numbers);
	g_test_add_func("/histogram/many", test_many);
	g_test_add_func("/histogram/chain", test_chain);
	return g_test_run();
}
