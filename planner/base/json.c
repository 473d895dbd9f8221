/* SPDX-License-Identifier: MIT */
#include "planner/base/json.h"

#include "topology/base/cpulist.h"
#include "topology/base/error.h"
#include "topology/base/text.h"

json_t *json_string_or_null(const char *string)
{
	return string ? json_string(string) : json_null();
}

json_t *json_cpus(hwloc_const_bitmap_t set)
{
	g_autofree char *list = set ? cpulist_format(set) : g_strdup("");

	return json_string(list);
}

json_t *json_unsigneds(const GArray *numbers)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < numbers->len; i++)
		json_array_append_new(array, json_integer(g_array_index(numbers, unsigned, i)));
	return array;
}

static int json_append(const char *buffer, size_t size, void *data)
{
	g_string_append_len(data, buffer, (gssize)size);
	return 0;
}

/* What a terminal obeys is escaped; jansson has escaped C0, and the others left are its own ends of
 * lines. Its own buffer loses what it gets no memory for, without a word. */
static char *json_dump(const json_t *document, size_t flags, const char *end)
{
	g_autoptr(GString) dump = g_string_new(NULL);
	GString *text = g_string_new(NULL);

	if (json_dump_callback(document, json_append, dump, flags) != 0)
		error_memory();
	for (const char *c = dump->str; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (character >= 0x7f && text_obeyed(character))
			g_string_append_printf(text, "\\u%04x", character);
		else
			g_string_append_len(text, c, g_utf8_next_char(c) - c);
	}
	g_string_append(text, end);
	return g_string_free(text, FALSE);
}

#define REAL_DIGITS 15 /* 0.1 is written as 0.1, and read as the same number */

char *json_text(const json_t *document)
{
	return json_dump(document, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS), "\n");
}

char *json_line(const json_t *document)
{
	return json_dump(document, JSON_COMPACT, "");
}
