/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_print.h"
#include "cmd/output.h"
#include "planner/base/json.h"
#include "planner/base/size.h"
#include "planner/page/page.h"
#include "topology/base/list.h"

#include <stdio.h>

struct FleetPrinter {
	bool json, csv, color;
	const GPtrArray *sizes;
	struct libscols_table *table; /* for people; else NULL */
	json_t *page;		      /* the nodes, for a page; else NULL */
};

static const char *size_name(const FleetPrinter *printer, unsigned i)
{
	return ((const VmSpec *)g_ptr_array_index(printer->sizes, i))->name;
}

static const char *const node_columns[] = {"NODE", ">VMS", ">CORES", ">FREE", ">MEMORY", "CPU-PM"};

static struct libscols_table *node_table(const FleetPrinter *printer)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < G_N_ELEMENTS(node_columns); i++)
		g_ptr_array_add(names, g_strdup(node_columns[i]));
	for (unsigned i = 0; i < printer->sizes->len; i++)
		g_ptr_array_add(names, g_strdup_printf(">%s", size_name(printer, i)));
	g_ptr_array_add(names, g_strdup("~STATE"));
	g_ptr_array_add(names, NULL);
	return output_table((const char *const *)names->pdata, printer->color);
}

/* CSV: a line a node, without totals, which a spreadsheet makes. */

static void print_csv_header(const FleetPrinter *printer)
{
	static const char *const first[] = {"node", "inventory",     "state",	   "why",
					    "vms",  "cores",	     "free_cores", "free_memory",
					    "kind", "stranded_cpus", "cpu_pm"};
	g_autoptr(GPtrArray) cells = g_ptr_array_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(first); i++)
		g_ptr_array_add(cells, (char *)first[i]);
	for (unsigned i = 0; i < printer->sizes->len; i++)
		g_ptr_array_add(cells, (char *)size_name(printer, i));
	g_ptr_array_add(cells, NULL);
	output_csv((const char *const *)cells->pdata);
}

/* What is not known is left empty. */
static void print_csv_node(const FleetPrinter *printer, const FleetNode *node)
{
	bool known = node->state != FLEET_BROKEN;
	const unsigned numbers[] = {node->vms, node->cores, node->free};
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(cells, g_strdup(node->name));
	g_ptr_array_add(cells, g_filename_display_name(node->inventory));
	g_ptr_array_add(cells, g_strdup(fleet_state_names[node->state]));
	g_ptr_array_add(cells, g_strdup(node->why ? node->why : ""));
	for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
		g_ptr_array_add(cells, known ? g_strdup_printf("%u", numbers[i]) : g_strdup(""));
	g_ptr_array_add(cells, known && node->memory != UINT64_MAX
				       ? g_strdup_printf("%" G_GUINT64_FORMAT, node->memory)
				       : g_strdup(""));
	g_ptr_array_add(cells, g_strdup(known ? node->kind : ""));
	g_ptr_array_add(cells, known ? g_strdup_printf("%u", node->stranded) : g_strdup(""));
	g_ptr_array_add(cells, g_strdup(known ? cpupm_names[node->cpu_pm->verdict] : ""));
	for (unsigned i = 0; i < printer->sizes->len; i++)
		g_ptr_array_add(cells,
				known ? g_strdup_printf("%u", node->fits[i].fit) : g_strdup(""));
	g_ptr_array_add(cells, NULL);
	output_csv((const char *const *)cells->pdata);
}

FleetPrinter *fleet_printer_new(const Options *options, const GPtrArray *sizes)
{
	FleetPrinter *printer = g_new0(FleetPrinter, 1);

	printer->json = options->json;
	printer->color = options->color;
	printer->sizes = sizes;
	printer->csv = options->csv;
	if (printer->csv)
		print_csv_header(printer);
	else if (options->html)
		printer->page = json_array();
	else if (!printer->json)
		printer->table = node_table(printer);
	return printer;
}

/* JSON */

void fleet_print_json(json_t *object)
{
	g_autofree char *text = json_line(object);

	puts(text);
	json_decref(object);
}

static json_t *fleet_print_number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* What runs out first, by how many of the fine nodes it does on. */
static json_t *limits_to_json(const unsigned *limits)
{
	json_t *array = json_array();

	for (unsigned i = 0; i <= FIT_NOTHING; i++)
		if (limits[i])
			json_array_append_new(array,
					      json_pack("{s:s, s:i}", "limit", fit_limit_names[i],
							"nodes", (int)limits[i]));
	return array;
}

static json_t *count_to_json(const FleetPrinter *printer, unsigned i, uint64_t fit, uint64_t bound)
{
	return json_pack("{s:s, s:o, s:o}", "size", size_name(printer, i), "fit",
			 fleet_print_number(fit), "bound", fleet_print_number(bound));
}

static json_t *cpu_pm_to_json(const Cpupm *cpupm)
{
	json_t *codes = json_array();

	for (unsigned i = 0; i < cpupm->reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		json_array_append_new(codes, json_string(reason->code));
	}
	return json_pack("{s:s, s:o}", "verdict", cpupm_names[cpupm->verdict], "reasons", codes);
}

static json_t *fleet_print_node_to_json(const FleetPrinter *printer, const FleetNode *node)
{
	g_autofree char *file = g_filename_display_name(node->inventory);
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?}", "node", node->name, "inventory", file,
				   "state", fleet_state_names[node->state], "why", node->why);
	json_t *sizes = json_array();

	if (node->state != FLEET_BROKEN) {
		json_object_set_new(object, "vms", fleet_print_number(node->vms));
		json_object_set_new(object, "cores", fleet_print_number(node->cores));
		json_object_set_new(object, "free_cores", fleet_print_number(node->free));
		json_object_set_new(object, "free_memory",
				    node->memory == UINT64_MAX ? json_null()
							       : fleet_print_number(node->memory));
		json_object_set_new(object, "kind", json_string(node->kind));
		json_object_set_new(object, "stranded_cpus", fleet_print_number(node->stranded));
		json_object_set_new(object, "cpu_pm", cpu_pm_to_json(node->cpu_pm));
		for (unsigned i = 0; i < printer->sizes->len; i++) {
			json_t *size =
				count_to_json(printer, i, node->fits[i].fit, node->fits[i].bound);

			json_object_set_new(size, "runs_out",
					    json_string(fit_limit_names[node->fits[i].limit]));
			json_array_append_new(sizes, size);
		}
		json_object_set(object, "sizes", sizes);
	}
	json_decref(sizes);
	return object;
}

static json_t *kinds_to_json(const FleetPrinter *printer, const FleetTotals *totals)
{
	json_t *kinds = json_array();

	for (unsigned k = 0; k < totals->kinds->len; k++) {
		const FleetKind *kind = g_ptr_array_index(totals->kinds, k);
		json_t *sizes = json_array();

		for (unsigned i = 0; i < printer->sizes->len; i++)
			json_array_append_new(sizes,
					      json_pack("{s:s, s:o}", "size", size_name(printer, i),
							"fit", fleet_print_number(kind->fit[i])));
		json_array_append_new(kinds,
				      json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "kind",
						kind->name, "nodes", (int)kind->nodes, "cores",
						fleet_print_number(kind->cores), "free_cores",
						fleet_print_number(kind->free), "free_memory",
						fleet_print_number(kind->memory), "sizes", sizes));
	}
	return kinds;
}

static json_t *totals_to_json(const FleetPrinter *printer, const FleetTotals *totals)
{
	json_t *object = json_pack("{s:s, s:o}", "format", "planner-fleet/1", "nodes",
				   fleet_print_number(totals->nodes));
	json_t *sizes = json_array();

	for (unsigned i = 0; fleet_state_names[i]; i++)
		json_object_set_new(object, fleet_state_names[i],
				    fleet_print_number(totals->states[i]));
	json_object_set_new(object, "cpu_pm_on", fleet_print_number(totals->cpu_pm));
	json_object_set_new(object, "vms", fleet_print_number(totals->vms));
	json_object_set_new(object, "cores", fleet_print_number(totals->cores));
	json_object_set_new(object, "free_cores", fleet_print_number(totals->free));
	json_object_set_new(object, "free_memory", fleet_print_number(totals->memory));
	json_object_set_new(object, "stranded_cpus", fleet_print_number(totals->stranded));
	for (unsigned i = 0; i < printer->sizes->len; i++) {
		json_t *size = count_to_json(printer, i, totals->fit[i], totals->bound[i]);

		json_object_set_new(size, "runs_out", limits_to_json(totals->limits[i]));
		json_array_append_new(sizes, size);
	}
	json_object_set_new(object, "sizes", sizes);
	json_object_set_new(object, "kinds", kinds_to_json(printer, totals));
	return object;
}

/* The totals, and beside the sizes what they are today. */
static json_t *sums_to_json(const FleetPrinter *printer, const FleetTotals *totals,
			    const FleetTotals *today)
{
	json_t *object = totals_to_json(printer, totals), *size;
	size_t i;

	json_array_foreach (today ? json_object_get(object, "sizes") : NULL, i, size) {
		json_object_set_new(size, "today", fleet_print_number(today->fit[i]));
		json_object_set_new(size, "today_bound", fleet_print_number(today->bound[i]));
	}
	return object;
}

/* People */

/* "3", or "3..4" where more are not ruled out. */
static char *fleet_print_count_text(uint64_t fit, uint64_t bound)
{
	return fit == bound
		       ? g_strdup_printf("%" G_GUINT64_FORMAT, fit)
		       : g_strdup_printf("%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, fit, bound);
}

static void add_number(GPtrArray *cells, bool known, unsigned value)
{
	g_ptr_array_add(cells, known ? g_strdup_printf("%u", value) : g_strdup("-"));
}

static char *state_text(const FleetNode *node)
{
	const char *state = fleet_state_names[node->state];

	return node->why ? g_strdup_printf("%s: %s", state, node->why) : g_strdup(state);
}

static void fleet_print_add_row(FleetPrinter *printer, const FleetNode *node)
{
	static const char *const colors[] = {NULL, "yellow", "red"};
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	bool known = node->state != FLEET_BROKEN;
	struct libscols_line *line;

	g_ptr_array_add(cells, g_strdup(node->name));
	add_number(cells, known, node->vms);
	add_number(cells, known, node->cores);
	add_number(cells, known, node->free);
	g_ptr_array_add(cells, known && node->memory != UINT64_MAX
				       ? size_format_rounded(node->memory)
				       : g_strdup("-"));
	g_ptr_array_add(cells, g_strdup(known ? cpupm_names[node->cpu_pm->verdict] : "-"));
	for (unsigned i = 0; i < printer->sizes->len; i++)
		g_ptr_array_add(cells, known ? fleet_print_count_text(node->fits[i].fit,
								      node->fits[i].bound)
					     : g_strdup("-"));
	g_ptr_array_add(cells, state_text(node));
	line = output_line(printer->table, (const char *const *)cells->pdata);
	if (colors[node->state])
		scols_line_set_color(line, colors[node->state]);
}

/* "cores on 3 nodes, memory on 1 node": of the fine nodes. Yours. */
static char *fleet_print_limits_text(const FleetPrinter *printer, unsigned size,
				     const unsigned *limits)
{
	const VmSpec *spec = g_ptr_array_index(printer->sizes, size);
	const char *const words[] = {[FIT_CORES] = "cores",
				     [FIT_MEMORY] = spec->page ? "memory for huge pages" : "memory",
				     [FIT_TOGETHER] = "cores and memory together",
				     [FIT_SEARCH] = "search steps"};
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		if (limits[i])
			list_add(text, "%s on %u node%s", words[i], limits[i],
				 limits[i] == 1 ? "" : "s");
	return g_strdup(text->str);
}

/* TODAY: without what --what-if asks; NULL where it asks nothing. */
static void fleet_print_print_sizes(const FleetPrinter *printer, const FleetTotals *totals,
				    const FleetTotals *today)
{
	static const char *const columns[] = {"SIZE", ">TODAY", ">WHAT IF", "~RUNS OUT FIRST",
					      NULL};
	static const char *const plain[] = {"SIZE", ">MORE", "~RUNS OUT FIRST", NULL};
	struct libscols_table *table = output_table(today ? columns : plain, printer->color);

	for (unsigned i = 0; i < printer->sizes->len; i++) {
		g_autofree char *count = fleet_print_count_text(totals->fit[i], totals->bound[i]);
		g_autofree char *before =
			today ? fleet_print_count_text(today->fit[i], today->bound[i]) : NULL;
		g_autofree char *limits = fleet_print_limits_text(printer, i, totals->limits[i]);
		const char *const cells[] = {size_name(printer, i), before, count, limits};

		output_line(table, today ? cells : (const char *const[]){cells[0], count, limits});
	}
	output_print(table);
	scols_unref_table(table);
}

/* The kinds of hardware, where there are several: their nodes, what is free, more of each size. */
static void print_kinds(const FleetPrinter *printer, const FleetTotals *totals)
{
	static const char *const first[] = {"KIND", ">NODES", ">CORES", ">FREE", ">MEMORY"};
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct libscols_table *table;

	for (unsigned i = 0; i < G_N_ELEMENTS(first); i++)
		g_ptr_array_add(names, g_strdup(first[i]));
	for (unsigned i = 0; i < printer->sizes->len; i++)
		g_ptr_array_add(names, g_strdup_printf(">%s", size_name(printer, i)));
	g_ptr_array_add(names, NULL);
	table = output_table((const char *const *)names->pdata, printer->color);
	for (unsigned k = 0; k < totals->kinds->len; k++) {
		const FleetKind *kind = g_ptr_array_index(totals->kinds, k);
		g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

		g_ptr_array_add(cells, g_strdup(kind->name));
		g_ptr_array_add(cells, g_strdup_printf("%u", kind->nodes));
		g_ptr_array_add(cells, g_strdup_printf("%" G_GUINT64_FORMAT, kind->cores));
		g_ptr_array_add(cells, g_strdup_printf("%" G_GUINT64_FORMAT, kind->free));
		g_ptr_array_add(cells, size_format_rounded(kind->memory));
		for (unsigned i = 0; i < printer->sizes->len; i++)
			g_ptr_array_add(cells, g_strdup_printf("%" G_GUINT64_FORMAT, kind->fit[i]));
		output_line(table, (const char *const *)cells->pdata);
	}
	output_leave_out(table, G_N_ELEMENTS(first), printer->sizes->len);
	output_print(table);
	scols_unref_table(table);
	puts("");
}

#define N(value) ((unsigned long long)(value))

static void print_totals(const FleetPrinter *printer, const FleetTotals *totals,
			 const FleetTotals *today)
{
	g_autofree char *memory = size_format_rounded(totals->memory);

	printf("\n%s%u node%s%s: %u fine, %u faulty, %u broken; cpu-pm is on for %u of them\n",
	       output_bold(printer->color), totals->nodes, totals->nodes == 1 ? "" : "s",
	       output_reset(printer->color), totals->states[FLEET_FINE],
	       totals->states[FLEET_FAULTY], totals->states[FLEET_BROKEN], totals->cpu_pm);
	printf("%llu VMs; %llu of %llu cores are free, %s of memory, %llu CPUs are stranded\n\n",
	       N(totals->vms), N(totals->free), N(totals->cores), memory, N(totals->stranded));
	if (totals->kinds->len > 1)
		print_kinds(printer, totals);
	fleet_print_print_sizes(printer, totals, today);
}

/* As many sizes as the terminal is wide; the totals have all of them. */
static void fleet_print_nodes(const FleetPrinter *printer)
{
	unsigned n = printer->sizes->len,
		 shown = output_leave_out(printer->table, G_N_ELEMENTS(node_columns), n);

	output_print(printer->table);
	if (shown < n)
		printf("%u of %u sizes are shown; a wider terminal or --format csv shows all\n",
		       shown, n);
}

/* Both */

void fleet_print_node(FleetPrinter *printer, const FleetNode *node)
{
	if (printer->csv)
		print_csv_node(printer, node);
	else if (printer->json)
		fleet_print_json(fleet_print_node_to_json(printer, node));
	else if (printer->page)
		json_array_append_new(printer->page, fleet_print_node_to_json(printer, node));
	else
		fleet_print_add_row(printer, node);
}

static bool fleet_print_page(FleetPrinter *printer, const FleetTotals *totals,
			     const FleetTotals *today, GError **error)
{
	json_t *sums = sums_to_json(printer, totals, today);
	g_autofree char *page = page_fleet(printer->page, sums, NULL, error);

	if (page)
		fputs(page, stdout);
	json_decref(sums);
	json_decref(printer->page);
	return page;
}

bool fleet_print_end(FleetPrinter *printer, const FleetTotals *totals, const FleetTotals *today,
		     GError **error)
{
	bool good = true;

	if (printer->json) {
		fleet_print_json(sums_to_json(printer, totals, today));
	} else if (printer->page) {
		good = fleet_print_page(printer, totals, today, error);
	} else if (!printer->csv) {
		fleet_print_nodes(printer);
		print_totals(printer, totals, today);
		scols_unref_table(printer->table);
	}
	g_free(printer);
	return good;
}

char *fleet_print_proof(const char *verb, uint64_t done, uint64_t bound)
{
	if (done == bound)
		return g_strdup_printf("no way %s fewer (proved)", verb);
	if (bound)
		return g_strdup_printf("no way %s fewer than %" G_GUINT64_FORMAT " (proved)", verb,
				       bound);
	return g_strdup("fewer are not ruled out");
}
