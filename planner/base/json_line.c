/* SPDX-License-Identifier: MIT */
#include "planner/base/json_line.h"
#include "planner/base/nearest.h"
#include "topology/base/error.h"
#include "topology/base/text.h"

#include <string.h>

bool json_line_refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error)
		*error = g_error_new_valist(PLANNER_ERROR, PLANNER_ERROR_INPUT, format, args);
	va_end(args);
	return false;
}

json_t *json_line_object(const char *line, size_t length, GError **error)
{
	json_error_t where;
	json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);

	if (json_is_object(object))
		return object;
	if (object)
		json_line_refuse(error, "not a JSON object");
	else
		json_line_refuse(error, "not JSON: %s", where.text);
	json_decref(object);
	return NULL;
}

/* A key may be any text: this one is on one line, and nothing in it is obeyed. Yours. */
static char *key_show(const char *key)
{
	GString *shown = g_string_new(NULL);

	for (const char *c = key; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		g_string_append_unichar(shown, text_obeyed(character) ? '?' : character);
	}
	return g_string_free(shown, FALSE);
}

bool json_line_unknown(const char *key, const char *const *keys, GError **error)
{
	g_autofree char *known = g_strjoinv("\", \"", (char **)keys), *shown = key_show(key);
	const char *near = nearest_word(key, keys);

	return near ? json_line_refuse(error, "unknown key \"%s\"; did you mean \"%s\"?", shown,
				       near)
		    : json_line_refuse(error, "unknown key \"%s\" beside \"%s\"", shown, known);
}

bool json_line_word(const json_t *value, const char *key, const char *const *words,
		    unsigned *number, GError **error)
{
	const char *text = json_string_value(value);

	for (*number = 0; text && words[*number]; (*number)++)
		if (!strcmp(words[*number], text))
			return true;
	return json_line_refuse(error, "%s: not one of \"%s\", \"%s\"", key, words[0], words[1]);
}
