/* SPDX-License-Identifier: MIT */
/* Settings that are of a VM's vCPUs: some of them by number, and how they are scheduled. */
#include "planner/inventory/setting_types.h"
#include "topology/base/cpulist.h"
#include "topology/base/scheduler.h"

/* Some vCPUs */

static void setting_vcpus_parse(const Setting *setting, SettingInput *input, void *field)
{
	hwloc_bitmap_t vcpus = setting_read_set(input);

	(void)setting;
	if (vcpus) {
		hwloc_bitmap_free(*(hwloc_bitmap_t *)field);
		*(hwloc_bitmap_t *)field = vcpus;
	}
}

static char *setting_vcpus_text(const Setting *setting, const void *field)
{
	hwloc_const_bitmap_t vcpus = *(hwloc_bitmap_t const *)field;

	(void)setting;
	return vcpus ? cpulist_format(vcpus) : NULL;
}

static json_t *setting_vcpus_to_json(const Setting *setting, const void *field)
{
	g_autofree char *text = setting_vcpus_text(setting, field);

	return json_string(text ? text : "");
}

/* A string, taken as the inventory has it. */
bool setting_from_text(const Setting *setting, const json_t *value, void *field)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	SettingInput input = {json_string_value(value), 0, faults};

	if (!input.text)
		return false;
	setting->type->parse(setting, &input, field);
	return !faults->len;
}

static char *setting_vcpus_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	(void)asked;
	return g_strdup("a list of vCPUs such as \"1-3\"");
}

static void setting_vcpus_own(void *field)
{
	hwloc_bitmap_t *vcpus = field;

	if (*vcpus)
		*vcpus = hwloc_bitmap_dup(*vcpus);
}

static void setting_vcpus_clear(void *field)
{
	g_clear_pointer((hwloc_bitmap_t *)field, hwloc_bitmap_free);
}

const SettingType setting_vcpus = {
	.parse = setting_vcpus_parse,
	.text = setting_vcpus_text,
	.to_json = setting_vcpus_to_json,
	.from_json = setting_from_text,
	.wanted = setting_vcpus_wanted,
	.own = setting_vcpus_own,
	.clear = setting_vcpus_clear,
	.asked = JSON_STRING,
};

/* How they are scheduled */

static void setting_scheduler_parse(const Setting *setting, SettingInput *input, void *field)
{
	g_auto(GStrv) parts = g_strsplit(input->text, ":", 2);
	Scheduler scheduler = {scheduler_policy_find(parts[0]), 0};
	guint64 priority;

	(void)setting;
	if (!scheduler_realtime(&scheduler) || !parts[1] || !g_ascii_isdigit(*parts[1]) ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 1, SCHEDULER_PRIORITY_MAX, &priority, NULL)) {
		setting_refuse(input,
			       "'%s' is neither fifo:PRIORITY nor rr:PRIORITY, 1 to %d; such as "
			       "fifo:1",
			       input->text, SCHEDULER_PRIORITY_MAX);
		return;
	}
	scheduler.priority = (unsigned)priority;
	*(Scheduler *)field = scheduler;
}

static char *setting_scheduler_text(const Setting *setting, const void *field)
{
	const Scheduler *scheduler = field;

	(void)setting;
	return scheduler_realtime(scheduler) ? scheduler_text(scheduler) : NULL;
}

static json_t *setting_scheduler_to_json(const Setting *setting, const void *field)
{
	g_autofree char *text = setting_scheduler_text(setting, field);

	return json_string(text ? text : "");
}

static char *setting_scheduler_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	(void)asked;
	return g_strdup("a scheduler and its priority such as \"fifo:1\"");
}

const SettingType setting_scheduler = {
	.parse = setting_scheduler_parse,
	.text = setting_scheduler_text,
	.to_json = setting_scheduler_to_json,
	.from_json = setting_from_text,
	.wanted = setting_scheduler_wanted,
	.asked = JSON_STRING,
};
