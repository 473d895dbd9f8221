/* SPDX-License-Identifier: MIT */
/* The small texts: sizes, versions, names near to a misspelt one, names of VMs, findings. */
#include "planner/base/finding.h"
#include "planner/base/nearest.h"
#include "planner/base/size.h"
#include "planner/base/version.h"
#include "planner/inventory/inventory.h"

#include <string.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

/* Sizes */

static void test_size_good(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{"0", 0},
		{"1", 1},
		{"17", 17},
		{"0008", 8},
		{"1K", KIB},
		{"512M", 512 * MIB},
		{"8G", 8 * GIB},
		{"3T", 3 * TIB},
		{"65536T", SIZE_LIMIT},
		{"72057594037927936", SIZE_LIMIT},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t bytes = 1234;

		g_assert_true(size_parse(rows[i].text, &bytes));
		g_assert_cmpuint(bytes, ==, rows[i].bytes);
	}
}

static void test_size_bad(void)
{
	static const char *const rows[] = {
		"",
		"G",
		"8g",
		"8k",
		"8 G",
		" 8G",
		"8G ",
		"8GB",
		"8Gi",
		"8GG",
		"0x8",
		"1.5G",
		"+8G",
		"-8G",
		"-1",
		"1e3",
		"8,0",
		"64P",
		"1E",
		"8\xc2\xa0G",
		"٨G",
		"65537T",
		"72057594037927937",
		"99999999999999999999",
		"18446744073709551616",
		"8G\n",
		"eight",
		"18446744073709551616K",
		"4294967296T",
		"67108865G",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t bytes = 1234;

		if (size_parse(rows[i], &bytes))
			g_test_message("'%s' was taken", rows[i]);
		g_assert_false(size_parse(rows[i], &bytes));
		g_assert_cmpuint(bytes, ==, 1234);
	}
}

static void test_size_step(void)
{
	g_assert_cmpuint(size_step(6 * GIB, 4 * GIB), ==, 2 * GIB);
	g_assert_cmpuint(size_step(4 * GIB, 6 * GIB), ==, 2 * GIB);
	g_assert_cmpuint(size_step(0, 5), ==, 5);
	g_assert_cmpuint(size_step(5, 0), ==, 5);
	g_assert_cmpuint(size_step(7, 4), ==, 1);
}

static void test_size_format(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0"},
		{17, "17"},
		{1023, "1023"},
		{1024, "1K"},
		{1536, "1536"},
		{1536 * MIB, "1536M"},
		{8 * GIB, "8G"},
		{1024 * GIB, "1T"},
		{SIZE_LIMIT, "65536T"},
		{8 * GIB + 1, "8589934593"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = size_format(rows[i].bytes);
		uint64_t again = 0;

		g_assert_cmpstr(text, ==, rows[i].text);
		g_assert_true(size_parse(text, &again));
		g_assert_cmpuint(again, ==, rows[i].bytes);
	}
}

static void test_size_rounded(void)
{
	static const struct {
		uint64_t bytes;
		const char *text, *floor, *ceiling;
	} rows[] = {
		{0, "0", "0", "0"},
		{1023, "1023", "1023", "1023"},
		{1024, "1K", "1K", "1K"},
		{1536, "1.5K", "1.5K", "1.5K"},
		{128504 * MIB, "125.5G", "125.4G", "125.5G"},
		{8 * GIB, "8G", "8G", "8G"},
		{8 * GIB + 1, "8G", "8G", "8.1G"},
		{8 * GIB - 1, "8G", "7.9G", "8G"},
		{SIZE_LIMIT, "65536T", "65536T", "65536T"},
		{256 * GIB, "256G", "256G", "256G"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = size_format_rounded(rows[i].bytes);
		g_autofree char *floor = size_format_floor(rows[i].bytes);
		g_autofree char *ceiling = size_format_ceiling(rows[i].bytes);

		g_assert_cmpstr(text, ==, rows[i].text);
		g_assert_cmpstr(floor, ==, rows[i].floor);
		g_assert_cmpstr(ceiling, ==, rows[i].ceiling);
	}
}

/* Versions */

static void test_version_valid(void)
{
	static const char *const good[] = {
		"6.2.0", "4.18.0-348", "4.18.0-348.el8.x86_64", "6.1.0-13-amd64", "7.2.22",
		"3.10",	 "0.0",	       "6.1.0~rc1+b1",		"5.15.90.1_WSL",  "9999.9999",
	};
	static const char *const bad[] = {
		"",	   "6",
		"6.",	   ".6",
		"v6.2",	   "six.two",
		"6,2",	   "6.2 ",
		" 6.2",	   "6.2 b1",
		"10000.0", "6.10000",
		"-6.2",	   "6.-2",
		"6.2\n",   "6:2",
		"6.2;x",   "6.2/x",
		"6.2\t",   "6.2\xc3\xa9",
		"6.2\"",   "99999999999999999999.1",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(version_valid(good[i]));
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (version_valid(bad[i]))
			g_test_message("'%s' was taken", bad[i]);
		g_assert_false(version_valid(bad[i]));
	}
}

static void test_version_before(void)
{
	static const struct {
		const char *text;
		unsigned major, minor;
		bool before;
	} rows[] = {
		{"3.10.0-327", 4, 17, true},  {"4.2.0", 4, 17, true},
		{"4.16.99", 4, 17, true},     {"4.17", 4, 17, false},
		{"4.17.0-rc1", 4, 17, false}, {"4.18.0-348", 4, 17, false},
		{"6.1.0", 4, 17, false},      {"10.0.0", 9, 1, false},
		{"9.0.4", 9, 1, true},	      {"9.1.0", 9, 1, false},
		{"9.10.0", 9, 1, false},      {"2.12.0", 3, 0, true},
		{"3.0.0", 3, 0, false},	      {"9.2.0", 10, 0, true},
		{"10.0.2", 10, 0, false},     {"5.18", 5, 6, false},
		{"5.5.19", 5, 6, true},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(version_before(rows[i].text, rows[i].major, rows[i].minor) ==
			      rows[i].before);
}

/* Nearest words */

static void test_nearest(void)
{
	static const char *const words[] = {"vcpus",	 "policy", "cpus",   "node", "memory",
					    "hugepages", "count",  "cpu-pm", NULL};
	static const struct {
		const char *word, *near;
	} rows[] = {
		{"vcpu", "vcpus"},
		{"vpcus", "vcpus"},
		{"vcpus", "vcpus"},
		{"polcy", "policy"},
		{"hugepage", "hugepages"},
		{"cpu_pm", "cpu-pm"},
		{"CPU_Pn", "cpu-pm"},
		{"HUGE_PAGES", "hugepages"},
		{"nod", "node"},
		{"memroy", "memory"},
		{"cout", "count"},
		{"xyzzy", NULL},
		{"", NULL},
		{"xxxxus", NULL},
		{"nope", "node"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpstr(nearest_word(rows[i].word, words), ==, rows[i].near);
}

/* Half of a short word is not near it: "vm" is not meant by "am". */
static void test_nearest_short(void)
{
	static const char *const words[] = {"vm", "yes", "no", NULL};

	g_assert_null(nearest_word("am", words));
	g_assert_null(nearest_word("on", words));
	g_assert_cmpstr(nearest_word("yep", words), ==, "yes");
	g_assert_null(nearest_word("yo", words));
}

/* The first of several as near: the order of the table decides, not chance. */
static void test_nearest_tie(void)
{
	static const char *const words[] = {"eth12", "eth13", "eth14", NULL};

	g_assert_cmpstr(nearest_word("eth15", words), ==, "eth12");
}

/* Words come from files too: devices' names may be of any length. */
static void test_nearest_long(void)
{
	g_autofree char *long_word = g_strnfill(5000, 'x');
	const char *const words[] = {long_word, "xxxxx", NULL};

	g_assert_cmpstr(nearest_word("xxxx", words), ==, "xxxxx");
	g_assert_null(nearest_word(long_word, words));
	for (unsigned length = 60; length < 70; length++) {
		g_autofree char *word = g_strnfill(length, 'y');
		const char *const just[] = {word, NULL};

		nearest_word("yyyy", just);
		nearest_word(word, just);
	}
}

/* Names */

static void assert_fault(const char *name, const char *part)
{
	const char *fault = vm_name_fault(name);

	if (!part) {
		g_assert_cmpstr(fault, ==, NULL);
		return;
	}
	if (!fault)
		g_test_message("'%s' was taken", name);
	g_assert_nonnull(fault);
	g_assert_nonnull(strstr(fault, part));
}

static void test_names(void)
{
	static const struct {
		const char *name, *part;
	} rows[] = {
		{"vm1", NULL},
		{"-rf", NULL},
		{"db one", NULL},
		{"Ünï-数", NULL},
		{"a<b>&\"c'", NULL},
		{"...", NULL},
		{"..a", NULL},
		{"a;b#c", NULL},
		{"${name}", NULL},
		{"", "is empty"},
		{" ", "blank"},
		{".", "directory"},
		{"..", "directory"},
		{"a/b", "'/'"},
		{"../../etc/passwd", "'/'"},
		{"a\nb", "cannot be printed"},
		{"a\tb", "cannot be printed"},
		{"a\033[31mb", "cannot be printed"},
		{"a\x7f", "cannot be printed"},
		{"a\xc2\x9b", "cannot be printed"}, /* CSI of the C1 set */
		{"a\xe2\x80\xae"
		 "b",
		 "cannot be printed"}, /* right-to-left override */
		{"a\xe2\x81\xa6"
		 "b",
		 "cannot be printed"},			/* left-to-right isolate */
		{"a\xe2\x80\x8b", "cannot be printed"}, /* zero width space */
		{"a\xe2\x80\xa8"
		 "b",
		 "cannot be printed"},			/* line separator */
		{"a\xef\xbf\xbe", "cannot be printed"}, /* U+FFFE, which XML forbids */
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_fault(rows[i].name, rows[i].part);
}

static void test_names_length(void)
{
	g_autofree char *most = g_strnfill(128, 'x'), *more = g_strnfill(129, 'x');
	g_autofree char *wide = g_strconcat(most + 1, "é", NULL); /* 128 letters, 129 bytes */

	assert_fault(most, NULL);
	assert_fault(more, "128 bytes");
	assert_fault(wide, "128 bytes");
}

/* Findings */

static void test_findings_sort(void)
{
	static const char *const expected[] = {"a.x vm vm2", "a.x vm vm10", "b.x [sdk]",
					       "a.a node 0", "a.a node 1",  "z.z topology"};
	g_autoptr(GPtrArray) findings = findings_new();

	findings_add(findings, SEVERITY_INFO, "z.z", "topology", "fix", "text");
	findings_add(findings, SEVERITY_WARNING, "a.a", "node 1", "fix", "text");
	findings_add(findings, SEVERITY_ERROR, "b.x", "[sdk]", "fix", "text");
	g_assert_true(findings_has(findings, SEVERITY_ERROR));
	findings_add(findings, SEVERITY_ERROR, "a.x", "vm vm10", "fix", "text %d%%", 7);
	findings_add_unknown(findings, SEVERITY_WARNING, "a.a", "node 0", "fix", "text");
	findings_add(findings, SEVERITY_ERROR, "a.x", "vm vm2", "fix", "text");
	findings_sort(findings);
	g_assert_cmpuint(findings->len, ==, G_N_ELEMENTS(expected));
	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);
		g_autofree char *have = g_strconcat(finding->id, " ", finding->subject, NULL);

		g_assert_cmpstr(have, ==, expected[i]);
	}
	g_assert_cmpstr(((Finding *)g_ptr_array_index(findings, 1))->text, ==, "text 7%");
	g_assert_cmpint(((Finding *)g_ptr_array_index(findings, 3))->verdict, ==, VERDICT_UNKNOWN);
}

static void test_findings_has(void)
{
	g_autoptr(GPtrArray) findings = findings_new();

	g_assert_false(findings_has(findings, SEVERITY_INFO));
	findings_add(findings, SEVERITY_WARNING, "a.a", "node 1", "fix", "text");
	g_assert_true(findings_has(findings, SEVERITY_INFO));
	g_assert_true(findings_has(findings, SEVERITY_WARNING));
	g_assert_false(findings_has(findings, SEVERITY_ERROR));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/size/good", test_size_good);
	g_test_add_func("/text/size/bad", test_size_bad);
	g_test_add_func("/text/size/step", test_size_step);
	g_test_add_func("/text/size/format", test_size_format);
	g_test_add_func("/text/size/rounded", test_size_rounded);
	g_test_add_func("/text/version/valid", test_version_valid);
	g_test_add_func("/text/version/before", test_version_before);
	g_test_add_func("/text/nearest/words", test_nearest);
	g_test_add_func("/text/nearest/short", test_nearest_short);
	g_test_add_func("/text/nearest/tie", test_nearest_tie);
	g_test_add_func("/text/nearest/long", test_nearest_long);
	g_test_add_func("/text/names", test_names);
	g_test_add_func("/text/names-length", test_names_length);
	g_test_add_func("/text/findings/sort", test_findings_sort);
	g_test_add_func("/text/findings/has", test_findings_has);
	return g_test_run();
}
