/* SPDX-License-Identifier: MIT */
/*
 * Two runs of a benchmark: numbers by VM, or one list. For each name that both have: means, their
 * ratio, deviations, and whether either differs by more than chance.
 */
#ifndef PLANNER_MEASURE_COMPARE_H
#define PLANNER_MEASURE_COMPARE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#define JSON_FORMAT_COMPARE "planner-compare/1"

/* The numbers of one name, "" = of all of the run. */
typedef struct Series {
	char *name;
	GArray *values; /* of double, at least one */
} Series;

/*
 * A run: LENGTH bytes of TEXT, the content of the file NAME: one number a line, or a JSON object of
 * names with a number or a list of numbers each. Of Series, by name; yours. NULL with
 * PLANNER_ERROR_INPUT.
 */
GPtrArray *series_parse(const char *name, const char *text, size_t length, GError **error);

typedef enum CompareTest {
	COMPARE_NONE,	/* too few numbers to say anything */
	COMPARE_WELCH,	/* 10 numbers and more a side, not skewed */
	COMPARE_RANKS,	/* fewer, or skewed */
	COMPARE_SIGNED, /* the means of the same VMs on both sides */
} CompareTest;

typedef struct CompareSide {
	unsigned n;
	double mean, deviation, least, most;
} CompareSide;

typedef struct CompareRow {
	const char *name; /* of the series; NULL = the means of all VMs, in pairs */
	CompareSide a, b;
	CompareTest test;
	double p;	 /* of equal means; NAN where there is no test */
	double spread_p; /* of equal deviations; NAN below 8 numbers a side, and in pairs */
} CompareRow;

typedef struct Comparison {
	GArray *rows;	     /* of CompareRow; the pairs last, where there are two VMs or more */
	GPtrArray *unpaired; /* of const char *: what one run alone has */
} Comparison;

/* A and B are borrowed. Yours. */
Comparison *comparison_new(const GPtrArray *a, const GPtrArray *b);
void comparison_free(Comparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comparison, comparison_free)

/* "differs (p=0.016, ranks)", "may be chance (…)", "too few to say: …": what ROW says of the means,
 * and of the deviations ("-" = nothing). Both yours. */
char *compare_verdict(const CompareRow *row);
char *compare_spread(const CompareRow *row);

json_t *comparison_to_json(const Comparison *comparison);

#endif
