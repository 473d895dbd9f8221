/* SPDX-License-Identifier: MIT */
/*
 * Lines of JSON that others write: one strict object each. Errors say what is wrong with the line,
 * without file or line number, all PLANNER_ERROR_INPUT.
 */
#ifndef PLANNER_BASE_JSON_LINE_H
#define PLANNER_BASE_JSON_LINE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* The object that LINE is, NULL where it is none or has a key twice. Unref it. */
json_t *json_line_object(const char *line, size_t length, GError **error);

/* Set ERROR; false, so that a check can `return json_line_refuse(…)`. */
bool json_line_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Say that KEY is none of KEYS (ended by NULL). */
bool json_line_unknown(const char *key, const char *const *keys, GError **error);
/* VALUE, of KEY, is one of WORDS: *NUMBER is its position. */
bool json_line_word(const json_t *value, const char *key, const char *const *words,
		    unsigned *number, GError **error);

#endif
