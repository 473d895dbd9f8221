/* SPDX-License-Identifier: MIT */
#include "cmd/inputs.h"
#include "cmd/measure.h"
#include "cmd/output.h"
#include "planner/base/json.h"
#include "planner/measure/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static GPtrArray *series_read(const char *name, GError **error)
{
	size_t length;
	g_autofree char *text = input_read(name, &length, error);

	return text ? series_parse(name, text, length, error) : NULL;
}

static char *number_text(double value)
{
	return g_strdup_printf("%.*f", fabs(value) < 100 ? 2 : 1, value);
}

/* B in per cent of A. */
static char *ratio_text(const CompareRow *row)
{
	return fabs(row->a.mean) > 0 ? g_strdup_printf("%.1f %%", row->b.mean / row->a.mean * 100)
				     : g_strdup("-");
}

static void compare_line(struct libscols_table *table, const CompareRow *row)
{
	const char *name = !row->name ? "all VMs" : *row->name ? row->name : "all";
	g_autofree char *count = g_strdup_printf("%u, %u", row->a.n, row->b.n);
	g_autofree char *first = number_text(row->a.mean), *second = number_text(row->b.mean);
	g_autofree char *ratio = ratio_text(row), *verdict = compare_verdict(row);
	g_autofree char *wide = number_text(row->a.deviation);
	g_autofree char *wide_b = number_text(row->b.deviation), *spread = compare_spread(row);

	output_line(table, (const char *const[]){name, count, first, second, ratio, verdict, wide,
						 wide_b, spread});
}

static void comparison_print(const Comparison *comparison, bool color)
{
	static const char *const columns[] = {"NAME",	">N",	  ">MEAN A", ">MEAN B",	    ">B/A",
					      "~MEANS", ">DEV A", ">DEV B",  "~DEVIATIONS", NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < comparison->rows->len; i++)
		compare_line(table, &g_array_index(comparison->rows, CompareRow, i));
	output_print(table);
	scols_unref_table(table);
	for (unsigned i = 0; i < comparison->unpaired->len; i++) {
		g_autofree char *safe = output_safe(g_ptr_array_index(comparison->unpaired, i));

		printf("%snot compared: %s: only one run has it\n", i ? "" : "\n",
		       *safe ? safe : "numbers without a name");
	}
}

bool measure_compare(const Options *options, GError **error)
{
	g_autoptr(GPtrArray) a = series_read(options->arguments[0], error);
	g_autoptr(GPtrArray) b = a ? series_read(options->arguments[1], error) : NULL;
	g_autoptr(Comparison) comparison = b ? comparison_new(a, b) : NULL;

	if (!comparison)
		return false;
	if (options->json)
		output_json(comparison_to_json(comparison));
	else
		comparison_print(comparison, options->color);
	return true;
}
