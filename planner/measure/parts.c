/* SPDX-License-Identifier: MIT */
#include "planner/measure/parts.h"

#include "topology/base/list.h"

#include <string.h>

static void part_clear(void *data)
{
	MeasurePart *part = data;

	g_free(part->name);
}

GArray *parts_new(void)
{
	GArray *parts = g_array_new(FALSE, FALSE, sizeof(MeasurePart));

	g_array_set_clear_func(parts, part_clear);
	return parts;
}

void parts_add(GArray *parts, const char *name, uint64_t count)
{
	MeasurePart part = {.count = count};

	if (!count)
		return;
	for (unsigned i = 0; i < parts->len; i++) {
		MeasurePart *other = &g_array_index(parts, MeasurePart, i);

		if (g_str_equal(other->name, name)) {
			other->count += count;
			return;
		}
	}
	part.name = g_strdup(name);
	g_array_append_val(parts, part);
}

void parts_merge(GArray *parts, const GArray *more)
{
	for (unsigned i = 0; i < more->len; i++) {
		const MeasurePart *part = &g_array_index(more, MeasurePart, i);

		parts_add(parts, part->name, part->count);
	}
}

static int measure_part_compare(const void *a, const void *b)
{
	const MeasurePart *one = a, *other = b;

	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return strcmp(one->name, other->name);
}

void parts_sort(GArray *parts)
{
	g_array_sort(parts, measure_part_compare);
}

const char *parts_most(const GArray *parts)
{
	const MeasurePart *most = NULL;

	for (unsigned i = 0; i < parts->len; i++) {
		const MeasurePart *part = &g_array_index(parts, MeasurePart, i);

		if (!most || measure_part_compare(part, most) < 0)
			most = part;
	}
	return most ? most->name : NULL;
}

uint64_t parts_count(const GArray *parts, const char *name)
{
	for (unsigned i = 0; i < parts->len; i++) {
		const MeasurePart *part = &g_array_index(parts, MeasurePart, i);

		if (g_str_equal(part->name, name))
			return part->count;
	}
	return 0;
}

char *parts_text(const GArray *parts, unsigned most)
{
	GString *text = g_string_new(NULL);
	uint64_t rest = 0;

	for (unsigned i = 0; i < parts->len; i++) {
		const MeasurePart *part = &g_array_index(parts, MeasurePart, i);

		if (i < most)
			list_add(text, "%s %" G_GUINT64_FORMAT, part->name, (guint64)part->count);
		else
			rest += part->count;
	}
	if (rest)
		list_add(text, "%u other%s %" G_GUINT64_FORMAT, parts->len - most,
			 parts->len - most == 1 ? "" : "s", (guint64)rest);
	return g_string_free(text, FALSE);
}

json_t *parts_to_json(const GArray *parts)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < parts->len; i++) {
		const MeasurePart *part = &g_array_index(parts, MeasurePart, i);
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(part->name));
		json_object_set_new(object, "count", json_integer((json_int_t)part->count));
		json_array_append_new(list, object);
	}
	return list;
}
