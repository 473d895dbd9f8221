/* SPDX-License-Identifier: MIT */
#include "planner/page/page.h"
#include "planner/artifacts/template.h"
#include "planner/page/html.h"

#include <string.h>

/* "sha256-…", as a security policy names the one text that it lets run; yours. */
static char *page_hash(const char *text)
{
	guint8 digest[32];
	gsize length = sizeof digest;
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *encoded = NULL;

	g_checksum_update(checksum, (const guchar *)text, -1);
	g_checksum_get_digest(checksum, digest, &length);
	g_checksum_free(checksum);
	encoded = g_base64_encode(digest, length);
	return g_strconcat("sha256-", encoded, NULL);
}

/* The template NAME with VALUES, yours; NULL with ERROR. */
static char *page_fill(const char *name, const TemplateValue *values, GHashTable *templates,
		       GError **error)
{
	const char *text = template_text(templates, name, error);

	return text ? template_fill(name, text, values, error) : NULL;
}

char *page_make(const char *title, const char *body, GHashTable *templates, GError **error)
{
	static const TemplateValue none[] = {{NULL, NULL, TEMPLATE_RAW}};
	g_autofree char *style = page_fill("page/style.css", none, templates, error);
	g_autofree char *script =
		style ? page_fill("page/script.js", none, templates, error) : NULL;
	g_autofree char *style_hash = script ? page_hash(style) : NULL;
	g_autofree char *script_hash = script ? page_hash(script) : NULL;
	g_autoptr(GString) shown = g_string_new(NULL);
	const TemplateValue values[] = {{"title", shown->str, TEMPLATE_RAW},
					{"style-hash", style_hash, TEMPLATE_XML},
					{"script-hash", script_hash, TEMPLATE_XML},
					{"style", style, TEMPLATE_RAW},
					{"script", script, TEMPLATE_RAW},
					{"body", body, TEMPLATE_RAW},
					{NULL, NULL, TEMPLATE_RAW}};

	html_text(shown, title);
	return script ? page_fill("page/page.html", values, templates, error) : NULL;
}

void page_head(GString *html, const char *title, const char *line)
{
	html_open(html, "header", NULL);
	html_element(html, "h1", NULL, title);
	html_element(html, "p", "line", line);
	html_close(html, "header");
}

void page_figure(GString *html, const char *number, const char *name, const char *tone)
{
	html_open(html, "div", tone);
	html_element(html, "b", NULL, number);
	g_string_append_c(html, ' ');
	html_element(html, "span", NULL, name);
	html_close(html, "div");
}

void page_section(GString *html, const char *heading)
{
	html_open(html, "section", NULL);
	html_element(html, "h2", NULL, heading);
	g_string_append_c(html, '\n');
}

/* Ids must not stand twice in a page, and nothing refers to those of pictures. */
static char *page_without_ids(const char *svg)
{
	g_autoptr(GRegex) ids = g_regex_new(" id='[A-Za-z0-9_]*'", 0, 0, NULL);

	return g_regex_replace_literal(ids, svg, -1, 0, "", 0, NULL);
}

void page_map(GString *html, const char *map)
{
	const char *svg = map ? strstr(map, "<svg ") : NULL;
	g_autofree char *bare = svg ? page_without_ids(svg) : NULL;

	if (!bare) {
		html_element(html, "p", "note",
			     "A map needs the topology, and lstopo-no-graphics to draw it (Debian: "
			     "hwloc-nox).");
		return;
	}
	html_open(html, "figure", "map");
	g_string_append(html, bare);
	html_close(html, "figure");
}
