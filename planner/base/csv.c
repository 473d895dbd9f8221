/* SPDX-License-Identifier: MIT */
#include "planner/base/csv.h"
#include "planner/base/json_line.h"

#include <string.h>

/* A spreadsheet takes such a cell for a formula; numbers and a mere "-" are none. */
static bool csv_formula(const char *cell)
{
	char *end;

	if (!strchr("=+-@", *cell) || !cell[0] || !cell[1])
		return false;
	g_ascii_strtod(cell, &end);
	return *end;
}

/* Reading */

/* The separator of the header line: that of the three which stands there most. */
static char csv_separator(const char *at, const char *end)
{
	unsigned n[3] = {0};
	static const char separators[] = ",;\t";

	for (; at < end && *at != '\n'; at++)
		for (unsigned i = 0; i < G_N_ELEMENTS(n); i++)
			n[i] += *at == separators[i];
	return n[1] > n[0] && n[1] >= n[2] ? ';' : n[2] > n[0] ? '\t' : ',';
}

/* What is between the quotes, *AT behind them; false where they do not end. */
static bool csv_quoted(CsvReader *r, GString *cell)
{
	for (r->at++; r->at < r->end; r->at++) {
		r->line += *r->at == '\n';
		if (*r->at != '"')
			g_string_append_c(cell, *r->at);
		else if (r->at + 1 < r->end && r->at[1] == '"')
			g_string_append_c(cell, *r->at++);
		else
			return r->at++;
	}
	return false;
}

/* The next cell; *LAST: of its row. */
static char *csv_cell(CsvReader *r, bool *last, bool *whole)
{
	GString *cell = g_string_new(NULL);

	while (r->at < r->end && *r->at == ' ')
		r->at++;
	if (r->at < r->end && *r->at == '"')
		*whole &= csv_quoted(r, cell);
	while (r->at < r->end && *r->at != r->separator && *r->at != '\n')
		g_string_append_c(cell, *r->at++);
	*last = r->at == r->end || *r->at == '\n';
	r->line += r->at < r->end && *r->at == '\n';
	if (r->at < r->end)
		r->at++;
	if (cell->str[0] == '\'' && csv_formula(cell->str + 1)) /* as csv_line() writes it */
		g_string_erase(cell, 0, 1);
	return g_strchomp(g_string_free(cell, FALSE));
}

/* False where a quote does not end. */
static bool csv_cells(CsvReader *r, GPtrArray *cells)
{
	bool last = false, whole = true;

	while (!last)
		g_ptr_array_add(cells, csv_cell(r, &last, &whole));
	return whole;
}

void csv_begin(CsvReader *reader, const char *text, size_t length)
{
	bool mark = length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);

	*reader = (CsvReader){.at = text + (mark ? 3 : 0), .end = text + length, .line = 1};
	reader->separator = csv_separator(reader->at, reader->end);
	reader->header = g_ptr_array_new_with_free_func(g_free);
	csv_cells(reader, reader->header);
	for (unsigned i = 0; i < reader->header->len; i++) {
		char *name = g_ptr_array_index(reader->header, i);

		for (; *name; name++)
			*name = *name == ' ' || *name == '-' ? '_' : g_ascii_tolower(*name);
	}
}

void csv_end(CsvReader *reader)
{
	g_ptr_array_unref(reader->header);
}

static json_t *csv_value(const char *cell, bool text)
{
	guint64 number;

	if (!text && g_ascii_string_to_unsigned(cell, 10, 0, G_MAXINT64, &number, NULL))
		return json_integer((json_int_t)number);
	if (!text && (!g_ascii_strcasecmp(cell, "true") || !g_ascii_strcasecmp(cell, "false")))
		return json_boolean(g_ascii_tolower(*cell) == 't');
	return json_string(cell);
}

static bool csv_set(json_t *object, const char *column, unsigned number, json_t *value,
		    GError **error)
{
	bool twice = *column && json_object_get(object, column);

	if (*column && !twice && json_object_set_new(object, column, value) == 0)
		return true;
	if (!*column || twice)
		json_decref(value);
	if (twice)
		return json_line_refuse(error, "the header names column %u and another one %s",
					number, column);
	return *column ? json_line_refuse(error, "column %u is not UTF-8", number)
		       : json_line_refuse(error, "the header has no name for column %u", number);
}

static json_t *csv_object(const CsvReader *r, const GPtrArray *cells, const char *const *texts,
			  GError **error)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < cells->len; i++) {
		const char *cell = g_ptr_array_index(cells, i);
		const char *column = i < r->header->len ? g_ptr_array_index(r->header, i) : "";
		bool text = g_strv_contains(texts, column);

		if (*cell && !csv_set(object, column, i + 1, csv_value(cell, text), error)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static bool csv_blank(const GPtrArray *cells)
{
	for (unsigned i = 0; i < cells->len; i++)
		if (*(const char *)g_ptr_array_index(cells, i))
			return false;
	return true;
}

json_t *csv_row(CsvReader *reader, const char *const *texts, unsigned *line, GError **error)
{
	while (reader->at < reader->end) {
		g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
		bool whole;

		*line = reader->line;
		whole = csv_cells(reader, cells);
		if (!whole) {
			json_line_refuse(error, "a quote in this row does not end");
			return NULL;
		}
		if (!csv_blank(cells))
			return csv_object(reader, cells, texts, error);
	}
	return NULL;
}

/* Writing */

char *csv_line(const char *const *cells)
{
	GString *line = g_string_new(NULL);

	for (unsigned i = 0; cells[i]; i++) {
		bool quote = strpbrk(cells[i], ",;\t\"\r\n") || g_str_has_prefix(cells[i], " ");

		g_string_append(line, i ? "," : "");
		g_string_append(line, quote ? "\"" : "");
		g_string_append(line, csv_formula(cells[i]) ? "'" : "");
		for (const char *c = cells[i]; *c; c++) {
			if (*c == '"')
				g_string_append_c(line, '"');
			g_string_append_c(line, *c);
		}
		g_string_append(line, quote ? "\"" : "");
	}
	g_string_append_c(line, '\n');
	return g_string_free(line, FALSE);
}
