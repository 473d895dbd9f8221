/* SPDX-License-Identifier: MIT */
#include "planner/inventory/vm_json.h"
#include "planner/base/json_line.h"
#include "planner/inventory/settings.h"

#include <string.h>

static bool vm_json_unknown(const char *key, const char *const *others, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (; *others; others++)
		g_ptr_array_add(names, (gpointer)*others);
	for (const Setting *setting = vm_settings->settings; setting->key; setting++)
		if (!(setting->flags & SETTING_UNASKED))
			g_ptr_array_add(names, (gpointer)setting_json_name(setting));
	g_ptr_array_add(names, NULL);
	return json_line_unknown(key, (const char *const *)names->pdata, error);
}

static bool vm_json_set(VmSpec *spec, const Setting *setting, const json_t *value, GError **error)
{
	g_autofree char *wanted = setting_from_request(setting, value, spec);

	return !wanted || json_line_refuse(error, "%s: not %s", setting_json_name(setting), wanted);
}

static bool vm_json_read_key(VmSpec *spec, const char *key, const json_t *value,
			     const char *const *others, GError **error)
{
	if (g_strv_contains(others, key))
		return true;
	for (const Setting *setting = vm_settings->settings; setting->key; setting++)
		if (!(setting->flags & SETTING_UNASKED) && !strcmp(setting_json_name(setting), key))
			return vm_json_set(spec, setting, value, error);
	return vm_json_unknown(key, others, error);
}

bool vm_json_read(VmSpec *spec, const json_t *object, const char *const *others, GError **error)
{
	g_autofree char *fault = NULL;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (!vm_json_read_key(spec, key, value, others, error))
			return false;
	if (!spec->vcpus)
		return json_line_refuse(error, "vcpus: missing");
	if (spec->page && !spec->memory)
		return json_line_refuse(error, "hugepages: give memory as well");
	fault = vm_spec_fault(spec);
	return !fault || json_line_refuse(error, "%s", fault);
}

VmSpec *vm_json_named(const json_t *object, GError **error)
{
	const char *id = json_string_value(json_object_get(object, "id"));

	if (!id)
		json_line_refuse(error, "id: missing, or not a string");
	else if (vm_name_fault(id))
		json_line_refuse(error, "id: %s", vm_name_fault(id));
	else
		return vm_spec_new(id);
	return NULL;
}
