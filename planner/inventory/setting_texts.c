/* SPDX-License-Identifier: MIT */
/* Settings that are text of one's own: names, versions. */
#include "planner/base/version.h"
#include "planner/inventory/setting_types.h"
#include "planner/inventory/vm_name.h"

static char *setting_text_text(const Setting *setting, const void *field)
{
	(void)setting;
	return g_strdup(*(char *const *)field);
}

static json_t *setting_text_to_json(const Setting *setting, const void *field)
{
	const char *text = *(char *const *)field;

	(void)setting;
	return text ? json_string(text) : json_null();
}

static void setting_text_set(void *field, const char *text)
{
	g_free(*(char **)field);
	*(char **)field = g_strdup(text);
}

static bool setting_text_from_json(const Setting *setting, const json_t *value, void *field)
{
	(void)setting;
	if (!json_is_string(value) && !json_is_null(value))
		return false;
	setting_text_set(field, json_string_value(value));
	return true;
}

static char *setting_text_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	(void)asked;
	return g_strdup("a string");
}

static void setting_text_own(void *field)
{
	*(char **)field = g_strdup(*(char **)field);
}

static void setting_text_clear(void *field)
{
	g_clear_pointer((char **)field, g_free);
}

static void setting_name_parse(const Setting *setting, SettingInput *input, void *field)
{
	const char *fault = vm_name_fault(input->text);

	(void)setting;
	if (fault)
		setting_refuse(input, "the name %s", fault);
	else
		setting_text_set(field, input->text);
}

const SettingType setting_name = {
	.parse = setting_name_parse,
	.text = setting_text_text,
	.to_json = setting_text_to_json,
	.from_json = setting_text_from_json,
	.wanted = setting_text_wanted,
	.own = setting_text_own,
	.clear = setting_text_clear,
	.asked = JSON_STRING,
};

static void setting_version_parse(const Setting *setting, SettingInput *input, void *field)
{
	(void)setting;
	if (version_valid(input->text))
		setting_text_set(field, input->text);
	else
		setting_refuse(input, "'%s' is not a version such as 6.2.0", input->text);
}

const SettingType setting_version = {
	.parse = setting_version_parse,
	.text = setting_text_text,
	.to_json = setting_text_to_json,
	.from_json = setting_text_from_json,
	.wanted = setting_text_wanted,
	.own = setting_text_own,
	.clear = setting_text_clear,
	.asked = JSON_STRING,
};
