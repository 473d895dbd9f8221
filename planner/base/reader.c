/* SPDX-License-Identifier: MIT */
#include "planner/base/reader.h"
#include "topology/base/error.h"

#include <string.h>

bool reader_fail(Reader *r, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	if (!*r->error)
		g_set_error(r->error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: %s; %s", r->name,
			    what, r->advice);
	return false;
}

/* Members by type. All say which key it is that is not as it should be. */

bool reader_text(Reader *r, const json_t *object, const char *key, const char **value)
{
	const json_t *member = json_object_get(object, key);

	*value = json_string_value(member);
	return json_is_string(member) || json_is_null(member) ||
	       reader_fail(r, "'%s' is not a string", key);
}

bool reader_string(Reader *r, const json_t *object, const char *key, const char **value)
{
	return reader_text(r, object, key, value) &&
	       (*value || reader_fail(r, "'%s' is null", key));
}

bool reader_number(Reader *r, const json_t *object, const char *key, uint64_t most, uint64_t *value)
{
	const json_t *member = json_object_get(object, key);
	json_int_t number = json_integer_value(member);

	if (!json_is_integer(member) || number < 0 || (uint64_t)number > most)
		return reader_fail(r, "'%s' is not a whole number up to %" G_GUINT64_FORMAT, key,
				   most);
	*value = (uint64_t)number;
	return true;
}

bool reader_unsigned(Reader *r, const json_t *object, const char *key, unsigned most,
		     unsigned *value)
{
	uint64_t number = 0;
	bool good = reader_number(r, object, key, most, &number);

	*value = (unsigned)number;
	return good;
}

bool reader_bool(Reader *r, const json_t *object, const char *key, bool *value)
{
	const json_t *member = json_object_get(object, key);

	*value = json_is_true(member);
	return json_is_boolean(member) || reader_fail(r, "'%s' is not true or false", key);
}

bool reader_array(Reader *r, const json_t *object, const char *key, const json_t **value)
{
	*value = json_object_get(object, key);
	return json_is_array(*value) || reader_fail(r, "'%s' is not a list", key);
}

/* A word of NAMES; its position. */
bool reader_word(Reader *r, const json_t *object, const char *key, const char *const *names,
		 unsigned *value)
{
	const char *word;

	if (!reader_string(r, object, key, &word))
		return false;
	for (*value = 0; names[*value]; (*value)++)
		if (!strcmp(names[*value], word))
			return true;
	return reader_fail(r, "'%s' is '%s', which is unknown", key, word);
}

bool reader_cpus(Reader *r, const json_t *object, const char *key, hwloc_bitmap_t set)
{
	g_autoptr(GError) error = NULL;
	g_auto(CpuSet) cpus = NULL;
	const char *list;

	if (!reader_string(r, object, key, &list))
		return false;
	cpus = cpulist_parse(list, &error);
	if (!cpus)
		return reader_fail(r, "'%s': %s", key, error->message);
	hwloc_bitmap_copy(set, cpus);
	return true;
}

/* CPUs that threads may run on: some, all of them online. Yours, NULL on error. */
hwloc_bitmap_t reader_pins(Reader *r, const Host *host, const json_t *object, const char *key)
{
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc();

	if (!reader_cpus(r, object, key, cpus))
		return NULL;
	if (hwloc_bitmap_iszero(cpus) || !hwloc_bitmap_isincluded(cpus, host->online)) {
		reader_fail(r, "'%s' is empty, or names a CPU that is not online", key);
		return NULL;
	}
	return g_steal_pointer(&cpus);
}

/* Call READ with each entry of the list KEY. */
bool reader_each(Reader *r, void *into, const json_t *object, const char *key,
		 bool (*read)(Reader *, void *into, const json_t *))
{
	const json_t *array;

	if (!reader_array(r, object, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!read(r, into, json_array_get(array, i)))
			return false;
	return true;
}

/* The same for a list that is left out when it would be empty. */
bool reader_each_if_any(Reader *r, void *into, const json_t *object, const char *key,
			bool (*read)(Reader *, void *into, const json_t *))
{
	const json_t *array = json_object_get(object, key);

	if (!array)
		return true;
	return reader_each(r, into, object, key, read) &&
	       (json_array_size(array) || reader_fail(r, "'%s' is empty", key));
}

/* CPU numbers in order, none twice. */
bool reader_numbers(Reader *r, const json_t *object, const char *key, GArray *numbers)
{
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();
	const json_t *array;

	if (!reader_array(r, object, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *entry = json_array_get(array, i);
		json_int_t number = json_integer_value(entry);
		unsigned cpu = (unsigned)number;

		if (!json_is_integer(entry) || number < 0 || number >= CPULIST_LIMIT)
			return reader_fail(r, "'%s' has an entry that is not a CPU", key);
		if (hwloc_bitmap_isset(seen, cpu))
			return reader_fail(r, "'%s' has CPU %u twice", key, cpu);
		hwloc_bitmap_set(seen, cpu);
		g_array_append_val(numbers, cpu);
	}
	return true;
}
