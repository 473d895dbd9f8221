/* SPDX-License-Identifier: MIT */
/* Values of JSON documents. CPU lists are strings in the shortest ascending kernel form. */
#ifndef PLANNER_BASE_JSON_H
#define PLANNER_BASE_JSON_H

#include <glib.h>
#include <hwloc.h>
#include <jansson.h>

/* All give a new reference, yours. */

/* STRING, or null for NULL: not known. */
json_t *json_string_or_null(const char *string);
/* The CPUs of SET as a list, "" for NULL. */
json_t *json_cpus(hwloc_const_bitmap_t set);
/* NUMBERS, of unsigned. */
json_t *json_unsigneds(const GArray *numbers);

/* DOCUMENT as text with a final newline, yours. */
char *json_text(const json_t *document);
/* The same in one line, without its end. */
char *json_line(const json_t *document);

#endif
