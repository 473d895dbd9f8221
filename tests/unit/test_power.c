/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/power.h"

#define CPU "sys/devices/system/cpu/cpu0/"

static void states_put(const char *directory, const char *limit)
{
	static const char *const files[][2] = {
		{CPU "cpufreq/scaling_governor", "powersave\n"},
		{CPU "cpufreq/scaling_driver", "acpi-cpufreq\n"},
		{CPU "cpuidle/state0/latency", "0\n"},
		{CPU "cpuidle/state0/disable", "0\n"},
		{CPU "cpuidle/state1/latency", "10\n"},
		{CPU "cpuidle/state1/disable", "0\n"},
		{CPU "cpuidle/state2/latency", "133\n"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++)
		scratch_put(directory, files[i][0], files[i][1]);
	scratch_put(directory, CPU "power/pm_qos_resume_latency_us", limit);
}

/* Of one CPU whose deep state may be switched off, and whose latency may be limited. */
static void test_idle(void)
{
	static const struct {
		const char *limit, *disable;
		unsigned deepest;
		bool limited;
	} rows[] = {
		{"0\n", "0\n", 133, false},    {"0\n", "1\n", 10, true},
		{"133\n", "0\n", 133, false},  {"132\n", "0\n", 10, true},
		{"n/a\n", "0\n", 0, true},     {"nonsense\n", "0\n", 133, false},
		{"\xff\n", "0\n", 133, false}, {"-1\n", "0\n", 133, false},
	};
	g_autofree char *directory = scratch_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Root) root = NULL;
		g_autoptr(GArray) power = NULL;
		CpuPower *cpu;

		states_put(directory, rows[i].limit);
		scratch_put(directory, CPU "cpuidle/state2/disable", rows[i].disable);
		root = root_open(directory, 0, NULL);
		power = power_load(root, NULL);
		g_assert_cmpuint(power->len, ==, 1);
		cpu = &g_array_index(power, CpuPower, 0);
		g_assert_cmpuint(cpu->deepest_idle, ==, rows[i].deepest);
		g_assert_cmpint(cpu->idle_limited, ==, rows[i].limited);
		g_assert_cmpstr(cpu->governor, ==, "powersave");
		g_assert_cmpstr(cpu->driver, ==, "acpi-cpufreq");
	}
	scratch_remove(directory);
}

/* An offline CPU's files are there and answer with an error. */
static void test_offline(void)
{
	g_autofree char *directory = scratch_new();
	g_auto(CpuSet) offline = hwloc_bitmap_alloc();

	states_put(directory, "0\n");
	scratch_put(directory, "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor/x", "");
	hwloc_bitmap_set(offline, 1);
	for (unsigned asked = 0; asked < 2; asked++) {
		g_autoptr(Root) root = root_open(directory, 0, NULL);
		g_autoptr(GArray) power = power_load(root, asked ? NULL : offline);
		g_autoptr(GPtrArray) unread = root_unread(root);

		g_assert_cmpuint(power->len, ==, 1);
		g_assert_cmpuint(unread->len, ==, asked);
	}
	scratch_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/power/idle", test_idle);
	g_test_add_func("/power/offline", test_offline);
	return g_test_run();
}
