/* SPDX-License-Identifier: MIT */
/* Files of one JSON object a line, read as they come. */
#ifndef CMD_LINES_H
#define CMD_LINES_H

#include <glib.h>
#include <stdbool.h>

#define LINE_MOST 65536
#define LINES_MOST (1u << 30) /* bytes in all */

/*
 * What to do with each line, in order: its NUMBER, its text (LENGTH bytes, no line feed), or FAULT,
 * what is wrong with it before it is looked at as JSON.
 */
typedef void LineFn(void *data, unsigned number, const char *line, size_t length,
		    const char *fault);

/*
 * Read the file NAME ("-": stdin), a regular file or a pipe, line by line. False with
 * PLANNER_ERROR_INPUT where it is neither or has more than LINES_MOST bytes, _SYSTEM where reading
 * fails.
 */
bool lines_read(const char *name, LineFn *each, void *data, GError **error);
/* The same with TEXT, LENGTH bytes. True. */
bool lines_each(const char *text, size_t length, LineFn *each, void *data);

#endif
