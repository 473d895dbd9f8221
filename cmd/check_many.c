/* SPDX-License-Identifier: MIT */
#include "cmd/check_many.h"

#include "cmd/check.h"
#include "cmd/fleet_print.h"
#include "cmd/output.h"
#include "topology/base/list.h"

#include <stdio.h>
#include <string.h>

typedef struct ManyNode {
	char *source, *why;
	json_t *document; /* NULL: WHY */
} ManyNode;

struct CheckMany {
	GPtrArray *nodes; /* of ManyNode */
};

/* A rule, or another finding, with all of its findings. */
typedef struct ManyGroup {
	const char *id;
	Severity severity;
	GPtrArray *findings; /* of json_t, borrowed */
	GPtrArray *nodes;    /* of ManyNode: that of each */
} ManyGroup;

static void many_node_free(gpointer data)
{
	ManyNode *node = data;

	g_free(node->source);
	g_free(node->why);
	json_decref(node->document);
	g_free(node);
}

CheckMany *check_many_new(void)
{
	CheckMany *many = g_new(CheckMany, 1);

	many->nodes = g_ptr_array_new_with_free_func(many_node_free);
	return many;
}

void check_many_free(CheckMany *many)
{
	g_ptr_array_unref(many->nodes);
	g_free(many);
}

void check_many_add(CheckMany *many, const char *source, json_t *document, const char *why)
{
	ManyNode *node = g_new(ManyNode, 1);

	*node = (ManyNode){g_strdup(source), g_strdup(why), document};
	g_ptr_array_add(many->nodes, node);
}

static const char *many_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_t *check_many_document(const char *text, size_t length)
{
	json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);

	if (!g_str_equal(many_text(document, "format"), JSON_FORMAT_CHECK) ||
	    !json_is_array(json_object_get(document, "findings")) ||
	    !json_is_object(json_object_get(document, "summary")))
		g_clear_pointer(&document, json_decref);
	return document;
}

/* Nodes */

static unsigned many_count(const ManyNode *node, const char *key)
{
	const json_t *summary = json_object_get(node->document, "summary");

	return (unsigned)json_integer_value(json_object_get(summary, key));
}

static const char *many_name(const ManyNode *node)
{
	const char *name = many_text(json_object_get(node->document, "node"), "name");

	return *name ? name : node->source;
}

/* Those that could not be checked first, then by errors, warnings and name. */
static int many_compare(gconstpointer a, gconstpointer b)
{
	static const char *const keys[] = {"errors", "warnings", "infos", "unknown"};
	const ManyNode *x = *(const ManyNode *const *)a, *y = *(const ManyNode *const *)b;

	if (!x->document != !y->document)
		return x->document ? 1 : -1;
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		if (many_count(x, keys[i]) != many_count(y, keys[i]))
			return many_count(x, keys[i]) > many_count(y, keys[i]) ? -1 : 1;
	return strverscmp(many_name(x), many_name(y));
}

/* How many findings of each kind NODE has, yours; NONE where it could not be checked. */
static char **many_counts(const ManyNode *node, const char *none)
{
	static const char *const keys[] = {"errors", "warnings", "infos", "unknown", "waived"};
	char **counts = g_new0(char *, G_N_ELEMENTS(keys) + 1);

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		counts[i] = node->document ? g_strdup_printf("%u", many_count(node, keys[i]))
					   : g_strdup(none);
	return counts;
}

static void many_line(struct libscols_table *table, const ManyNode *node)
{
	g_auto(GStrv) counts = many_counts(node, "-");
	const char *const cells[] = {many_name(node),
				     counts[0],
				     counts[1],
				     counts[2],
				     counts[3],
				     counts[4],
				     node->why ? node->why : node->source};

	output_line(table, cells);
}

static void many_print_nodes(const CheckMany *many, bool color)
{
	static const char *const columns[] = {"NODE",	     ">ERRORS", ">WARNINGS", ">INFOS",
					      ">NOT JUDGED", ">WAIVED", "~FROM",     NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < many->nodes->len; i++)
		many_line(table, g_ptr_array_index(many->nodes, i));
	output_print(table);
	scols_unref_table(table);
	putchar('\n');
}

/* Findings by rule */

static void many_group_free(gpointer data)
{
	ManyGroup *group = data;

	g_ptr_array_unref(group->findings);
	g_ptr_array_unref(group->nodes);
	g_free(group);
}

static int many_group_compare(gconstpointer a, gconstpointer b)
{
	const ManyGroup *x = *(const ManyGroup *const *)a, *y = *(const ManyGroup *const *)b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->findings->len != y->findings->len)
		return x->findings->len > y->findings->len ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The group called ID, new where there was none. */
static ManyGroup *many_group_of(GPtrArray *groups, GHashTable *by_id, const char *id)
{
	ManyGroup *group = g_hash_table_lookup(by_id, id);

	if (group)
		return group;
	group = g_new0(ManyGroup, 1);
	group->id = id;
	group->findings = g_ptr_array_new();
	group->nodes = g_ptr_array_new();
	g_hash_table_insert(by_id, (gpointer)id, group);
	g_ptr_array_add(groups, group);
	return group;
}

/* Failures that nobody accepts, by id: worst first, then most. */
static GPtrArray *many_groups(const CheckMany *many)
{
	g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *groups = g_ptr_array_new_with_free_func(many_group_free);

	for (unsigned i = 0; i < many->nodes->len; i++) {
		ManyNode *node = g_ptr_array_index(many->nodes, i);
		size_t f;
		json_t *finding;

		json_array_foreach (json_object_get(node->document, "findings"), f, finding) {
			int severity = severity_find(many_text(finding, "severity"));
			ManyGroup *group;

			if (!g_str_equal(many_text(finding, "verdict"), "fail") ||
			    json_object_get(finding, "waived"))
				continue;
			group = many_group_of(groups, by_id, many_text(finding, "id"));
			group->severity = (Severity)MAX((int)group->severity, severity);
			g_ptr_array_add(group->findings, finding);
			g_ptr_array_add(group->nodes, node);
		}
	}
	g_ptr_array_sort(groups, many_group_compare);
	return groups;
}

/* "web1, vm vm1": where finding I of GROUP is; yours. */
static char *many_where(const ManyGroup *group, unsigned i)
{
	return g_strdup_printf("%s, %s", many_name(g_ptr_array_index(group->nodes, i)),
			       many_text(g_ptr_array_index(group->findings, i), "subject"));
}

/* Once where all findings say the same; else nothing here. */
static bool many_same(const ManyGroup *group, const char *key)
{
	const char *first = many_text(g_ptr_array_index(group->findings, 0), key);

	for (unsigned i = 1; i < group->findings->len; i++)
		if (!g_str_equal(many_text(g_ptr_array_index(group->findings, i), key), first))
			return false;
	return *first;
}

static void many_print_group(const ManyGroup *group, bool color)
{
	const Rule *rule = rule_find(group->id);
	const json_t *first = g_ptr_array_index(group->findings, 0);
	bool one_fix = many_same(group, "fix");

	printf("%s%s%s%*s%s%s%s%s%s\n", output_severity_color(group->severity, color),
	       severity_name(group->severity), output_reset(color),
	       (int)(CHECK_INDENT - 2 - strlen(severity_name(group->severity))), "",
	       output_bold(color), group->id, output_reset(color), rule ? ": " : "",
	       rule ? rule->title : "");
	for (unsigned i = 0; i < group->findings->len; i++) {
		const json_t *finding = g_ptr_array_index(group->findings, i);
		g_autofree char *where = many_where(group, i);

		check_print_more(where, many_text(finding, "text"));
		if (!one_fix)
			check_print_more("  fix", many_text(finding, "fix"));
	}
	if (many_same(group, "why"))
		check_print_more("why", many_text(first, "why"));
	if (one_fix)
		check_print_more("fix", many_text(first, "fix"));
	putchar('\n');
}

static void many_print_brief(const ManyGroup *group, bool color)
{
	for (unsigned i = 0; i < group->findings->len; i++) {
		const json_t *finding = g_ptr_array_index(group->findings, i);
		g_autofree char *where = many_where(group, i);

		check_print_brief(group->severity, where, many_text(finding, "text"), group->id,
				  color);
	}
}

static void many_print_summary(const CheckMany *many)
{
	unsigned errors = 0, warnings = 0, broken = 0;
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < many->nodes->len; i++) {
		const ManyNode *node = g_ptr_array_index(many->nodes, i);

		broken += !node->document;
		errors += many_count(node, "errors") > 0;
		warnings += !many_count(node, "errors") && many_count(node, "warnings");
	}
	if (broken)
		list_add(text, "%u could not be checked", broken);
	if (errors)
		list_add(text, "%u with errors", errors);
	if (warnings)
		list_add(text, "%u with warnings", warnings);
	list_add(text, "%u without", many->nodes->len - broken - errors - warnings);
	printf("%u node%s: %s\n", many->nodes->len, many->nodes->len == 1 ? "" : "s", text->str);
}

/* Documents alone; what could not be checked is on stderr. */
static void many_print_json(const CheckMany *many)
{
	for (unsigned i = 0; i < many->nodes->len; i++) {
		const ManyNode *node = g_ptr_array_index(many->nodes, i);
		g_autofree char *why = node->why ? output_safe(node->why) : NULL;

		if (node->document)
			fleet_print_json(json_incref(node->document));
		else
			fprintf(stderr, "planner: %s\n", why);
	}
}

void check_many_print(CheckMany *many, const Options *options)
{
	g_autoptr(GPtrArray) groups = NULL;

	g_ptr_array_sort(many->nodes, many_compare);
	if (options->json) {
		many_print_json(many);
		return;
	}
	groups = many_groups(many);
	if (!options->brief)
		many_print_nodes(many, options->color);
	for (unsigned i = 0; i < groups->len; i++)
		if (options->brief)
			many_print_brief(g_ptr_array_index(groups, i), options->color);
		else
			many_print_group(g_ptr_array_index(groups, i), options->color);
	many_print_summary(many);
}

void check_many_print_csv(CheckMany *many)
{
	static const char *const header[] = {"node",   "errors", "warnings", "infos", "not_judged",
					     "waived", "from",	 "why",	     NULL};

	g_ptr_array_sort(many->nodes, many_compare);
	output_csv(header);
	for (unsigned i = 0; i < many->nodes->len; i++) {
		const ManyNode *node = g_ptr_array_index(many->nodes, i);
		g_auto(GStrv) counts = many_counts(node, "");
		const char *const cells[] = {many_name(node),
					     counts[0],
					     counts[1],
					     counts[2],
					     counts[3],
					     counts[4],
					     node->source,
					     node->why ? node->why : "",
					     NULL};

		output_csv(cells);
	}
}

Status check_many_status(const CheckMany *many)
{
	Status status = STATUS_FINE;

	for (unsigned i = 0; i < many->nodes->len; i++) {
		const ManyNode *node = g_ptr_array_index(many->nodes, i);
		const json_t *summary = json_object_get(node->document, "summary");

		if (!node->document)
			status = STATUS_TROUBLE;
		else if (json_is_true(json_object_get(summary, "bad")))
			status = MAX(status, STATUS_BAD_NEWS);
	}
	return status;
}
