/* SPDX-License-Identifier: MIT */
/* Tracing without a kernel: words, and what it says where there is nothing to trace with. A real
 * kernel's is tests/e2e-kvm.t. */
#include "topology/facts/tracing.h"

#include <string.h>

static void test_mounted(void)
{
	static const char none[] =
		"proc /proc proc rw 0 0\ntracefs /x tmpfs rw 0 0\n\nshort tracefs";
	static const char twice[] = "tracefs /sys/kernel/tracing tracefs rw 0 0\n"
				    "t /run/a\\040b tracefs rw,nosuid 0 0\n";
	g_autofree char *place = tracing_mounted(twice);

	g_assert_null(tracing_mounted(none));
	g_assert_cmpstr(place, ==, "/run/a b");
}

static void test_filter(void)
{
	static const char *const told[][2] = {
		{"2-5", "common_cpu >= 2 && common_cpu <= 5"},
		{"3", "common_cpu == 3"},
		{"0-1,4,6-7",
		 "common_cpu >= 0 && common_cpu <= 1 || common_cpu == 4 || common_cpu >= 6 && "
		 "common_cpu <= 7"},
		{"", ""}};

	for (unsigned i = 0; i < G_N_ELEMENTS(told); i++) {
		g_auto(CpuSet) cpus = cpulist_parse(told[i][0], NULL);
		g_autofree char *filter = tracing_filter("common_cpu", cpus);

		g_assert_cmpstr(filter, ==, told[i][1]);
	}
}

/* The kernel keeps a trigger that another refers to: whoever refers is set later, and taken first.
 */
static void test_order(void)
{
	unsigned variable = 0, synthetic = 0, refers = 0;

	for (unsigned i = 0; tracing_events[i].name; i++) {
		const TraceEvent *event = &tracing_events[i];
		g_auto(GStrv) parts = g_strsplit(event->trigger, ":", 3);
		g_auto(GStrv) keys = g_strsplit(parts[1], ",", -1);

		g_assert_cmpstr(parts[0], ==, "hist");
		g_assert_cmpuint(g_strv_length(keys), <=, 3);
		variable = strstr(event->trigger, "ts0=") ? i : variable;
		synthetic = g_str_equal(event->name, TRACING_EXIT) ? i : synthetic;
		refers = strstr(event->trigger, "onmatch(") ? i : refers;
	}
	g_assert_cmpuint(variable, >, 0);
	g_assert_cmpuint(synthetic, >, variable);
	g_assert_cmpuint(refers, >, synthetic);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tracing/mounted", test_mounted);
	g_test_add_func("/tracing/filter", test_filter);
	g_test_add_func("/tracing/order", test_order);
	return g_test_run();
}
