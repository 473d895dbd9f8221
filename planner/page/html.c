/* SPDX-License-Identifier: MIT */
#include "planner/page/html.h"
#include "topology/base/text.h"

void html_text(GString *html, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) shown = g_string_new(NULL);
	g_autofree char *escaped = NULL;

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		g_string_append_unichar(shown, text_obeyed(character) ? '?' : character);
	}
	escaped = g_markup_escape_text(shown->str, -1);
	g_string_append(html, escaped);
}

void html_open(GString *html, const char *tag, const char *class)
{
	g_string_append_printf(html, "<%s", tag);
	if (class && *class)
		g_string_append_printf(html, " class=\"%s\"", class);
	g_string_append_c(html, '>');
}

void html_close(GString *html, const char *tag)
{
	g_string_append_printf(html, "</%s>\n", tag);
}

void html_element(GString *html, const char *tag, const char *class, const char *text)
{
	html_open(html, tag, class);
	html_text(html, text);
	g_string_append_printf(html, "</%s>", tag);
}

void html_term(GString *html, const char *term, const char *text)
{
	if (!text || !*text)
		return;
	html_element(html, "dt", NULL, term);
	html_element(html, "dd", NULL, text);
	g_string_append_c(html, '\n');
}

static const char *html_column(const char *column)
{
	return *column == '>' ? column + 1 : column;
}

void html_table_open(GString *html, const char *class, const char *const *columns)
{
	html_open(html, "div", "scrolls");
	html_open(html, "table", class);
	g_string_append(html, "<thead><tr>");
	for (; *columns; columns++) {
		g_string_append_printf(html, "<th scope=\"col\"%s>",
				       **columns == '>' ? " class=\"number\"" : "");
		html_text(html, html_column(*columns));
		g_string_append(html, "</th>");
	}
	g_string_append(html, "</tr></thead>\n<tbody>\n");
}

static void html_cell(GString *html, const char *column, const char *cell, const char *class)
{
	g_string_append(html, "<td data-label=\"");
	html_text(html, html_column(column));
	g_string_append_printf(html, "\" class=\"%s%s%s\">", *column == '>' ? "number" : "text",
			       class ? " " : "", class ? class : "");
	html_text(html, cell);
	g_string_append(html, "</td>");
}

void html_row(GString *html, const char *class, const char *const *columns,
	      const char *const *cells, const char *const *classes)
{
	html_open(html, "tr", class);
	for (unsigned i = 0; columns[i]; i++)
		html_cell(html, columns[i], cells[i], classes ? classes[i] : NULL);
	html_close(html, "tr");
}

void html_table_close(GString *html)
{
	g_string_append(html, "</tbody></table></div>\n");
}
