/* SPDX-License-Identifier: MIT */
#include "planner/base/json.h"
#include "topology/base/cpulist.h"

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

char *json_text(const json_t *document)
{
	char *dump = json_dumps(document, JSON_INDENT(2));
	char *text_with_end = g_strconcat(dump, "\n", NULL);

	free(dump);
	return text_with_end;
}
