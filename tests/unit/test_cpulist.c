/* SPDX-License-Identifier: MIT */
#include "topology/base/cpulist.h"
#include "topology/base/error.h"

#include <string.h>

/* What must be accepted, and the shortest form of it. */
static const struct {
	const char *text, *canonical;
} accepted[] = {
	{"", ""},
	{"0", "0"},
	{"8191", "8191"},
	{"0-3", "0-3"},
	{"0-3,99", "0-3,99"},
	{"3-3", "3"},
	{"0-3,18-21,36-39,54-57", "0-3,18-21,36-39,54-57"},
	{"5,3,4", "3-5"},
	{"1,1,0-2", "0-2"},
	{"010", "10"}, /* decimal, as in the kernel; strtoul base 0 says 8 */
	{"0-0007", "0-7"},
	{"0-31:2/4", "0-1,4-5,8-9,12-13,16-17,20-21,24-25,28-29"},
	{"0-7:1/2", "0,2,4,6"},
	{"1-8:1/2", "1,3,5,7"},
	{"0-9:3/4", "0-2,4-6,8-9"}, /* the last group is cut off */
	{"0-3:4/4", "0-3"},
	{"0-3:0/4", ""}, /* legal in the kernel: of each group none */
	{"4-7:1/1000000", "4"},
	{"0-8191", "0-8191"},
};

/* What some parser takes, and this one must not. */
static const char *const refused[] = {
	"5-3",
	"3x5",
	"1 2",
	" 1",
	"1 ",
	"1\n",
	"1,\n2",
	"2-",
	"-2",
	"-",
	",",
	"1,",
	",1",
	"1,,2",
	"0-31:2",
	"0-31:2/",
	"0-31:/4",
	"0-31:2/0",
	"0-31:0/0",
	"0-31:5/4",
	"5:1/2",
	"0-3:1/2:1/2",
	"all",
	"ALL",
	"N",
	"0-N",
	"none",
	"^1",
	"0-3,^1",
	"!1",
	"0x3",
	"0x",
	"ff",
	"1f",
	"+1",
	"0-+3",
	"--3",
	"1--3",
	"1-2-3",
	"8192",
	"0-8192",
	"8192-8193",
	"4294967296",
	"4294967297",
	"18446744073709551616",
	"18446744073709551617",
	"99999999999999999999999999999999999999",
	"0-7:1/4294967296",
	"0-7:1/18446744073709551617",
	"1;2",
	"1.5",
	"1e3",
	"1/2",
	"1:2",
	"１",
	"\xff",
	"0-3,5-4",
	"0\t",
	"0,1,a",
	"(null)",
	"managed_irq,1",
};

static void test_accepted(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(accepted); i++) {
		g_autoptr(GError) error = NULL;
		g_auto(CpuSet) set = cpulist_parse(accepted[i].text, &error);
		g_autofree char *text = NULL;

		g_assert_no_error(error);
		g_assert_nonnull(set);
		text = cpulist_format(set);
		g_assert_cmpstr(text, ==, accepted[i].canonical);
	}
}

static void assert_refused(GError *error, const char *text)
{
	if (!error)
		g_test_message("accepted: '%s'", text);
	g_assert_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_null(strpbrk(error->message, "\n\r\t"));
}

static void test_refused(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL, ordered_error = NULL;

		g_assert_null(cpulist_parse(refused[i], &error));
		assert_refused(error, refused[i]);
		g_assert_null(cpulist_parse_ordered(refused[i], &ordered_error));
		assert_refused(ordered_error, refused[i]);
		g_assert_null(cpulist_parse(refused[i], NULL)); /* who does not ask why */
	}
}

/* The message names the one region that is wrong, however long the list. */
static void test_message(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cpulist_parse("0-3,9-7,12", &error));
	g_assert_cmpstr(error->message, ==, "'9-7' is descending: write the lower CPU first");
}

static void test_ordered(void)
{
	static const unsigned expected[] = {10, 46, 11, 12, 20, 22};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) cpus = cpulist_parse_ordered("10,46,11-12,20-23:1/2", &error);
	g_autoptr(GArray) none = cpulist_parse_ordered("", NULL);

	g_assert_no_error(error);
	g_assert_cmpmem(cpus->data, cpus->len * sizeof(unsigned), expected, sizeof(expected));
	g_assert_cmpuint(none->len, ==, 0);
	g_assert_null(cpulist_parse_ordered("10,46,9-11", &error));
	assert_refused(error, "10,46,9-11");
	g_assert_cmpstr(error->message, ==, "CPU 10 is named twice");
}

static void test_ordered_equal(void)
{
	g_autoptr(GArray) some = cpulist_parse_ordered("10,46", NULL);
	g_autoptr(GArray) same = cpulist_parse_ordered("10,46", NULL);
	g_autoptr(GArray) turned = cpulist_parse_ordered("46,10", NULL);
	g_autoptr(GArray) fewer = cpulist_parse_ordered("10", NULL);
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_autoptr(GArray) empty = g_array_new(FALSE, FALSE, sizeof(unsigned));

	g_assert_true(cpulist_ordered_equal(some, same));
	g_assert_false(cpulist_ordered_equal(some, turned));
	g_assert_false(cpulist_ordered_equal(some, fewer));
	g_assert_false(cpulist_ordered_equal(some, none));
	g_assert_true(cpulist_ordered_equal(none, empty));
}

static hwloc_bitmap_t random_set(void)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	int limit = g_test_rand_int_range(1, CPULIST_LIMIT + 1);

	for (int n = g_test_rand_int_range(0, 40); n > 0; n--) {
		int first = g_test_rand_int_range(0, limit);

		hwloc_bitmap_set_range(set, (unsigned)first,
				       MIN(first + g_test_rand_int_range(0, 9), limit - 1));
	}
	return set;
}

static void test_round_trip(void)
{
	for (int i = 0; i < 2000; i++) {
		g_auto(CpuSet) set = random_set();
		g_autofree char *text = cpulist_format(set);
		g_auto(CpuSet) again = cpulist_parse(text, NULL);

		g_assert_nonnull(again);
		g_assert_true(hwloc_bitmap_isequal(set, again));
	}
}

/* a-b:used/group against the words of the kernel's documentation, CPU by CPU. */
static void test_groups(void)
{
	for (int i = 0; i < 2000; i++) {
		unsigned first = (unsigned)g_test_rand_int_range(0, 300);
		unsigned last = first + (unsigned)g_test_rand_int_range(0, 300);
		unsigned group = (unsigned)g_test_rand_int_range(1, 40);
		unsigned used = (unsigned)g_test_rand_int_range(0, (gint32)group + 1);
		g_autofree char *text = g_strdup_printf("%u-%u:%u/%u", first, last, used, group);
		g_auto(CpuSet) set = cpulist_parse(text, NULL);
		g_auto(CpuSet) expected = hwloc_bitmap_alloc();

		for (unsigned start = first; start <= last; start += group)
			for (unsigned cpu = start; cpu < start + used && cpu <= last; cpu++)
				hwloc_bitmap_set(expected, cpu);
		g_assert_true(hwloc_bitmap_isequal(set, expected));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cpulist/accepted", test_accepted);
	g_test_add_func("/cpulist/refused", test_refused);
	g_test_add_func("/cpulist/message", test_message);
	g_test_add_func("/cpulist/ordered", test_ordered);
	g_test_add_func("/cpulist/ordered-equal", test_ordered_equal);
	g_test_add_func("/cpulist/round-trip", test_round_trip);
	g_test_add_func("/cpulist/groups", test_groups);
	return g_test_run();
}
