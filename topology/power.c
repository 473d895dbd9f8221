/* SPDX-License-Identifier: MIT */
#include "topology/power.h"

#define CPUS "/sys/devices/system/cpu"

static bool state_number(Root *root, const char *folder, unsigned state, const char *name,
			 uint64_t *number)
{
	g_autofree char *path = g_strdup_printf("%s/state%u/%s", folder, state, name);
	g_autofree char *source = g_strdup_printf(CPUS "/cpu*/cpuidle/state*/%s", name);

	return root_number(root, path, source, number);
}

/* The exit latency of the deepest state that is not disabled; states are in order of depth. */
static unsigned deepest_load(Root *root, unsigned cpu)
{
	g_autofree char *folder = g_strdup_printf(CPUS "/cpu%u/cpuidle", cpu);
	g_autoptr(GArray) states = root_numbers(root, folder, "state", CPUS "/cpu*/cpuidle");
	unsigned deepest = G_MAXUINT;

	for (guint i = 0; i < states->len; i++) {
		unsigned state = g_array_index(states, unsigned, i);
		uint64_t latency, disabled = 0;

		if (!state_number(root, folder, state, "latency", &latency))
			continue;
		state_number(root, folder, state, "disable", &disabled);
		if (!disabled && (deepest == G_MAXUINT || latency > deepest))
			deepest = (unsigned)MIN(latency, G_MAXUINT - 1);
	}
	return deepest;
}

static CpuPower cpu_load(Root *root, unsigned cpu)
{
	g_autofree char *path = g_strdup_printf(CPUS "/cpu%u/cpufreq/scaling_governor", cpu);

	return (CpuPower){
		.cpu = cpu,
		.governor = root_text(root, path, CPUS "/cpu*/cpufreq/scaling_governor"),
		.deepest_idle = deepest_load(root, cpu),
	};
}

GArray *power_load(Root *root)
{
	g_autoptr(GArray) cpus = root_numbers(root, CPUS, "cpu", NULL);
	GArray *power;

	if (!cpus->len)
		return NULL;
	power = g_array_new(FALSE, TRUE, sizeof(CpuPower));
	for (guint i = 0; i < cpus->len; i++) {
		CpuPower one = cpu_load(root, g_array_index(cpus, unsigned, i));

		if (one.governor || one.deepest_idle != G_MAXUINT)
			g_array_append_val(power, one);
	}
	if (!power->len)
		g_clear_pointer(&power, g_array_unref);
	return power;
}
