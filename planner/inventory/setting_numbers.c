/* SPDX-License-Identifier: MIT */
/* Settings that are whole numbers. */
#include "planner/inventory/setting_types.h"

static bool setting_number_read(SettingInput *input, unsigned least, unsigned most,
				unsigned *number)
{
	guint64 n;

	if (!g_ascii_isdigit(*input->text) ||
	    !g_ascii_string_to_unsigned(input->text, 10, least, most, &n, NULL)) {
		setting_refuse(input, "'%s' is not a whole number from %u to %u", input->text,
			       least, most);
		return false;
	}
	*number = (unsigned)n;
	return true;
}

static void setting_number_parse(const Setting *setting, SettingInput *input, void *field)
{
	setting_number_read(input, setting->least, setting->most, field);
}

static char *setting_number_text(const Setting *setting, const void *field)
{
	(void)setting;
	return g_strdup_printf("%u", *(const unsigned *)field);
}

static json_t *setting_number_to_json(const Setting *setting, const void *field)
{
	(void)setting;
	return json_integer(*(const unsigned *)field);
}

static bool setting_number_from_json(const Setting *setting, const json_t *value, void *field)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < setting->least || number > setting->most)
		return false;
	*(unsigned *)field = (unsigned)number;
	return true;
}

static char *setting_number_wanted(const Setting *setting, bool asked)
{
	(void)asked;
	return g_strdup_printf("a whole number from %u to %u", setting->least, setting->most);
}

const SettingType setting_number = {
	.parse = setting_number_parse,
	.text = setting_number_text,
	.to_json = setting_number_to_json,
	.from_json = setting_number_from_json,
	.wanted = setting_number_wanted,
	.asked = JSON_INTEGER,
};

static void setting_ratio_parse(const Setting *setting, SettingInput *input, void *field)
{
	unsigned number;

	if (setting_number_read(input, setting->least, setting->most, &number))
		*(double *)field = number;
}

static char *setting_ratio_text(const Setting *setting, const void *field)
{
	double ratio = *(const double *)field;

	(void)setting;
	return ratio > 0 ? g_strdup_printf("%.0f", ratio) : NULL;
}

static json_t *setting_ratio_to_json(const Setting *setting, const void *field)
{
	(void)setting;
	return json_integer((json_int_t) * (const double *)field);
}

static bool setting_ratio_from_json(const Setting *setting, const json_t *value, void *field)
{
	unsigned number;

	if (!setting_number_from_json(setting, value, &number))
		return false;
	*(double *)field = number;
	return true;
}

const SettingType setting_ratio = {
	.parse = setting_ratio_parse,
	.text = setting_ratio_text,
	.to_json = setting_ratio_to_json,
	.from_json = setting_ratio_from_json,
	.wanted = setting_number_wanted,
	.asked = JSON_INTEGER,
};

static void setting_index_parse(const Setting *setting, SettingInput *input, void *field)
{
	unsigned number;

	if (setting_number_read(input, setting->least, setting->most, &number))
		*(int *)field = (int)number;
}

static char *setting_index_text(const Setting *setting, const void *field)
{
	int index = *(const int *)field;

	(void)setting;
	return index < 0 ? NULL : g_strdup_printf("%d", index);
}

static json_t *setting_index_to_json(const Setting *setting, const void *field)
{
	(void)setting;
	return json_integer(*(const int *)field);
}

static bool setting_index_from_json(const Setting *setting, const json_t *value, void *field)
{
	unsigned number;

	if (!setting_number_from_json(setting, value, &number))
		return false;
	*(int *)field = (int)number;
	return true;
}

const SettingType setting_index = {
	.parse = setting_index_parse,
	.text = setting_index_text,
	.to_json = setting_index_to_json,
	.from_json = setting_index_from_json,
	.wanted = setting_number_wanted,
	.asked = JSON_INTEGER,
};
