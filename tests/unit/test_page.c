/* SPDX-License-Identifier: MIT */
#include "planner/page/html.h"
#include "planner/page/page.h"
#include "topology/base/text.h"

#include <string.h>

static char *page_text_of(const char *text)
{
	GString *html = g_string_new(NULL);

	html_text(html, text);
	return g_string_free(html, FALSE);
}

static void test_text(void)
{
	static const char *const rows[][2] = {
		{"vm1", "vm1"},
		{"<b onclick='x'>&\"", "&lt;b onclick=&apos;x&apos;&gt;&amp;&quot;"},
		{"a\xff"
		 "b",
		 "a\xef\xbf\xbd"
		 "b"},
		{"line\nnext\x1b[1m", "line?next?[1m"},
		{"right\xe2\x80\xae"
		 "left",
		 "right?left"},
		{"caf\xc3\xa9", "caf\xc3\xa9"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = page_text_of(rows[i][0]);

		g_assert_cmpstr(text, ==, rows[i][1]);
	}
}

static void test_table(void)
{
	static const char *const columns[] = {"VM", ">vCPUs", NULL};
	g_autoptr(GString) html = g_string_new(NULL);

	html_table_open(html, "sorts", columns);
	html_row(html, "error", columns, (const char *const[]){"<a>", "4"},
		 (const char *const[]){NULL, "heat"});
	html_table_close(html);
	g_assert_nonnull(strstr(html->str, "<th scope=\"col\" class=\"number\">vCPUs</th>"));
	g_assert_nonnull(strstr(
		html->str, "<tr class=\"error\"><td data-label=\"VM\" class=\"text\">&lt;a&gt;</td>"
			   "<td data-label=\"vCPUs\" class=\"number heat\">4</td></tr>"));
}

/* Maps of several nodes have the same ids. */
static void test_map(void)
{
	g_autoptr(GString) html = g_string_new(NULL);

	page_map(html, "<?xml version='1.0'?><svg width='1'><rect id='PU_0_rect' x='1'/></svg>");
	g_assert_cmpstr(html->str, ==,
			"<figure class=\"map\"><svg width='1'><rect x='1'/></svg></figure>\n");
	g_string_truncate(html, 0);
	page_map(html, NULL);
	g_assert_nonnull(strstr(html->str, "needs the topology"));
}

/* The policy names the style and the script that are in the page, whatever a site made of them. */
static void test_policy(void)
{
	g_autoptr(GHashTable) site = table_new();
	g_autofree char *page = NULL, *broken = NULL;
	g_autoptr(GError) error = NULL;

	g_hash_table_insert(site, g_strdup("page/style.css"), g_strdup(""));
	g_hash_table_insert(site, g_strdup("page/script.js"), g_strdup("$$"));
	page = page_make("<t>", "body", site, &error);
	g_assert_no_error(error);
	/* Of nothing, and of a dollar. */
	g_assert_nonnull(
		strstr(page, "style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"));
	g_assert_nonnull(
		strstr(page, "script-src 'sha256-CfyWCC00wt/BKV2SBzteodyO+NqV8U397QEf+5bT5Us='"));
	g_assert_nonnull(strstr(page, "<title>&lt;t&gt;</title>"));
	g_hash_table_insert(site, g_strdup("page/script.js"), g_strdup("${x}"));
	broken = page_make("t", "body", site, &error);
	g_assert_null(broken);
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/page/text", test_text);
	g_test_add_func("/page/table", test_table);
	g_test_add_func("/page/map", test_map);
	g_test_add_func("/page/policy", test_policy);
	return g_test_run();
}
