/* SPDX-License-Identifier: MIT */
#include "cmd/check_many.h"

#include "cmd/check.h"
#include "cmd/fleet_print.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/check/check_nodes.h"
#include "planner/check/rules.h"
#include "topology/base/list.h"
#include "topology/root/root.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What is checked */

static int many_source_compare(gconstpointer a, gconstpointer b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* Is FILE the report of one node, or too damaged to tell? Then it is for whoever checks it. Other
 * documents lie there too: lists of the fleet, what --since compares with. */
static bool many_may_be_report(const char *file)
{
	size_t length;
	g_autofree char *text = input_read_regular(file, &length, NULL);
	g_autoptr(GPtrArray) documents = text ? check_nodes_documents(text, length) : NULL;
	json_auto_t *other =
		text && !documents ? json_loadb(text, length, JSON_DISABLE_EOF_CHECK, NULL) : NULL;

	return documents ? documents->len == 1 : !other;
}

static void many_add_reports(GPtrArray *found, const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(folder, name, NULL);

		if (g_str_has_suffix(name, ".json") && many_may_be_report(file))
			g_ptr_array_add(found, g_steal_pointer(&file));
	}
}

/* Is SOURCE none of those SEEN, under whatever name? Then it is one of them now. */
static bool many_is_new(GHashTable *seen, const char *source)
{
	struct stat status;

	if (stat(source, &status) < 0)
		return g_hash_table_add(seen, g_strdup(source));
	return g_hash_table_add(seen, g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev,
						      (uintmax_t)status.st_ino));
}

GPtrArray *check_many_sources(char *const *arguments, bool reports)
{
	GPtrArray *sources = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (; *arguments; arguments++) {
		g_autoptr(GPtrArray) found = root_captures(*arguments);

		bool itself = found->len == 1 && g_str_equal(found->pdata[0], *arguments);

		if (reports && !itself)
			many_add_reports(found, *arguments);
		if (!found->len)
			g_ptr_array_add(found, g_strdup(*arguments));
		g_ptr_array_sort(found, many_source_compare);
		for (unsigned i = 0; i < found->len; i++)
			if (many_is_new(seen, g_ptr_array_index(found, i)))
				g_ptr_array_add(sources, g_strdup(g_ptr_array_index(found, i)));
	}
	return sources;
}

/* How many findings at KEY of what NODE was compared with; "-" = it was compared with nothing. */
static char *many_changed(const CheckNode *node, const char *key)
{
	const json_t *since = json_object_get(node->document, "since");

	return since ? g_strdup_printf("%zu", json_array_size(json_object_get(since, key)))
		     : g_strdup("-");
}

static void many_line(struct libscols_table *table, const CheckNode *node, bool compared)
{
	g_auto(GStrv) cells = check_node_cells(node, "-");
	g_autofree char *added = many_changed(node, "new"), *gone = many_changed(node, "gone");
	const char *shown[CHECK_NODE_WHY + 2];
	unsigned n = CHECK_NODE_SOURCE;

	memcpy(shown, cells, n * sizeof *shown);
	if (compared) {
		shown[n++] = added;
		shown[n++] = gone;
	}
	shown[n] = cells[node->why ? CHECK_NODE_WHY : CHECK_NODE_SOURCE];
	output_line(table, shown);
}

static void many_print_nodes(const GPtrArray *nodes, bool compared, bool color)
{
	static const char *const columns[] = {"NODE",	     ">ERRORS", ">WARNINGS", ">INFOS",
					      ">NOT JUDGED", ">WAIVED", "~FROM",     NULL};
	static const char *const changes[] = {"NODE",	     ">ERRORS", ">WARNINGS", ">INFOS",
					      ">NOT JUDGED", ">WAIVED", ">NEW",	     ">GONE",
					      "~FROM",	     NULL};
	struct libscols_table *table = output_table(compared ? changes : columns, color);

	for (unsigned i = 0; i < nodes->len; i++)
		many_line(table, g_ptr_array_index(nodes, i), compared);
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

/* What changed */

/* A finding of the earlier check of NODE that it has no more, where it is UNJUDGED or not. */
static bool many_print_gone_one(const CheckNode *node, const json_t *gone, bool unjudged)
{
	g_autofree char *where =
		g_strdup_printf("%s, %s", check_node_title(node), check_node_text(gone, "subject"));

	if (json_is_true(json_object_get(gone, "unjudged")) != unjudged)
		return false;
	check_print_brief((Severity)MAX(severity_find(check_node_text(gone, "severity")), 0), where,
			  check_node_text(gone, "text"), check_node_text(gone, "id"), false);
	return true;
}

static void many_print_gone(const GPtrArray *nodes, bool unjudged, bool color)
{
	bool any = false;

	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		size_t g;
		json_t *gone;

		json_array_foreach (
			json_object_get(json_object_get(node->document, "since"), "gone"), g,
			gone) {
			if (!any && json_is_true(json_object_get(gone, "unjudged")) == unjudged)
				printf("%s%s%s\n", output_bold(color),
				       unjudged ? "No longer judged" : "Gone", output_reset(color));
			any |= many_print_gone_one(node, gone, unjudged);
		}
	}
	if (any)
		putchar('\n');
}

/* Nodes that the earlier check did not have, and what changed on the others. */
static void many_print_since(const GPtrArray *nodes, const char *name)
{
	unsigned added = 0, gone = 0, same = 0, missing = 0;
	g_autofree char *file = output_safe(name);

	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		const json_t *since = json_object_get(node->document, "since");

		missing += node->document && !since;
		added += json_array_size(json_object_get(since, "new"));
		gone += json_array_size(json_object_get(since, "gone"));
		same += json_integer_value(json_object_get(since, "unchanged"));
	}
	printf("%u new, %u gone, %u unchanged since %s", added, gone, same, file);
	if (missing)
		printf("; %u node%s not in it: all that was found there is new", missing,
		       missing == 1 ? " is" : "s are");
	putchar('\n');
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
	if (broken < nodes->len)
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
	groups = check_nodes_groups(nodes, options->since);
	if (!options->brief)
		many_print_nodes(nodes, options->since, options->color);
	for (unsigned i = 0; i < groups->len; i++)
		if (options->brief)
			many_print_brief(g_ptr_array_index(groups, i), options->color);
		else
			many_print_group(g_ptr_array_index(groups, i), options->color);
	if (options->since && !options->brief) {
		many_print_gone(nodes, false, options->color);
		many_print_gone(nodes, true, options->color);
	}
	if (options->since)
		many_print_since(nodes, options->since);
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

Status check_many_status(const GPtrArray *nodes, bool new)
{
	Status status = STATUS_FINE;

	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		const json_t *summary = json_object_get(node->document, "summary");

		if (!node->document)
			status = STATUS_TROUBLE;
		else if (new ? check_node_worse(node)
			     : json_is_true(json_object_get(summary, "bad")))
			status = MAX(status, STATUS_BAD_NEWS);
	}
	return status;
}
