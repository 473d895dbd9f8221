/* SPDX-License-Identifier: MIT */
#include "planner/check/check_nodes.h"
#include "planner/check/rules.h"
#include "planner/page/html.h"
#include "planner/page/page.h"

#include <string.h>

/* The head */

static unsigned check_page_sum(const GPtrArray *nodes, const char *key)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < nodes->len; i++)
		sum += check_node_count(g_ptr_array_index(nodes, i), key);
	return sum;
}

static void check_page_figure(GString *html, const GPtrArray *nodes, const char *key,
			      const char *name, const char *tone)
{
	unsigned n = check_page_sum(nodes, key);
	g_autofree char *number = g_strdup_printf("%u", n);

	page_figure(html, number, name, n ? tone : NULL);
}

static void check_page_figures(GString *html, const GPtrArray *nodes)
{
	html_open(html, "div", "figures");
	check_page_figure(html, nodes, "errors", "errors", "error");
	check_page_figure(html, nodes, "warnings", "warnings", "warning");
	check_page_figure(html, nodes, "infos", "infos", NULL);
	check_page_figure(html, nodes, "unknown", "not judged", NULL);
	check_page_figure(html, nodes, "waived", "waived", NULL);
	html_close(html, "div");
}

/* "kernel 4.18.0-348 · QEMU 6.2.0 · compared with its plan": what is known of one node; yours. */
static char *check_page_line(const CheckNode *node)
{
	static const char *const keys[][2] = {{"kernel", "kernel "},
					      {"qemu", "QEMU "},
					      {"libvirt", "libvirt "},
					      {"platform", ""}};
	const json_t *of = json_object_get(node->document, "node");
	const json_t *since = json_object_get(node->document, "since");
	GString *line = g_string_new(NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		if (*check_node_text(of, keys[i][0]))
			g_string_append_printf(line, "%s%s · ", keys[i][1],
					       check_node_text(of, keys[i][0]));
	g_string_append(line, json_is_true(json_object_get(node->document, "planned"))
				      ? "compared with its plan"
				      : "no plan given");
	if (since)
		g_string_append_printf(
			line, " · since the last check: %zu new, %zu gone, %d unchanged",
			json_array_size(json_object_get(since, "new")),
			json_array_size(json_object_get(since, "gone")),
			(int)json_integer_value(json_object_get(since, "unchanged")));
	return g_string_free(line, FALSE);
}

/* Nodes */

static const char *check_page_tone(const CheckNode *node)
{
	if (!node->document || check_node_count(node, "errors"))
		return "error";
	return check_node_count(node, "warnings") ? "warning" : NULL;
}

static void check_page_nodes(GString *html, const GPtrArray *nodes)
{
	const char *columns[] = {"Node",    ">Errors", ">Warnings", ">Infos", ">Not judged",
				 ">Waived", "From",    NULL,	    NULL};

	for (unsigned i = 0; i < nodes->len; i++)
		if (!((const CheckNode *)g_ptr_array_index(nodes, i))->document)
			columns[7] = "Why"; /* it could not be checked */
	page_section(html, "Nodes");
	html_table_open(html, "sorts", columns);
	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		g_auto(GStrv) cells = check_node_cells(node, "-");

		html_row(html, check_page_tone(node), columns, (const char *const *)cells, NULL);
	}
	html_table_close(html);
	html_close(html, "section");
}

/* Findings */

static void check_page_finding(GString *html, const CheckGroup *group, unsigned i, bool one)
{
	const json_t *finding = g_ptr_array_index(group->findings, i);

	html_open(html, "li", NULL);
	if (!one) {
		html_element(html, "b", NULL, check_node_title(g_ptr_array_index(group->nodes, i)));
		g_string_append_c(html, ' ');
	}
	html_element(html, "b", NULL, check_node_text(finding, "subject"));
	g_string_append_c(html, ' ');
	html_text(html, check_node_text(finding, "text"));
	html_open(html, "dl", NULL);
	html_term(html, "CPUs", check_node_text(finding, "cpus"));
	html_term(html, "seen", check_node_text(finding, "evidence"));
	if (!check_group_same(group, "fix"))
		html_term(html, "fix", check_node_text(finding, "fix"));
	html_close(html, "dl");
	html_close(html, "li");
}

static void check_page_group(GString *html, const CheckGroup *group, bool one)
{
	const Rule *rule = rule_find(group->id);
	const json_t *first = g_ptr_array_index(group->findings, 0);
	const char *severity = severity_name(group->severity);

	g_string_append_printf(html, "<details class=\"item\"%s><summary>",
			       group->severity == SEVERITY_ERROR ? " open" : "");
	html_element(html, "span", severity, severity);
	g_string_append_c(html, ' ');
	html_element(html, "code", NULL, group->id);
	g_string_append_c(html, ' ');
	html_text(html, rule ? rule->title : check_node_text(first, "text"));
	if (group->findings->len > 1) {
		g_autofree char *times = g_strdup_printf(" %u×", group->findings->len);

		html_element(html, "i", NULL, times);
	}
	g_string_append(html, "</summary>\n<ul>\n");
	for (unsigned i = 0; i < group->findings->len; i++)
		check_page_finding(html, group, i, one);
	g_string_append(html, "</ul>\n<dl>");
	if (check_group_same(group, "why"))
		html_term(html, "why", check_node_text(first, "why"));
	if (check_group_same(group, "fix"))
		html_term(html, "fix", check_node_text(first, "fix"));
	g_string_append(html, "</dl></details>\n");
}

static void check_page_findings(GString *html, const GPtrArray *nodes)
{
	g_autoptr(GPtrArray) groups = check_nodes_groups(nodes, false);
	unsigned checked = 0;

	for (unsigned i = 0; i < nodes->len; i++)
		checked += ((const CheckNode *)g_ptr_array_index(nodes, i))->document != NULL;
	page_section(html, "Findings");
	if (checked < nodes->len)
		html_element(html, "p", "note",
			     checked ? "Not all nodes could be checked."
				     : "Nothing could be checked.");
	else if (!groups->len)
		html_element(html, "p", "note", "No problem found.");
	for (unsigned i = 0; i < groups->len; i++)
		check_page_group(html, g_ptr_array_index(groups, i), nodes->len == 1);
	html_close(html, "section");
}

/* What is not in the findings: WAIVED, or else what could not be judged. */
static void check_page_others(GString *html, const GPtrArray *nodes, bool waived)
{
	static const char *const columns[][5] = {{"Node", "Rule", "Subject", "Not known", NULL},
						 {"Node", "Rule", "Subject", "Reason", NULL}};

	if (!check_page_sum(nodes, waived ? "waived" : "unknown"))
		return;
	html_open(html, "section", NULL);
	g_string_append(html, "<details class=\"group\"><summary>");
	html_element(html, "b", NULL, waived ? "Waived" : "Not judged");
	g_string_append(html, "</summary>\n");
	html_table_open(html, "sorts", columns[waived]);
	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);
		size_t f;
		json_t *finding;

		json_array_foreach (json_object_get(node->document, "findings"), f, finding) {
			const char *reason = check_node_text(finding, "waived");
			const char *const cells[] = {
				check_node_title(node), check_node_text(finding, "id"),
				check_node_text(finding, "subject"),
				waived ? reason : check_node_text(finding, "text")};

			if (!check_finding_failed(finding) && waived == (*reason != '\0'))
				html_row(html, NULL, columns[waived], cells, NULL);
		}
	}
	html_table_close(html);
	g_string_append(html, "</details>");
	html_close(html, "section");
}

/* Maps */

static void check_page_maps(GString *html, const GPtrArray *nodes)
{
	bool one = nodes->len == 1, any = false;

	page_section(html, one ? "Map" : "Maps");
	for (unsigned i = 0; i < nodes->len; i++) {
		const CheckNode *node = g_ptr_array_index(nodes, i);

		if (!node->map)
			continue;
		any = true;
		g_string_append_printf(html, "<details class=\"item\"%s><summary>",
				       one ? " open" : "");
		html_element(html, "b", check_page_tone(node), check_node_title(node));
		if (!json_is_true(json_object_get(node->document, "planned")))
			html_element(html, "i", NULL, " as it runs: no plan given");
		g_string_append(html, "</summary>\n");
		page_map(html, node->map);
		g_string_append(html, "</details>\n");
	}
	if (!any)
		page_map(html, NULL);
	html_close(html, "section");
}

char *page_check(GPtrArray *nodes, GHashTable *templates, GError **error)
{
	g_autoptr(GString) html = g_string_new(NULL);
	bool one = nodes->len == 1;
	g_autofree char *title =
		one ? g_strdup_printf("Check of %s", check_node_title(g_ptr_array_index(nodes, 0)))
		    : g_strdup_printf("Check of %u nodes", nodes->len);
	g_autofree char *line = one ? check_page_line(g_ptr_array_index(nodes, 0)) : g_strdup("");

	check_nodes_sort(nodes);
	page_head(html, title, line);
	check_page_figures(html, nodes);
	if (!one || !((const CheckNode *)g_ptr_array_index(nodes, 0))->document)
		check_page_nodes(html, nodes);
	check_page_findings(html, nodes);
	check_page_maps(html, nodes);
	check_page_others(html, nodes, true);
	check_page_others(html, nodes, false);
	return page_make(title, html->str, templates, error);
}
