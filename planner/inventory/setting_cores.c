/* SPDX-License-Identifier: MIT */
/* Settings that are the cores of a role. */
#include "planner/inventory/inventory.h"
#include "planner/inventory/setting_types.h"

#include <string.h>

/* The host cannot be without a core: the reason is said. */
static void setting_cores_number(const Setting *setting, SettingInput *input, unsigned *cores)
{
	if (setting->least && !strcmp(input->text, "0"))
		setting_refuse(input,
			       "the host keeps the boot CPU's core and one core of each NUMA node, "
			       "so 1 is the least; 'cpus = 0' keeps only the boot CPU's");
	else
		setting_number.parse(setting, input, cores);
}

static void setting_cores_parse(const Setting *setting, SettingInput *input, void *field)
{
	CoreRequest *request = field;

	request->by = setting->way;
	request->line = input->line;
	setting_cores_number(setting, input, &request->cores);
}

static char *setting_cores_text(const Setting *setting, const void *field)
{
	const CoreRequest *request = field;

	return request->by == setting->way ? g_strdup_printf("%u", request->cores) : NULL;
}

const SettingType setting_cores = {
	.parse = setting_cores_parse,
	.text = setting_cores_text,
};

/* "1,0:2,4-5:3": a number for each place, if there is one, and numbers for those that are named */

static int place_order(const void *a, const void *b)
{
	const PlaceCores *one = a, *other = b;

	return one->place < other->place ? -1 : one->place > other->place;
}

/* Each of PLACES gets CORES. */
static void places_add(SettingInput *input, GArray *places, hwloc_const_bitmap_t named,
		       unsigned cores)
{
	unsigned place;

	hwloc_bitmap_foreach_begin(place, named)
		const PlaceCores one = {place, cores};

		for (unsigned i = 0; i < places->len; i++)
			if (g_array_index(places, PlaceCores, i).place == place) {
				setting_refuse(input, "%u is given twice", place);
				return;
			}
		g_array_append_val(places, one);
	hwloc_bitmap_foreach_end();
}

/* ITEM is "4-5:3". */
static void places_parse(const Setting *setting, const SettingInput *input, char *item,
			 GArray *places)
{
	g_autoptr(GError) error = NULL;
	g_auto(CpuSet) named = NULL;
	SettingInput number = *input;
	unsigned cores = 0, faults = input->faults->len;
	char *colon = strchr(item, ':');

	if (!colon) {
		setting_refuse(&number, "'%s' has no ':'; such as 0:2", item);
		return;
	}
	*colon = '\0';
	number.text = colon + 1;
	named = cpulist_parse(item, &error);
	setting_cores_number(setting, &number, &cores);
	if (!named)
		setting_refuse(&number, "%s", error->message);
	else if (hwloc_bitmap_iszero(named))
		setting_refuse(&number, "nothing is before the ':'");
	else if (input->faults->len == faults)
		places_add(&number, places, named, cores);
}

static void setting_place_cores_parse(const Setting *setting, SettingInput *input, void *field)
{
	g_auto(GStrv) items = g_strsplit(input->text, ",", -1);
	CoreRequest *request = field;
	char **item = items;

	request->cores = 0;
	g_clear_pointer(&request->places, g_array_unref);
	if (!strchr(input->text, ':')) {
		setting_cores_parse(setting, input, field);
		return;
	}
	request->by = setting->way;
	request->line = input->line;
	request->places = g_array_new(FALSE, FALSE, sizeof(PlaceCores));
	if (!strchr(*item, ':')) {
		SettingInput each = {g_strstrip(*item++), input->line, input->faults};

		setting_cores_number(setting, &each, &request->cores);
	}
	for (; *item; item++)
		places_parse(setting, input, g_strstrip(*item), request->places);
	g_array_sort(request->places, place_order);
}

static char *setting_place_cores_text(const Setting *setting, const void *field)
{
	const CoreRequest *request = field;
	const PlaceCores *place;
	GString *text;

	if (!request->places || request->by != setting->way)
		return setting_cores_text(setting, field);
	text = g_string_new(NULL);
	place = (const PlaceCores *)request->places->data;
	if (request->cores)
		g_string_append_printf(text, "%u", request->cores);
	for (unsigned first = 0, last; first < request->places->len; first = last + 1) {
		for (last = first; last + 1 < request->places->len &&
				   place[last + 1].place == place[last].place + 1 &&
				   place[last + 1].cores == place[first].cores;)
			last++;
		g_string_append_printf(text, "%s%u", text->len ? "," : "", place[first].place);
		if (last > first)
			g_string_append_printf(text, "-%u", place[last].place);
		g_string_append_printf(text, ":%u", place[first].cores);
	}
	return g_string_free(text, FALSE);
}

const SettingType setting_place_cores = {
	.parse = setting_place_cores_parse,
	.text = setting_place_cores_text,
};

/* Exactly these CPUs */

static void setting_cores_cpus_parse(const Setting *setting, SettingInput *input, void *field)
{
	CoreRequest *request = field;
	hwloc_bitmap_t cpus = setting_read_set(input);

	request->by = setting->way;
	request->line = input->line;
	if (cpus)
		request->cpus = cpus;
}

static char *setting_cores_cpus_text(const Setting *setting, const void *field)
{
	const CoreRequest *request = field;

	return request->by == setting->way ? cpulist_format(request->cpus) : NULL;
}

/* The settings of a request share one field: this one's own() and clear() serve them all. */
static void setting_cores_cpus_own(void *field)
{
	CoreRequest *request = field;

	if (request->cpus)
		request->cpus = hwloc_bitmap_dup(request->cpus);
	if (request->places)
		request->places = g_array_copy(request->places);
}

static void setting_cores_cpus_clear(void *field)
{
	CoreRequest *request = field;

	g_clear_pointer(&request->cpus, hwloc_bitmap_free);
	g_clear_pointer(&request->places, g_array_unref);
}

const SettingType setting_cores_cpus = {
	.parse = setting_cores_cpus_parse,
	.text = setting_cores_cpus_text,
	.own = setting_cores_cpus_own,
	.clear = setting_cores_cpus_clear,
};
