/* SPDX-License-Identifier: MIT */
#include "planner/measure/compare.h"

#include "planner/measure/statistics.h"
#include "topology/base/error.h"

#include <math.h>
#include <string.h>

/* By CompareTest, as in documents; ended by NULL. */
static const char *const compare_tests[] = {"none", "welch", "ranks", "signed-ranks", NULL};

/* Reading */

#define SERIES_MOST 10000u
#define SERIES_LARGEST 1e100
#define SERIES_NAMES_MOST 500u

static void series_free(void *data)
{
	Series *series = data;

	g_free(series->name);
	g_array_unref(series->values);
	g_free(series);
}

static Series *series_new(const char *name)
{
	Series *series = g_new0(Series, 1);

	series->name = g_strdup(name);
	series->values = g_array_new(FALSE, FALSE, sizeof(double));
	return series;
}

static GPtrArray *series_list(void)
{
	return g_ptr_array_new_with_free_func(series_free);
}

/* The powers of a number must be finite; and ranks of very many take very long. */
static bool series_take(Series *series, double value)
{
	if (!(fabs(value) <= SERIES_LARGEST) || series->values->len >= SERIES_MOST)
		return false;
	g_array_append_val(series->values, value);
	return true;
}

static bool series_line(const char *name, unsigned number, char *line, Series *series,
			GError **error)
{
	char *end, *word = g_strstrip(line);
	double value = g_ascii_strtod(word, &end);

	if (!*word || *word == '#')
		return true;
	if (end != word && !*end && series_take(series, value))
		return true;
	if (series->values->len >= SERIES_MOST)
		return error_refuse(error, "%s: has more than %u numbers", name, SERIES_MOST);
	return error_refuse(error,
			    "%s:%u: '%s' is not a number up to 1e100; give one a line, or JSON",
			    name, number, word);
}

static bool series_member(const json_t *value, Series *series)
{
	const json_t *one;
	size_t i;

	if (json_is_number(value))
		return series_take(series, json_number_value(value));
	json_array_foreach (value, i, one) {
		if (!json_is_number(one) || !series_take(series, json_number_value(one)))
			return false;
	}
	return json_is_array(value) && series->values->len;
}

static int series_compare(const void *a, const void *b)
{
	return strcmp((*(Series *const *)a)->name, (*(Series *const *)b)->name);
}

static GPtrArray *series_json(const char *name, const char *text, size_t length, GError **error)
{
	g_autoptr(GPtrArray) list = series_list();
	json_error_t fault;
	json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault), *value;
	const char *key;
	bool good = json_is_object(document);

	if (!good)
		error_refuse(error, "%s:%d: %s", name, fault.line, fault.text);
	json_object_foreach (document, key, value) {
		Series *series = series_new(key);

		g_ptr_array_add(list, series);
		if (good && !series_member(value, series))
			good = error_refuse(error,
					    "%s: '%s' is neither a number nor a list of 1 to %u "
					    "numbers",
					    name, key, SERIES_MOST);
	}
	json_decref(document);
	g_ptr_array_sort(list, series_compare);
	if (good && (!list->len || list->len > SERIES_NAMES_MOST))
		good = error_refuse(error, "%s: give numbers for 1 to %u names", name,
				    SERIES_NAMES_MOST);
	return good ? g_steal_pointer(&list) : NULL;
}

GPtrArray *series_parse(const char *name, const char *text, size_t length, GError **error)
{
	g_autoptr(GPtrArray) list = series_list();
	g_auto(GStrv) lines = NULL;
	Series *series = series_new("");

	g_ptr_array_add(list, series);
	if (length != strlen(text) || !g_utf8_validate(text, -1, NULL)) {
		error_refuse(error, "%s: is no text", name);
		return NULL;
	}
	if (text[strspn(text, " \t\r\n")] == '{')
		return series_json(name, text, length, error);
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i]; i++)
		if (!series_line(name, i + 1, lines[i], series, error))
			return NULL;
	if (!series->values->len) {
		error_refuse(error, "%s: has no numbers", name);
		return NULL;
	}
	return g_steal_pointer(&list);
}

/* Comparing */

#define MANY 10	       /* numbers a side, for Welch's test */
#define SKEWED 1.0     /* and their skewness, at most */
#define SPREAD_LEAST 8 /* numbers a side, for their deviation */

static CompareSide side_of(const GArray *values)
{
	CompareSide side = {values->len, statistics_mean(values), statistics_deviation(values),
			    INFINITY, -INFINITY};

	for (unsigned i = 0; i < values->len; i++) {
		side.least = MIN(side.least, g_array_index(values, double, i));
		side.most = MAX(side.most, g_array_index(values, double, i));
	}
	return side;
}

static bool series_regular(const GArray *values)
{
	return values->len >= MANY && fabs(statistics_skewness(values)) <= SKEWED;
}

static CompareRow compare_row_of(const Series *a, const Series *b)
{
	CompareRow row = {a->name, side_of(a->values), side_of(b->values), COMPARE_NONE, NAN, NAN};

	if (series_regular(a->values) && series_regular(b->values)) {
		row.test = COMPARE_WELCH;
		row.p = statistics_welch(a->values, b->values);
	} else if (statistics_ranks_least(row.a.n, row.b.n) <= STATISTICS_ALPHA) {
		row.test = COMPARE_RANKS;
		row.p = statistics_ranks(a->values, b->values);
	}
	if (row.a.n >= SPREAD_LEAST && row.b.n >= SPREAD_LEAST)
		row.spread_p = statistics_spread(a->values, b->values);
	return row;
}

/* The means of the same VMs: VMs of one run are not independent, but their differences tell. */
static CompareRow row_of_pairs(const GArray *a, const GArray *b)
{
	CompareRow row = {NULL, side_of(a), side_of(b), COMPARE_NONE, NAN, NAN};
	g_autoptr(GArray) differences = g_array_new(FALSE, FALSE, sizeof(double));

	for (unsigned i = 0; i < a->len; i++) {
		double apart = g_array_index(b, double, i) - g_array_index(a, double, i);

		g_array_append_val(differences, apart);
	}
	if (statistics_signed_least(a->len) <= STATISTICS_ALPHA) {
		row.test = COMPARE_SIGNED;
		row.p = statistics_signed(differences);
	}
	return row;
}

static const Series *series_find(const GPtrArray *list, const char *name)
{
	for (unsigned i = 0; i < list->len; i++) {
		const Series *series = g_ptr_array_index(list, i);

		if (g_str_equal(series->name, name))
			return series;
	}
	return NULL;
}

static void unpaired_add(Comparison *comparison, const GPtrArray *list, const GPtrArray *other)
{
	for (unsigned i = 0; i < list->len; i++) {
		const Series *series = g_ptr_array_index(list, i);

		if (!series_find(other, series->name))
			g_ptr_array_add(comparison->unpaired, series->name);
	}
}

Comparison *comparison_new(const GPtrArray *a, const GPtrArray *b)
{
	Comparison *comparison = g_new0(Comparison, 1);
	g_autoptr(GArray) first = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) second = g_array_new(FALSE, FALSE, sizeof(double));

	comparison->rows = g_array_new(FALSE, TRUE, sizeof(CompareRow));
	comparison->unpaired = g_ptr_array_new();
	for (unsigned i = 0; i < a->len; i++) {
		const Series *series = g_ptr_array_index(a, i);
		const Series *other = series_find(b, series->name);
		CompareRow row;

		if (!other)
			continue;
		row = compare_row_of(series, other);
		g_array_append_val(comparison->rows, row);
		g_array_append_val(first, row.a.mean);
		g_array_append_val(second, row.b.mean);
	}
	if (first->len > 1) {
		CompareRow row = row_of_pairs(first, second);

		g_array_append_val(comparison->rows, row);
	}
	unpaired_add(comparison, a, b);
	unpaired_add(comparison, b, a);
	return comparison;
}

void comparison_free(Comparison *comparison)
{
	if (!comparison)
		return;
	g_array_unref(comparison->rows);
	g_ptr_array_unref(comparison->unpaired);
	g_free(comparison);
}

/* In words */

static char *p_text(double p)
{
	return p < 0.001 ? g_strdup("p<0.001") : g_strdup_printf("p=%.3f", p);
}

char *compare_verdict(const CompareRow *row)
{
	static const char *const names[] = {"", "Welch", "ranks", "signed ranks"};
	g_autofree char *p = p_text(row->p);

	if (row->test == COMPARE_NONE)
		return g_strdup(row->name ? "too few to say: 4 a side are needed"
					  : "too few to say: 6 VMs are needed");
	return g_strdup_printf("%s (%s, %s)",
			       row->p < STATISTICS_ALPHA ? "differs" : "may be chance", p,
			       names[row->test]);
}

char *compare_spread(const CompareRow *row)
{
	g_autofree char *p = p_text(row->spread_p);

	if (isnan(row->spread_p))
		return g_strdup("-");
	return g_strdup_printf("%s (%s)",
			       row->spread_p < STATISTICS_ALPHA ? "differs" : "may be chance", p);
}

/* JSON */

/* To six digits: what is beyond differs by the machine's libraries. */
static json_t *six_digits(double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (isnan(value))
		return json_null();
	g_ascii_formatd(text, sizeof text, "%.6g", value);
	return json_real(g_ascii_strtod(text, NULL));
}

static json_t *compare_side_to_json(const CompareSide *side)
{
	json_t *object = json_object();

	json_object_set_new(object, "n", json_integer(side->n));
	json_object_set_new(object, "mean", six_digits(side->mean));
	json_object_set_new(object, "deviation", six_digits(side->deviation));
	json_object_set_new(object, "least", six_digits(side->least));
	json_object_set_new(object, "most", six_digits(side->most));
	return object;
}

json_t *comparison_to_json(const Comparison *comparison)
{
	json_t *document = json_object(), *rows = json_array(), *unpaired = json_array();

	for (unsigned i = 0; i < comparison->rows->len; i++) {
		const CompareRow *row = &g_array_index(comparison->rows, CompareRow, i);
		json_t *object = json_object();

		json_object_set_new(object, "name",
				    row->name ? json_string(row->name) : json_null());
		json_object_set_new(object, "a", compare_side_to_json(&row->a));
		json_object_set_new(object, "b", compare_side_to_json(&row->b));
		json_object_set_new(object, "test", json_string(compare_tests[row->test]));
		json_object_set_new(object, "p", six_digits(row->p));
		json_object_set_new(object, "spread_p", six_digits(row->spread_p));
		json_array_append_new(rows, object);
	}
	for (unsigned i = 0; i < comparison->unpaired->len; i++)
		json_array_append_new(unpaired,
				      json_string(g_ptr_array_index(comparison->unpaired, i)));
	json_object_set_new(document, "format", json_string(JSON_FORMAT_COMPARE));
	json_object_set_new(document, "rows", rows);
	json_object_set_new(document, "unpaired", unpaired);
	return document;
}
