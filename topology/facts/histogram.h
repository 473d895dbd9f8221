/* SPDX-License-Identifier: MIT */
/*
 * Histograms that the kernel counts itself, as a file `hist` of tracefs prints them
 * (Documentation/trace/histogram.rst): for each trigger of the event a block with its text, a row
 * for each combination of keys, and totals.
 */
#ifndef TOPOLOGY_FACTS_HISTOGRAM_H
#define TOPOLOGY_FACTS_HISTOGRAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_KEYS 3 /* the kernel's own limit, TRACING_MAP_KEYS_MAX */
#define HISTOGRAM_VALUES 2
#define HISTOGRAM_ROWS 16384 /* twice what any of our triggers asks for */

typedef struct HistogramRow {
	char *keys[HISTOGRAM_KEYS]; /* as printed: "124", "apic_timer_fn [kvm]", "ttyS1" */
	uint64_t hits;
	uint64_t values[HISTOGRAM_VALUES];
	unsigned next; /* position + 1 of the next row with the same first key; 0 = none */
} HistogramRow;

typedef struct Histogram {
	char *trigger; /* "hist:keys=common_pid,…", without its state */
	char **keys;   /* names of the fields, without modifiers */
	char **values; /* those besides hitcount */
	GArray *rows;  /* of HistogramRow, HISTOGRAM_ROWS at most */
	/* Keys → position in rows + 1; first key → that of its first and of its last row. */
	GHashTable *index, *firsts, *lasts;
	uint64_t hits; /* as the totals say: without those dropped, and with what was counted while
		     the rows were printed */
	uint64_t dropped; /* more than 0: the table was too small, and the rows are not all */
	bool whole;	  /* the totals are there, and the rows are as many as they say */
} Histogram;

/* The histograms in TEXT, of Histogram; empty where it has none. Yours. */
GPtrArray *histograms_parse(const char *text);

/* The row of HISTOGRAM (may be NULL) with the keys of ROW; NULL. */
const HistogramRow *histogram_find(const Histogram *histogram, const HistogramRow *row);

/* The first row of HISTOGRAM (may be NULL) whose first key is the number N, and the next after ROW;
 * NULL. */
const HistogramRow *histogram_first(const Histogram *histogram, uint64_t n);
const HistogramRow *histogram_next(const Histogram *histogram, const HistogramRow *row);

/* The number that KEY is, in BASE; false where it is no number. */
bool histogram_number(const char *key, unsigned base, uint64_t *number);

#endif
