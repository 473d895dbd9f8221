/* SPDX-License-Identifier: MIT */
/*
 * CSV as spreadsheets write it: commas, semicolons or tabs, quoted cells with separators, quotes
 * and line ends in them, CRLF, a byte order mark. And as they read it.
 */
#ifndef PLANNER_BASE_CSV_H
#define PLANNER_BASE_CSV_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct CsvReader {
	const char *at, *end;
	char separator;
	unsigned line;	   /* of the next row */
	GPtrArray *header; /* of char *: the columns, in lower case, '_' for blanks and '-' */
} CsvReader;

/* Begin with TEXT, LENGTH bytes, borrowed, which has a header line. */
void csv_begin(CsvReader *reader, const char *text, size_t length);
void csv_end(CsvReader *reader);
/*
 * The next row that is not blank as an object, a new reference: its cells by their columns, without
 * the empty ones. Numbers, true and false are none but in the columns of TEXTS (ended by NULL).
 * NULL at the end; with ERROR, PLANNER_ERROR_INPUT, where the row is wrong: then there may be more.
 * *LINE is where it begins.
 */
json_t *csv_row(CsvReader *reader, const char *const *texts, unsigned *line, GError **error);

/* A line of CELLS (ended by NULL), quoted where they need it, with its end; yours. One that a
 * spreadsheet would take for a formula begins with "'", which csv_row() takes off again. */
char *csv_line(const char *const *cells);

#endif
