/* SPDX-License-Identifier: MIT */
#include "planner/base/size.h"
#include "planner/check/check_nodes.h"
#include "planner/page/html.h"
#include "planner/page/page.h"
#include "topology/base/list.h"

#define SHADES 8 /* of the heat map: 0 is none at all, the last the most of a column */

static uint64_t fleet_page_number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* The number at KEY as text, "-" where it is not known; yours. */
static char *fleet_page_count(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number)
		       ? g_strdup_printf("%" G_GUINT64_FORMAT, fleet_page_number(object, key))
		       : g_strdup("-");
}

static char *fleet_page_memory(const json_t *object)
{
	return json_is_integer(json_object_get(object, "free_memory"))
		       ? size_format_rounded(fleet_page_number(object, "free_memory"))
		       : g_strdup("-");
}

/* "3", or "3..4" where more are not ruled out: by FIT_KEY and BOUND_KEY; yours. */
static char *fleet_page_range(const json_t *size, const char *fit_key, const char *bound_key)
{
	uint64_t fit = fleet_page_number(size, fit_key), bound = fleet_page_number(size, bound_key);

	if (!size)
		return g_strdup("-");
	return bound > fit
		       ? g_strdup_printf("%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, fit, bound)
		       : g_strdup_printf("%" G_GUINT64_FORMAT, fit);
}

static char *fleet_page_fit(const json_t *size)
{
	return fleet_page_range(size, "fit", "bound");
}

static const json_t *fleet_page_size(const json_t *object, size_t i)
{
	return json_array_get(json_object_get(object, "sizes"), i);
}

/* The head */

static void fleet_page_head(GString *html, const json_t *totals, const char *title)
{
	g_autofree char *memory = fleet_page_memory(totals);
	g_autofree char *line = g_strdup_printf(
		"%" G_GUINT64_FORMAT " VMs · %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
		" cores are free, and %s of memory · cpu-pm is on for %" G_GUINT64_FORMAT " nodes",
		fleet_page_number(totals, "vms"), fleet_page_number(totals, "free_cores"),
		fleet_page_number(totals, "cores"), memory, fleet_page_number(totals, "cpu_pm_on"));

	page_head(html, title, line);
}

static void fleet_page_figures(GString *html, const json_t *totals)
{
	static const char *const states[][2] = {
		{"fine", NULL}, {"faulty", "warning"}, {"broken", "error"}};

	html_open(html, "div", "figures");
	for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autofree char *count = fleet_page_count(totals, states[i][0]);

		page_figure(html, count, states[i][0],
			    fleet_page_number(totals, states[i][0]) ? states[i][1] : NULL);
	}
	for (size_t i = 0; i < json_array_size(json_object_get(totals, "sizes")); i++) {
		const json_t *size = fleet_page_size(totals, i);
		g_autofree char *count = fleet_page_fit(size);
		g_autofree char *name =
			g_strdup_printf("more of %s", check_node_text(size, "size"));

		page_figure(html, count, name, NULL);
	}
	html_close(html, "div");
}

/* The heat map: a line a node, a column a size, as dark as there is room */

static uint64_t fleet_page_most(const json_t *nodes, size_t size)
{
	uint64_t most = 0;
	size_t n;
	json_t *node;

	json_array_foreach (nodes, n, node)
		most = MAX(most, fleet_page_number(fleet_page_size(node, size), "fit"));
	return most;
}

static const char *fleet_page_shade(uint64_t fit, uint64_t most)
{
	static const char *const shades[SHADES + 1] = {"heat heat0", "heat heat1", "heat heat2",
						       "heat heat3", "heat heat4", "heat heat5",
						       "heat heat6", "heat heat7", "heat heat8"};

	return shades[most ? (fit * SHADES + most - 1) / most : 0];
}

/* The columns FIRST, a column for each size of TOTALS, then LAST, all ended by NULL; yours. */
static char **fleet_page_columns(const char *const *first, const json_t *totals,
				 const char *const *last)
{
	GPtrArray *columns = g_ptr_array_new();

	for (; *first; first++)
		g_ptr_array_add(columns, g_strdup(*first));
	for (size_t i = 0; i < json_array_size(json_object_get(totals, "sizes")); i++)
		g_ptr_array_add(columns,
				g_strconcat(">",
					    check_node_text(fleet_page_size(totals, i), "size"),
					    NULL));
	for (; *last; last++)
		g_ptr_array_add(columns, g_strdup(*last));
	g_ptr_array_add(columns, NULL);
	return (char **)g_ptr_array_free(columns, FALSE);
}

static const char *fleet_page_tone(const char *state)
{
	if (g_str_equal(state, "broken"))
		return "error";
	return g_str_equal(state, "faulty") ? "warning" : NULL;
}

static void fleet_page_node(GString *html, char **columns, const json_t *node, const uint64_t *most,
			    size_t sizes)
{
	const char *state = check_node_text(node, "state"), *why = check_node_text(node, "why");
	const json_t *verdict = json_object_get(node, "cpu_pm");
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autofree const char **classes = g_new0(const char *, g_strv_length(columns));

	g_ptr_array_add(cells, g_strdup(check_node_text(node, "node")));
	for (size_t i = 0; i < sizes; i++) {
		const json_t *size = fleet_page_size(node, i);

		if (size)
			classes[cells->len] =
				fleet_page_shade(fleet_page_number(size, "fit"), most[i]);
		g_ptr_array_add(cells, fleet_page_fit(size));
	}
	g_ptr_array_add(cells, fleet_page_count(node, "free_cores"));
	g_ptr_array_add(cells, fleet_page_count(node, "cores"));
	g_ptr_array_add(cells, fleet_page_memory(node));
	g_ptr_array_add(cells, fleet_page_count(node, "vms"));
	g_ptr_array_add(cells, g_strdup(verdict ? check_node_text(verdict, "verdict") : "-"));
	g_ptr_array_add(cells, *why ? g_strdup_printf("%s: %s", state, why) : g_strdup(state));
	html_row(html, fleet_page_tone(state), (const char *const *)columns,
		 (const char *const *)cells->pdata, classes);
}

static void fleet_page_nodes(GString *html, const json_t *nodes, const json_t *totals)
{
	static const char *const first[] = {"Node", NULL}, *const last[] = {">Free",   ">Cores",
									    ">Memory", ">VMs",
									    "cpu-pm",  "State",
									    NULL};
	size_t sizes = json_array_size(json_object_get(totals, "sizes")), n;
	g_autofree uint64_t *most = g_new0(uint64_t, sizes + 1);
	g_auto(GStrv) columns = fleet_page_columns(first, totals, last);
	json_t *node;

	for (size_t i = 0; i < sizes; i++)
		most[i] = fleet_page_most(nodes, i);
	page_section(html, "Capacity by node and size");
	html_element(html, "p", "note",
		     "How many more VMs of a size each node takes, one size at a time. The "
		     "stronger its colour, the nearer a cell is to the most that a node takes of "
		     "that size.");
	html_table_open(html, "sorts wide", (const char *const *)columns);
	json_array_foreach (nodes, n, node) {
		fleet_page_node(html, columns, node, most, sizes);
	}
	html_table_close(html);
	html_close(html, "section");
}

/* Sizes */

/* "cores on 3 nodes, memory on 1 node"; yours. */
static char *fleet_page_runs_out(const json_t *limits)
{
	g_autoptr(GString) text = g_string_new(NULL);
	size_t i;
	json_t *limit;

	json_array_foreach (limits, i, limit) {
		const char *what = check_node_text(limit, "limit");
		g_autofree char *nodes = fleet_page_count(limit, "nodes");

		list_add(text, "%s on %s node%s",
			 g_str_equal(what, "cores-together") ? "cores and memory together" : what,
			 nodes, g_str_equal(nodes, "1") ? "" : "s");
	}
	return g_strdup(text->str);
}

static void fleet_page_sizes(GString *html, const json_t *totals)
{
	static const char *const plain[] = {"Size", ">More", "Runs out first", NULL};
	static const char *const what_if[] = {"Size", ">Today", ">What if", "Runs out first", NULL};
	const json_t *sizes = json_object_get(totals, "sizes");
	bool both = json_object_get(json_array_get(sizes, 0), "today");
	const char *const *columns = both ? what_if : plain;
	size_t i;
	json_t *size;

	page_section(html, "By size");
	html_table_open(html, "sorts", columns);
	json_array_foreach (sizes, i, size) {
		g_autofree char *today = fleet_page_range(size, "today", "today_bound");
		g_autofree char *count = fleet_page_fit(size);
		g_autofree char *limits = fleet_page_runs_out(json_object_get(size, "runs_out"));
		const char *cells[] = {check_node_text(size, "size"), today, count, limits};

		if (!both)
			memmove(cells + 1, cells + 2, 2 * sizeof *cells);
		html_row(html, NULL, columns, cells, NULL);
	}
	html_table_close(html);
	html_close(html, "section");
}

/* Kinds of hardware */

static void fleet_page_kinds(GString *html, const json_t *totals)
{
	static const char *const first[] = {"Kind", ">Nodes", ">Cores", ">Free", ">Memory", NULL};
	const json_t *kinds = json_object_get(totals, "kinds");
	size_t sizes = json_array_size(json_object_get(totals, "sizes")), k;
	g_auto(GStrv) columns = fleet_page_columns(first, totals, first + G_N_ELEMENTS(first) - 1);
	json_t *kind;

	page_section(html, "By kind of hardware");
	html_table_open(html, "sorts", (const char *const *)columns);
	json_array_foreach (kinds, k, kind) {
		g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

		g_ptr_array_add(cells, g_strdup(check_node_text(kind, "kind")));
		g_ptr_array_add(cells, fleet_page_count(kind, "nodes"));
		g_ptr_array_add(cells, fleet_page_count(kind, "cores"));
		g_ptr_array_add(cells, fleet_page_count(kind, "free_cores"));
		g_ptr_array_add(cells, fleet_page_memory(kind));
		for (size_t i = 0; i < sizes; i++)
			g_ptr_array_add(cells, fleet_page_fit(fleet_page_size(kind, i)));
		html_row(html, NULL, (const char *const *)columns,
			 (const char *const *)cells->pdata, NULL);
	}
	html_table_close(html);
	html_close(html, "section");
}

char *page_fleet(const json_t *nodes, const json_t *totals, GHashTable *templates, GError **error)
{
	g_autoptr(GString) html = g_string_new(NULL);
	uint64_t n = fleet_page_number(totals, "nodes");
	g_autofree char *title =
		g_strdup_printf("Capacity of %" G_GUINT64_FORMAT " node%s", n, n == 1 ? "" : "s");

	fleet_page_head(html, totals, title);
	fleet_page_figures(html, totals);
	fleet_page_nodes(html, nodes, totals);
	fleet_page_sizes(html, totals);
	fleet_page_kinds(html, totals);
	return page_make(title, html->str, templates, error);
}
