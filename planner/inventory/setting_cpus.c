/* SPDX-License-Identifier: MIT */
/* Settings that are CPUs, one for each vCPU. */
#include "planner/inventory/setting_types.h"

hwloc_bitmap_t setting_read_set(SettingInput *input)
{
	g_autoptr(GError) error = NULL;
	g_auto(CpuSet) set = cpulist_parse(input->text, &error);

	if (!set)
		setting_refuse(input, "%s", error->message);
	else if (hwloc_bitmap_iszero(set))
		setting_refuse(input, "the list is empty; leave the key out instead");
	else
		return g_steal_pointer(&set);
	return NULL;
}

/* A CPU for each vCPU */

static void setting_vcpu_cpus_set(void *field, GArray *cpus)
{
	g_clear_pointer((GArray **)field, g_array_unref);
	*(GArray **)field = cpus;
}

static void setting_vcpu_cpus_parse(const Setting *setting, SettingInput *input, void *field)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) cpus = cpulist_parse_ordered(input->text, &error);

	(void)setting;
	if (!cpus)
		setting_refuse(input, "%s", error->message);
	else if (!cpus->len)
		setting_refuse(input, "the list is empty; leave the key out and planner chooses");
	else
		setting_vcpu_cpus_set(field, g_steal_pointer(&cpus));
}

char *setting_cpus_text(const GArray *cpus)
{
	GString *text = g_string_new(NULL);

	for (unsigned first = 0, last; first < cpus->len; first = last + 1) {
		const unsigned *cpu = &g_array_index(cpus, unsigned, 0);

		for (last = first; last + 1 < cpus->len && cpu[last + 1] == cpu[last] + 1;)
			last++;
		if (last < first + 2) /* two in a row read better as two */
			last = first;
		g_string_append_printf(text, "%s%u", first ? "," : "", cpu[first]);
		if (last > first)
			g_string_append_printf(text, "-%u", cpu[last]);
	}
	return g_string_free(text, FALSE);
}

static char *setting_vcpu_cpus_text(const Setting *setting, const void *field)
{
	const GArray *cpus = *(GArray *const *)field;

	(void)setting;
	return cpus ? setting_cpus_text(cpus) : NULL;
}

static json_t *setting_vcpu_cpus_to_json(const Setting *setting, const void *field)
{
	const GArray *cpus = *(GArray *const *)field;
	json_t *array = json_array();

	(void)setting;
	for (unsigned i = 0; cpus && i < cpus->len; i++)
		json_array_append_new(array, json_integer(g_array_index(cpus, unsigned, i)));
	return array;
}

static bool setting_vcpu_cpus_from_json(const Setting *setting, const json_t *value, void *field)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();

	(void)setting;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *entry = json_array_get(value, i);
		json_int_t number = json_integer_value(entry);
		unsigned cpu = (unsigned)number;

		if (!json_is_integer(entry) || number < 0 || number >= CPULIST_LIMIT ||
		    hwloc_bitmap_isset(seen, cpu))
			return false;
		hwloc_bitmap_set(seen, cpu);
		g_array_append_val(cpus, cpu);
	}
	if (!cpus->len)
		return false;
	setting_vcpu_cpus_set(field, g_steal_pointer(&cpus));
	return true;
}

static char *setting_vcpu_cpus_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	return g_strdup(asked ? "a list of CPUs such as \"4,22\"" : "a list of CPUs, none twice");
}

static void setting_vcpu_cpus_own(void *field)
{
	GArray **cpus = field;

	if (*cpus)
		*cpus = g_array_copy(*cpus);
}

static void setting_vcpu_cpus_clear(void *field)
{
	setting_vcpu_cpus_set(field, NULL);
}

const SettingType setting_vcpu_cpus = {
	.parse = setting_vcpu_cpus_parse,
	.text = setting_vcpu_cpus_text,
	.to_json = setting_vcpu_cpus_to_json,
	.from_json = setting_vcpu_cpus_from_json,
	.wanted = setting_vcpu_cpus_wanted,
	.own = setting_vcpu_cpus_own,
	.clear = setting_vcpu_cpus_clear,
	.asked = JSON_STRING,
};
