/* SPDX-License-Identifier: MIT */
#include "planner/inventory/setting.h"

#include <string.h>

const Setting *setting_find(const SettingTable *table, const char *key)
{
	for (const Setting *setting = table->settings; setting->key; setting++)
		if (!strcmp(setting->key, key))
			return setting;
	return NULL;
}

const char *setting_json_name(const Setting *setting)
{
	return setting->json ? setting->json : setting->key;
}

void *setting_field(const Setting *setting, void *object)
{
	return (char *)object + setting->offset;
}

static const void *setting_value(const Setting *setting, const void *object)
{
	return (const char *)object + setting->offset;
}

/* The inventory's words */

void setting_refuse(SettingInput *input, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(input->faults, g_strdup_vprintf(format, args));
	va_end(args);
}

void setting_parse(const Setting *setting, void *object, const char *text, int line,
		   GPtrArray *faults)
{
	SettingInput input = {text, line, faults};

	setting->type->parse(setting, &input, setting_field(setting, object));
}

static char *setting_words(const Setting *setting, const void *object)
{
	return setting->type->text(setting, setting_value(setting, object));
}

bool setting_equal(const Setting *setting, const void *a, const void *b)
{
	g_autofree char *one = setting_words(setting, a), *other = setting_words(setting, b);

	return !g_strcmp0(one, other);
}

bool setting_standard(const SettingTable *table, const Setting *setting, const void *object)
{
	return setting_equal(setting, object, table->standard);
}

char *setting_text(const SettingTable *table, const Setting *setting, const void *object)
{
	if (!(setting->flags & SETTING_ALWAYS) && setting_standard(table, setting, object))
		return NULL;
	return setting_words(setting, object);
}

char *setting_shown(const Setting *setting, const void *object)
{
	char *text = setting_words(setting, object);

	return text ? text : g_strdup(setting->told ? "not known" : "none");
}

/* JSON */

json_t *setting_to_json(const Setting *setting, const void *object)
{
	return setting->type->to_json(setting, setting_value(setting, object));
}

char *setting_from_json(const Setting *setting, const json_t *value, void *object)
{
	return setting->type->from_json(setting, value, setting_field(setting, object))
		       ? NULL
		       : setting->type->wanted(setting, false);
}

void settings_to_json(const SettingTable *table, const void *object, bool in_document, json_t *into)
{
	for (const Setting *setting = table->settings; setting->key; setting++) {
		const char *name = setting_json_name(setting);

		if (setting->flags & SETTING_DERIVED_DOCUMENT || json_object_get(into, name) ||
		    in_document != !!(setting->flags & SETTING_IN_DOCUMENT))
			continue;
		if (in_document || !setting_standard(table, setting, object))
			json_object_set_new(into, name, setting_to_json(setting, object));
	}
}

/* That VALUE is not what is WANTED. */
static char *setting_fault(const Setting *setting, const json_t *value, const char *wanted)
{
	const char *name = setting_json_name(setting);

	return json_is_string(value) ? g_strdup_printf("'%s' is '%s', not %s", name,
						       json_string_value(value), wanted)
				     : g_strdup_printf("'%s' is not %s", name, wanted);
}

char *settings_from_json(const SettingTable *table, const json_t *document, void *object)
{
	for (const Setting *setting = table->settings; setting->key; setting++) {
		const json_t *value = json_object_get(document, setting_json_name(setting));
		g_autofree char *wanted = NULL;

		if (setting->flags & SETTING_DERIVED_DOCUMENT ||
		    (!value && !(setting->flags & SETTING_IN_DOCUMENT)))
			continue;
		wanted = setting_from_json(setting, value, object);
		if (wanted)
			return setting_fault(setting, value, wanted);
	}
	return NULL;
}

/* VALUE as the inventory has it, yours; NULL where it is not of the type. */
static char *setting_request_text(const SettingType *type, const json_t *value)
{
	if (type->asked == JSON_TRUE)
		return json_is_boolean(value) ? g_strdup(json_is_true(value) ? "yes" : "no") : NULL;
	if (json_typeof(value) != type->asked)
		return NULL;
	return json_is_integer(value)
		       ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
		       : g_strdup(json_string_value(value));
}

char *setting_from_request(const Setting *setting, const json_t *value, void *object)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = setting_request_text(setting->type, value);

	if (text && (*text || setting->flags & SETTING_EMPTY))
		setting_parse(setting, object, text, 0, faults);
	else
		return setting->type->wanted(setting, true);
	return faults->len ? setting->type->wanted(setting, true) : NULL;
}

void settings_see(const SettingTable *table, const Guest *guest, void *object)
{
	for (const Setting *setting = table->settings; setting->key; setting++)
		if (setting->seen)
			setting->seen(guest, setting_field(setting, object));
}

void settings_tell(const SettingTable *table, const Node *node, void *object)
{
	for (const Setting *setting = table->settings; setting->key; setting++)
		if (setting->told && setting_standard(table, setting, object))
			setting->told(node, setting_field(setting, object));
}

/* Structs */

void *settings_new(const SettingTable *table)
{
	return g_memdup2(table->standard, table->size);
}

void settings_own(const SettingTable *table, void *object)
{
	for (const Setting *setting = table->settings; setting->key; setting++)
		if (setting->type->own)
			setting->type->own(setting_field(setting, object));
}

void *settings_copy(const SettingTable *table, const void *object)
{
	void *copy = g_memdup2(object, table->size);

	settings_own(table, copy);
	return copy;
}

void settings_clear(const SettingTable *table, void *object)
{
	for (const Setting *setting = table->settings; setting->key; setting++)
		if (setting->type->clear)
			setting->type->clear(setting_field(setting, object));
}
