/* SPDX-License-Identifier: MIT */
#include "cmd/check_many.h"

#include "cmd/check.h"
#include "cmd/fleet_print.h"
#include "cmd/output.h"
#include "planner/check/check_nodes.h"
#include "planner/check/rules.h"
#include "topology/base/list.h"

#include <stdio.h>
#include <string.h>

static void many_line(struct libscols_table *table, const CheckNode *node)
{
	g_auto(GStrv) cells = check_node_cells(node, "-");

	const char *shown[CHECK_NODE_WHY];

	memcpy(shown, cells, sizeof shown);
	if (node->why)
		shown[CHECK_NODE_SOURCE] = cells[CHECK_NODE_WHY];
	output_line(table, shown);
}

static void many_print_nodes(const GPtrArray *nodes, bool color)
{
	static const char *const columns[] = {"NODE",	     ">ERRORS", ">WARNINGS", ">INFOS",
					      ">NOT JUDGED", ">WAIVED", "~FROM",     NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < nodes->len; i++)
		many_line(table, g_ptr_array_index(nodes, i));
	output_print(table);
	scols_unref_table(table);
	putchar('\n');
}

/* Findings by rule */

/* "web1, vm vm1": where finding I of GROUP is; yours. */
static char *many_where(const CheckGroup *group, unsigned i)
{
	return g_strdup_printf("%s, %s", check_node_title(g_ptr_array_index(group->nodes, i)),
			       check_node_text(g_ptr_array_index(group->findings, i), "subject"));
}

static void many_print_group(const CheckGroup *group, bool color)
{
	const Rule *rule = rule_find(group->id);
	const json_t *first = g_ptr_array_index(group->findings, 0);
	bool one_fix = check_group_same(group, "fix");

	printf("%s%s%s%*s%s%s%s%s%s\n", output_severity_color(group->severity, color),
	       severity_name(group->severity), output_reset(color),
	       (int)(CHECK_INDENT - 2 - strlen(severity_name(group->severity))), "",
	       output_bold(color), group->id, output_reset(color), rule ? ": " : "",
	       rule ? rule->title : "");
	for (unsigned i = 0; i < group->findings->len; i++) {
		const json_t *finding = g_ptr_array_index(group->findings, i);
		g_autofree char *where = many_where(group, i);

		check_print_more(where, check_node_text(finding, "text"));
		if (!one_fix)
			check_print_more("  fix", check_node_text(finding, "fix"));
	}
	if (check_group_same(group, "why"))
		check_print_more("why", check_node_text(first, "why"));
	if (one_fix)
		check_print_more("fix", check_node_text(first, "fix"));
	putchar('\n');
}

static void many_print_brief(const CheckGroup *group, bool color)
{
	for (unsigned i = 0; i < group->findings->len; i++) {
		const json_t *finding = g_ptr_array_index(group->findings, i);
		g_autofree char *where = many_where(group, i);

		check_print_brief(group->severity, where, check_node_text(finding, "text"),
				  group->id, color);
	}
}

static void many_print_summary(const GPtrArray *nodes)
{
	unsigned errors = 0, warnings = 0, broken = 0;
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);

		broken += !node->document;
		errors += check_node_count(node, "errors") > 0;
		warnings += !check_node_count(node, "errors") && check_node_count(node, "warnings");
	}
	if (broken)
		list_add(text, "%u could not be checked", broken);
	if (errors)
		list_add(text, "%u with errors", errors);
	if (warnings)
		list_add(text, "%u with warnings", warnings);
	list_add(text, "%u without", nodes->len - broken - errors - warnings);
	printf("%u node%s: %s\n", nodes->len, nodes->len == 1 ? "" : "s", text->str);
}

/* Documents alone; what could not be checked is on stderr. */
static void many_print_json(const GPtrArray *nodes)
{
	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		g_autofree char *why = node->why ? output_safe(node->why) : NULL;

		if (node->document)
			fleet_print_json(json_incref(node->document));
		else
			fprintf(stderr, "planner: %s\n", why);
	}
}

void check_many_print(GPtrArray *nodes, const Options *options)
{
	g_autoptr(GPtrArray) groups = NULL;

	check_nodes_sort(nodes);
	if (options->json) {
		many_print_json(nodes);
		return;
	}
	groups = check_nodes_groups(nodes);
	if (!options->brief)
		many_print_nodes(nodes, options->color);
	for (unsigned i = 0; i < groups->len; i++)
		if (options->brief)
			many_print_brief(g_ptr_array_index(groups, i), options->color);
		else
			many_print_group(g_ptr_array_index(groups, i), options->color);
	many_print_summary(nodes);
}

void check_many_print_csv(GPtrArray *nodes)
{
	static const char *const header[] = {"node",   "errors", "warnings", "infos", "not_judged",
					     "waived", "from",	 "why",	     NULL};

	check_nodes_sort(nodes);
	output_csv(header);
	for (unsigned i = 0; i < nodes->len; i++) {
		g_auto(GStrv) cells = check_node_cells(g_ptr_array_index(nodes, i), "");

		output_csv((const char *const *)cells);
	}
}

Status check_many_status(const GPtrArray *nodes)
{
	Status status = STATUS_FINE;

	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		const json_t *summary = json_object_get(node->document, "summary");

		if (!node->document)
			status = STATUS_TROUBLE;
		else if (json_is_true(json_object_get(summary, "bad")))
			status = MAX(status, STATUS_BAD_NEWS);
	}
	return status;
}
