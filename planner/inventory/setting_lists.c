/* SPDX-License-Identifier: MIT */
/* Settings that are lists of words: devices, flags, kernel parameters. */
#include "planner/base/nearest.h"
#include "planner/inventory/setting_types.h"
#include "planner/kernel/cmdline.h"

#include <string.h>

/* Words of the value between the characters of SEPARATORS, empty ones dropped. */
static char **setting_list_words(const char *value, const char *separators)
{
	g_auto(GStrv) parts = g_strsplit_set(value, separators, -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (char **part = parts; *part; part++)
		if (*g_strstrip(*part))
			g_strv_builder_add(builder, *part);
	return g_strv_builder_end(builder);
}

/* WORDS are the field's from now on. */
static void setting_list_set(void *field, char **words)
{
	g_strfreev(*(char ***)field);
	*(char ***)field = words;
}

static json_t *setting_list_to_json(const Setting *setting, const void *field)
{
	json_t *array = json_array();

	(void)setting;
	for (char **word = *(char **const *)field; word && *word; word++)
		json_array_append_new(array, json_string(*word));
	return array;
}

static bool setting_list_from_json(const Setting *setting, const json_t *value, void *field)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	(void)setting;
	if (!json_is_array(value))
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *word = json_string_value(json_array_get(value, i));

		if (!word)
			return false;
		g_strv_builder_add(builder, word);
	}
	setting_list_set(field, g_strv_builder_end(builder));
	return true;
}

static char *setting_list_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	return g_strdup(asked ? "a string" : "a list of strings");
}

static void setting_list_own(void *field)
{
	*(char ***)field = g_strdupv(*(char ***)field);
}

static void setting_list_clear(void *field)
{
	setting_list_set(field, NULL);
}

/* Devices */

static void setting_devices_parse(const Setting *setting, SettingInput *input, void *field)
{
	g_auto(GStrv) names = setting_list_words(input->text, ",");

	(void)setting;
	for (char **name = names; *name; name++)
		if (strpbrk(*name, " \t")) {
			setting_refuse(input, "'%s' is not a device; write commas between devices",
				       *name);
			return;
		}
	if (!*names)
		setting_refuse(input, "names no device");
	else
		setting_list_set(field, g_steal_pointer(&names));
}

static char *setting_devices_text(const Setting *setting, const void *field)
{
	char **names = *(char **const *)field;

	(void)setting;
	return names ? g_strjoinv(", ", names) : NULL;
}

const SettingType setting_devices = {
	.parse = setting_devices_parse,
	.text = setting_devices_text,
	.to_json = setting_list_to_json,
	.from_json = setting_list_from_json,
	.wanted = setting_list_wanted,
	.own = setting_list_own,
	.clear = setting_list_clear,
	.asked = JSON_STRING,
};

/* Flags of isolcpus=, kernel/sched/isolation.c. The nohz flag is refused: before 6.15 it sets only
 * the tick's mask, and nohz_full= says all of what it is meant for. */

static void setting_flags_parse(const Setting *setting, SettingInput *input, void *field)
{
	static const char *const known[] = {"managed_irq", "domain", NULL};
	char **flags = setting_list_words(input->text, ",");

	(void)setting;
	for (char **flag = flags; *flag; flag++) {
		SettingInput one = {*flag, input->line, input->faults};

		if (!strcmp(*flag, "nohz"))
			setting_refuse(
				input,
				"'nohz' is not allowed here: planner writes nohz_full= itself");
		else
			setting_read_word(&one, known);
	}
	setting_list_set(field, flags);
}

static char *setting_flags_text(const Setting *setting, const void *field)
{
	char **flags = *(char **const *)field;

	(void)setting;
	return flags ? g_strjoinv(",", flags) : NULL;
}

const SettingType setting_flags = {
	.parse = setting_flags_parse,
	.text = setting_flags_text,
	.to_json = setting_list_to_json,
	.from_json = setting_list_from_json,
	.wanted = setting_list_wanted,
	.own = setting_list_own,
	.clear = setting_list_clear,
	.asked = JSON_STRING,
};

/* Parameters of the kernel */

/* Names the kernel takes as the same: '-' and '_' are equal in parameter names (kernel/params.c).
 */
static char *setting_parameter_name(const char *parameter)
{
	char *name = g_strndup(parameter, strcspn(parameter, "="));

	return g_strdelimit(name, "-", '_');
}

static void setting_parameter_check(SettingInput *input, const char *parameter)
{
	g_autofree char *name = setting_parameter_name(parameter);
	const char *near = nearest_word(name, cmdline_cpu_names);

	for (const char *c = parameter; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("-_.,:=/@+%*~^", *c)) {
			setting_refuse(input, "'%.*s' is not safe on a kernel line",
				       (int)(g_utf8_next_char(c) - c), c);
			return;
		}
	if (!*name)
		setting_refuse(input, "'%s' has no name before its '='", parameter);
	else if (!strcmp(name, "__"))
		setting_refuse(input, "'--' ends the kernel's part of the line");
	else if (cmdline_listed(cmdline_cpu_names, name))
		setting_refuse(input, "%s= is written by planner", name);
	else if (near)
		setting_refuse(
			input,
			"'%s' is not a kernel parameter; did you mean %s, which planner writes?",
			name, near);
}

static void setting_parameters_parse(const Setting *setting, SettingInput *input, void *field)
{
	char **parameters = setting_list_words(input->text, " \t");

	(void)setting;
	for (char **parameter = parameters; *parameter; parameter++)
		setting_parameter_check(input, *parameter);
	setting_list_set(field, parameters);
}

static char *setting_parameters_text(const Setting *setting, const void *field)
{
	char **parameters = *(char **const *)field;

	(void)setting;
	return parameters && *parameters ? g_strjoinv(" ", parameters) : NULL;
}

const SettingType setting_parameters = {
	.parse = setting_parameters_parse,
	.text = setting_parameters_text,
	.to_json = setting_list_to_json,
	.from_json = setting_list_from_json,
	.wanted = setting_list_wanted,
	.own = setting_list_own,
	.clear = setting_list_clear,
	.asked = JSON_STRING,
};
