/* SPDX-License-Identifier: MIT */
#include "planner/check/check_nodes.h"
#include "planner/check/check.h"

#include <string.h>

static void check_node_free(gpointer data)
{
	CheckNode *node = data;

	g_free(node->source);
	g_free(node->why);
	g_free(node->map);
	g_free(node->title);
	json_decref(node->document);
	g_free(node);
}

GPtrArray *check_nodes_new(void)
{
	return g_ptr_array_new_with_free_func(check_node_free);
}

void check_nodes_add(GPtrArray *nodes, const char *source, json_t *document, char *map,
		     const char *why)
{
	CheckNode *node = g_new(CheckNode, 1);

	*node = (CheckNode){g_strdup(source), g_strdup(why), document, map, NULL};
	g_ptr_array_add(nodes, node);
}

const char *check_node_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool check_nodes_is_document(const json_t *document)
{
	return g_str_equal(check_node_text(document, "format"), JSON_FORMAT_CHECK) &&
	       json_is_array(json_object_get(document, "findings")) &&
	       json_is_object(json_object_get(document, "summary"));
}

json_t *check_nodes_document(const char *text, size_t length)
{
	json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);

	if (!check_nodes_is_document(document))
		g_clear_pointer(&document, json_decref);
	return document;
}

static void check_nodes_document_free(gpointer data)
{
	json_decref(data);
}

GPtrArray *check_nodes_documents(const char *text, size_t length)
{
	GPtrArray *documents = g_ptr_array_new_with_free_func(check_nodes_document_free);
	const char *end = text + length;

	for (; text < end && g_ascii_isspace(*text); text++)
		;
	while (text < end) {
		json_error_t stop;
		json_t *document =
			json_loadb(text, (size_t)(end - text),
				   JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &stop);

		g_ptr_array_add(documents, document);
		if (!check_nodes_is_document(document)) {
			g_ptr_array_set_size(documents, 0);
			break;
		}
		for (text += stop.position; text < end && g_ascii_isspace(*text); text++)
			;
	}
	if (!documents->len)
		g_clear_pointer(&documents, g_ptr_array_unref);
	return documents;
}

json_t *check_nodes_document_of(const GPtrArray *documents, const char *name)
{
	json_t *found = NULL;

	for (unsigned i = 0; name && i < documents->len; i++) {
		json_t *document = g_ptr_array_index(documents, i);

		if (!g_str_equal(check_node_text(json_object_get(document, "node"), "name"), name))
			continue;
		if (found)
			return NULL;
		found = document;
	}
	return found;
}

/* Nodes */

unsigned check_node_count(const CheckNode *node, const char *key)
{
	const json_t *summary = json_object_get(node->document, "summary");

	return (unsigned)json_integer_value(json_object_get(summary, key));
}

static const char *check_nodes_name(const CheckNode *node)
{
	const char *name = check_node_text(json_object_get(node->document, "node"), "name");

	return *name ? name : node->source;
}

const char *check_node_title(const CheckNode *node)
{
	return node->title ? node->title : check_nodes_name(node);
}

/* A fleet has as many nodes as it has: names are counted once for all. */
static void check_nodes_set_titles(GPtrArray *nodes)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < nodes->len; i++) {
		const char *name = check_nodes_name(g_ptr_array_index(nodes, i));
		gsize times = GPOINTER_TO_SIZE(g_hash_table_lookup(seen, name));

		g_hash_table_insert(seen, (gpointer)name, GSIZE_TO_POINTER(times + 1));
	}
	for (unsigned i = 0; i < nodes->len; i++) {
		CheckNode *node = g_ptr_array_index(nodes, i);
		const char *name = check_nodes_name(node);

		if (GPOINTER_TO_SIZE(g_hash_table_lookup(seen, name)) > 1 && !node->title)
			node->title = g_strdup_printf("%s (%s)", name, node->source);
	}
}

static int check_node_compare(gconstpointer a, gconstpointer b)
{
	static const char *const keys[] = {"errors", "warnings", "infos", "unknown"};
	const CheckNode *x = *(const CheckNode *const *)a, *y = *(const CheckNode *const *)b;

	if (!x->document != !y->document)
		return x->document ? 1 : -1;
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		if (check_node_count(x, keys[i]) != check_node_count(y, keys[i]))
			return check_node_count(x, keys[i]) > check_node_count(y, keys[i]) ? -1 : 1;
	return strverscmp(check_node_title(x), check_node_title(y));
}

void check_nodes_sort(GPtrArray *nodes)
{
	check_nodes_set_titles(nodes);
	g_ptr_array_sort(nodes, check_node_compare);
}

char **check_node_cells(const CheckNode *node, const char *none)
{
	static const char *const keys[] = {"errors", "warnings", "infos", "unknown", "waived"};
	GPtrArray *cells = g_ptr_array_new();

	g_ptr_array_add(cells, g_strdup(check_nodes_name(node)));
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		g_ptr_array_add(cells,
				node->document
					? g_strdup_printf("%u", check_node_count(node, keys[i]))
					: g_strdup(none));
	g_ptr_array_add(cells, g_strdup(node->source));
	g_ptr_array_add(cells, g_strdup(node->why ? node->why : ""));
	g_ptr_array_add(cells, NULL);
	return (char **)g_ptr_array_free(cells, FALSE);
}

/* Findings by rule */

static void check_group_free(gpointer data)
{
	CheckGroup *group = data;

	g_ptr_array_unref(group->findings);
	g_ptr_array_unref(group->nodes);
	g_free(group);
}

static int check_group_compare(gconstpointer a, gconstpointer b)
{
	const CheckGroup *x = *(const CheckGroup *const *)a, *y = *(const CheckGroup *const *)b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->findings->len != y->findings->len)
		return x->findings->len > y->findings->len ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The group called ID, new where there was none. */
static CheckGroup *check_group_of(GPtrArray *groups, GHashTable *by_id, const char *id)
{
	CheckGroup *group = g_hash_table_lookup(by_id, id);

	if (group)
		return group;
	group = g_new0(CheckGroup, 1);
	group->id = id;
	group->findings = g_ptr_array_new();
	group->nodes = g_ptr_array_new();
	g_hash_table_insert(by_id, (gpointer)id, group);
	g_ptr_array_add(groups, group);
	return group;
}

bool check_finding_failed(const json_t *finding)
{
	return g_str_equal(check_node_text(finding, "verdict"), "fail") &&
	       !json_object_get(finding, "waived");
}

/* Was FINDING of NODE not there at the check that NODE was compared with? Every one is new where
 * it was compared with none. */
static bool check_finding_new(const CheckNode *node, const json_t *finding)
{
	const json_t *since = json_object_get(node->document, "since");
	size_t i;
	json_t *added;

	json_array_foreach (json_object_get(since, "new"), i, added)
		if (g_str_equal(check_node_text(added, "id"), check_node_text(finding, "id")) &&
		    g_str_equal(check_node_text(added, "subject"),
				check_node_text(finding, "subject")))
			return true;
	return !since;
}

bool check_node_worse(const CheckNode *node)
{
	size_t i;
	json_t *finding;

	json_array_foreach (json_object_get(node->document, "findings"), i, finding)
		if (check_finding_failed(finding) && check_finding_new(node, finding) &&
		    severity_find(check_node_text(finding, "severity")) >= SEVERITY_WARNING)
			return true;
	return false;
}

GPtrArray *check_nodes_groups(const GPtrArray *nodes, bool new)
{
	g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *groups = g_ptr_array_new_with_free_func(check_group_free);

	for (unsigned i = 0; i < nodes->len; i++) {
		CheckNode *node = g_ptr_array_index(nodes, i);
		size_t f;
		json_t *finding;

		json_array_foreach (json_object_get(node->document, "findings"), f, finding) {
			int severity = severity_find(check_node_text(finding, "severity"));
			CheckGroup *group;

			if (!check_finding_failed(finding) ||
			    (new && !check_finding_new(node, finding)))
				continue;
			group = check_group_of(groups, by_id, check_node_text(finding, "id"));
			group->severity = (Severity)MAX((int)group->severity, severity);
			g_ptr_array_add(group->findings, finding);
			g_ptr_array_add(group->nodes, node);
		}
	}
	g_ptr_array_sort(groups, check_group_compare);
	return groups;
}

bool check_group_same(const CheckGroup *group, const char *key)
{
	const char *first = check_node_text(g_ptr_array_index(group->findings, 0), key);

	for (unsigned i = 1; i < group->findings->len; i++)
		if (!g_str_equal(check_node_text(g_ptr_array_index(group->findings, i), key),
				 first))
			return false;
	return *first;
}
