/* SPDX-License-Identifier: MIT */
#include "topology/facts/power.h"

#define CPUS "/sys/devices/system/cpu"

static bool state_number(Root *root, const char *folder, unsigned state, const char *name,
			 uint64_t *number)
{
	g_autofree char *path = g_strdup_printf("%s/state%u/%s", folder, state, name);
	g_autofree char *source = g_strdup_printf(CPUS "/cpu*/cpuidle/state*/%s", name);

	return root_number(root, path, source, number);
}

/* µs that this CPU may take to wake: none is "n/a", no limit is 0 (cpuidle.rst). */
static uint64_t latency_limit(Root *root, unsigned cpu)
{
	const char *source = CPUS "/cpu*/power/pm_qos_resume_latency_us";
	g_autofree char *path = g_strdup_printf(CPUS "/cpu%u/power/pm_qos_resume_latency_us", cpu);
	g_autofree char *text = root_text(root, path, source);
	uint64_t limit;

	if (!text || g_str_equal(text, "0"))
		return G_MAXUINT64;
	if (g_str_equal(text, "n/a"))
		return 0;
	if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT64, &limit, NULL))
		return limit;
	root_note_text(root, source, "does not hold a number");
	return G_MAXUINT64;
}

static void idle_load(Root *root, CpuPower *power)
{
	g_autofree char *folder = g_strdup_printf(CPUS "/cpu%u/cpuidle", power->cpu);
	g_autoptr(GArray) states = root_numbers(root, folder, "state", CPUS "/cpu*/cpuidle");
	uint64_t limit = states->len ? latency_limit(root, power->cpu) : 0, deepest = 0, most = 0;

	for (guint i = 0; i < states->len; i++) {
		unsigned state = g_array_index(states, unsigned, i);
		uint64_t latency, disabled = 0;

		if (!state_number(root, folder, state, "latency", &latency))
			continue;
		state_number(root, folder, state, "disable", &disabled);
		most = MAX(most, latency);
		if (!disabled && latency <= limit)
			deepest = MAX(deepest, latency);
	}
	power->deepest_idle = states->len ? (unsigned)MIN(deepest, G_MAXUINT - 1) : G_MAXUINT;
	power->idle_limited = most > deepest;
}

static char *frequency_text(Root *root, unsigned cpu, const char *name)
{
	g_autofree char *path = g_strdup_printf(CPUS "/cpu%u/cpufreq/%s", cpu, name);
	g_autofree char *source = g_strdup_printf(CPUS "/cpu*/cpufreq/%s", name);

	return root_text(root, path, source);
}

static void power_clear(gpointer data)
{
	CpuPower *power = data;

	g_free(power->governor);
	g_free(power->driver);
}

GArray *power_load(Root *root, hwloc_const_bitmap_t offline)
{
	g_autoptr(GArray) cpus = root_numbers(root, CPUS, "cpu", NULL);
	GArray *power;

	if (!cpus->len)
		return NULL;
	power = g_array_new(FALSE, TRUE, sizeof(CpuPower));
	g_array_set_clear_func(power, power_clear);
	for (guint i = 0; i < cpus->len; i++) {
		unsigned cpu = g_array_index(cpus, unsigned, i);
		CpuPower one = {.cpu = cpu};

		if (offline && hwloc_bitmap_isset(offline, cpu))
			continue;
		one.governor = frequency_text(root, cpu, "scaling_governor");
		one.driver = frequency_text(root, cpu, "scaling_driver");
		idle_load(root, &one);
		if (one.governor || one.deepest_idle != G_MAXUINT)
			g_array_append_val(power, one);
		else
			power_clear(&one);
	}
	if (!power->len)
		g_clear_pointer(&power, g_array_unref);
	return power;
}

/* Machines without either have no such files. */
const FactSource power_sources[] = {
	{FACT_POWER, {CPUS "/cpu*/cpufreq", CPUS "/cpu*/cpuidle", CPUS "/cpu*/power"}, NULL},
	{0},
};
