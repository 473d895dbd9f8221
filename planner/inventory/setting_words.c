/* SPDX-License-Identifier: MIT */
/* Settings that are words of a few. */
#include "planner/base/nearest.h"
#include "planner/inventory/setting_types.h"
#include "topology/facts/node.h"

#include <string.h>

int setting_read_word(SettingInput *input, const char *const *words)
{
	g_autofree char *all = NULL;
	const char *near;

	for (int i = 0; words[i]; i++)
		if (!strcmp(input->text, words[i]))
			return i;
	near = nearest_word(input->text, words);
	all = g_strjoinv(" | ", (char **)words);
	if (near)
		setting_refuse(input, "'%s' is not one of %s; did you mean '%s'?", input->text, all,
			       near);
	else
		setting_refuse(input, "'%s' is not one of %s", input->text, all);
	return -1;
}

static void setting_choice_parse(const Setting *setting, SettingInput *input, void *field)
{
	int word = setting_read_word(input, setting->words);

	if (word >= 0)
		*(unsigned *)field = (unsigned)word;
}

static char *setting_choice_text(const Setting *setting, const void *field)
{
	return g_strdup(setting->words[*(const unsigned *)field]);
}

static json_t *setting_choice_to_json(const Setting *setting, const void *field)
{
	return json_string(setting->words[*(const unsigned *)field]);
}

static bool setting_choice_from_json(const Setting *setting, const json_t *value, void *field)
{
	const char *text = json_string_value(value);

	for (unsigned i = 0; text && setting->words[i]; i++)
		if (!strcmp(text, setting->words[i])) {
			*(unsigned *)field = i;
			return true;
		}
	return false;
}

static char *setting_choice_wanted(const Setting *setting, bool asked)
{
	g_autofree char *all = g_strjoinv("\", \"", (char **)setting->words);

	(void)asked;
	return g_strdup_printf("one of \"%s\"", all);
}

const SettingType setting_choice = {
	.parse = setting_choice_parse,
	.text = setting_choice_text,
	.to_json = setting_choice_to_json,
	.from_json = setting_choice_from_json,
	.wanted = setting_choice_wanted,
	.asked = JSON_STRING,
};

/* Yes and no */

static const char *const setting_no_yes[] = {"no", "yes", NULL};

static void setting_yes_no_parse(const Setting *setting, SettingInput *input, void *field)
{
	int word = setting_read_word(input, setting_no_yes);

	(void)setting;
	if (word >= 0)
		*(bool *)field = word;
}

static char *setting_yes_no_text(const Setting *setting, const void *field)
{
	(void)setting;
	return g_strdup(setting_no_yes[*(const bool *)field]);
}

static json_t *setting_bool_to_json(const Setting *setting, const void *field)
{
	(void)setting;
	return json_boolean(*(const bool *)field);
}

static bool setting_bool_from_json(const Setting *setting, const json_t *value, void *field)
{
	(void)setting;
	if (!json_is_boolean(value))
		return false;
	*(bool *)field = json_is_true(value);
	return true;
}

static char *setting_bool_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	(void)asked;
	return g_strdup("true or false");
}

const SettingType setting_yes_no = {
	.parse = setting_yes_no_parse,
	.text = setting_yes_no_text,
	.to_json = setting_bool_to_json,
	.from_json = setting_bool_from_json,
	.wanted = setting_bool_wanted,
	.asked = JSON_TRUE,
};

static const char *const setting_auto_off_words[] = {"auto", "off", NULL};

static void setting_auto_off_parse(const Setting *setting, SettingInput *input, void *field)
{
	int word;

	if (!strcmp(input->text, "on")) {
		setting_refuse(input, "%s is on where the plan proves it safe: write auto or off",
			       setting->key);
		return;
	}
	word = setting_read_word(input, setting_auto_off_words);
	if (word >= 0)
		*(bool *)field = !word;
}

static char *setting_auto_off_text(const Setting *setting, const void *field)
{
	(void)setting;
	return g_strdup(setting_auto_off_words[!*(const bool *)field]);
}

const SettingType setting_auto_off = {
	.parse = setting_auto_off_parse,
	.text = setting_auto_off_text,
	.to_json = setting_bool_to_json,
	.from_json = setting_bool_from_json,
	.wanted = setting_bool_wanted,
	.asked = JSON_STRING,
};

static void setting_tristate_parse(const Setting *setting, SettingInput *input, void *field)
{
	int word = setting_read_word(input, setting_no_yes);

	(void)setting;
	if (word >= 0)
		*(Tristate *)field = word ? TRISTATE_YES : TRISTATE_NO;
}

static char *setting_tristate_text(const Setting *setting, const void *field)
{
	Tristate value = *(const Tristate *)field;

	(void)setting;
	return value == TRISTATE_UNKNOWN ? NULL : g_strdup(setting_no_yes[value == TRISTATE_YES]);
}

static json_t *setting_tristate_to_json(const Setting *setting, const void *field)
{
	(void)setting;
	return json_boolean(*(const Tristate *)field == TRISTATE_YES);
}

static bool setting_tristate_from_json(const Setting *setting, const json_t *value, void *field)
{
	bool yes;

	if (!setting_bool_from_json(setting, value, &yes))
		return false;
	*(Tristate *)field = yes ? TRISTATE_YES : TRISTATE_NO;
	return true;
}

const SettingType setting_tristate = {
	.parse = setting_tristate_parse,
	.text = setting_tristate_text,
	.to_json = setting_tristate_to_json,
	.from_json = setting_tristate_from_json,
	.wanted = setting_bool_wanted,
	.asked = JSON_TRUE,
};
