/* SPDX-License-Identifier: MIT */
/* Files of one JSON object a line, read as they come. */
#ifndef CMD_LINES_H
#define CMD_LINES_H

#include <glib.h>
#include <stdbool.h>

#define LINE_MOST 65536

/*
 * What to do with each line, in order: its text (LENGTH bytes, no line feed), or FAULT, what is
 * wrong with it before it is looked at as JSON.
 */
typedef void LineFn(void *data, const char *line, size_t length, const char *fault);

/* Read the file NAME ("-": stdin) line by line; false with PLANNER_ERROR_SYSTEM where that fails.
 */
bool lines_read(const char *name, LineFn *each, void *data, GError **error);

#endif
