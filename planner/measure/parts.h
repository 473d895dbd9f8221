/* SPDX-License-Identifier: MIT */
/* What an interruption consists of: names, and how often each came. */
#ifndef PLANNER_MEASURE_PARTS_H
#define PLANNER_MEASURE_PARTS_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct MeasurePart {
	char *name; /* "apic_timer_fn [kvm]", "perl", "port 3f8 (serial line)" */
	uint64_t count;
} MeasurePart;

/* Of MeasurePart, none yet. Yours. */
GArray *parts_new(void);
/* COUNT more of NAME. */
void parts_add(GArray *parts, const char *name, uint64_t count);
void parts_merge(GArray *parts, const GArray *more);
/* The most first. */
void parts_sort(GArray *parts);
/* The name that came most often; NULL = there is none. */
const char *parts_most(const GArray *parts);
/* How often NAME came. */
uint64_t parts_count(const GArray *parts, const char *name);
/* "a 12, b 3, and 4 others 7": MOST of them by name; they are sorted. Yours. */
char *parts_text(const GArray *parts, unsigned most);
json_t *parts_to_json(const GArray *parts);

#endif
