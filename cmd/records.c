/* SPDX-License-Identifier: MIT */
#include "cmd/records.h"
#include "planner/base/csv.h"
#include "planner/base/json.h"
#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/base/kind.h"

#include <string.h>

typedef struct Records {
	const char *name;
	const RecordShape *shape;
	LineFn *each;
	void *data;
	GError **error;
} Records;

static bool records_refuse(const Records *records, const char *what)
{
	g_set_error(
		records->error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		"%s: %s; a list of %s is a JSON object a line, such as %s, a JSON array of them, "
		"or CSV with these names in its first line",
		strcmp(records->name, "-") ? records->name : "stdin", what, records->shape->what,
		records->shape->example);
	return false;
}

/* OBJECT, unreferenced, as a line. */
static void records_give(const Records *records, unsigned number, json_t *object)
{
	g_autofree char *line = json_line(object);
	size_t length = strlen(line);
	const char *fault = length > LINE_MOST ? "it is longer than 65536 bytes" : NULL;

	records->each(records->data, number, line, fault ? 0 : length, fault);
	json_decref(object);
}

static bool records_array(const Records *records, const char *text, size_t length)
{
	json_error_t where;
	json_t *array = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	g_autofree char *what = NULL;
	size_t i;
	json_t *value;

	if (!array) {
		what = g_strdup_printf("line %d: not JSON: %s", where.line, where.text);
		return records_refuse(records, what);
	}
	json_array_foreach (array, i, value)
		if (json_is_object(value))
			records_give(records, (unsigned)i + 1, json_incref(value));
		else
			records->each(records->data, (unsigned)i + 1, NULL, 0, "not a JSON object");
	json_decref(array);
	return true;
}

static void records_rename(const Records *records, CsvReader *reader)
{
	for (unsigned i = 0; i < reader->header->len; i++)
		for (const RecordAlias *alias = records->shape->aliases; alias->name; alias++)
			if (!strcmp(g_ptr_array_index(reader->header, i), alias->name)) {
				g_free(reader->header->pdata[i]);
				reader->header->pdata[i] = g_strdup(alias->key);
			}
}

static bool records_csv(const Records *records, const char *text, size_t length)
{
	CsvReader reader;
	unsigned line;

	csv_begin(&reader, text, length);
	records_rename(records, &reader);
	for (;;) {
		g_autoptr(GError) fault = NULL;
		json_t *object = csv_row(&reader, records->shape->texts, &line, &fault);

		if (object)
			records_give(records, line, object);
		else if (fault)
			records->each(records->data, line, NULL, 0, fault->message);
		else
			break;
	}
	csv_end(&reader);
	return true;
}

/* An array begins with '[', and then an object, or nothing. */
static bool records_is_array(const char *text)
{
	text += strspn(text, " \t\r\n");
	if (*text != '[')
		return false;
	text += 1 + strspn(text + 1, " \t\r\n");
	return *text == '{' || *text == ']';
}

static bool records_of(const Records *records, const char *text, size_t length)
{
	FileKindFound kind = kind_of_text(text, length);
	g_autofree char *what = NULL;

	if (!memchr(text, '\0', length) && records_is_array(text))
		return records_array(records, text, length);
	if (kind == KIND_CSV && !memchr(text, '\0', length))
		return records_csv(records, text, length);
	if (!length || kind == KIND_JSON)
		return lines_each(text, length, records->each, records->data);
	if (kind == KIND_UNKNOWN)
		return records_refuse(records,
				      "its first line is neither JSON nor the names of columns");
	what = g_strdup_printf("is %s", kind_names[kind]);
	return records_refuse(records, what);
}

bool records_read(const char *name, const RecordShape *shape, LineFn *each, void *data,
		  GError **error)
{
	Records records = {name, shape, each, data, error};
	size_t length;
	g_autofree char *text = file_read(name, FILE_STREAM, LINES_MOST, &length, error);

	if (!text) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	return records_of(&records, text, length);
}
