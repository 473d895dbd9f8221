/* SPDX-License-Identifier: MIT */
#include "planner/page/svg.h"
#include "planner/page/html.h"

#include <stdbool.h>

void svg_text(GString *svg, unsigned x, unsigned y, const char *attributes, const char *text,
	      unsigned most)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	bool longer = g_utf8_strlen(valid, -1) > (glong)most;
	g_autofree char *head = longer ? g_utf8_substring(valid, 0, (glong)most - 1) : NULL;
	g_autofree char *shown = longer ? g_strconcat(head, "…", NULL) : g_strdup(valid);

	g_string_append_printf(svg, "<text x=\"%u\" y=\"%u\"%s>", x, y, attributes);
	html_text(svg, shown);
	g_string_append(svg, "</text>\n");
}

void svg_box(GString *svg, unsigned x, unsigned y, unsigned width, unsigned height,
	     const char *color)
{
	g_string_append_printf(svg,
			       "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"/>\n",
			       x, y, width, height, color);
}

void svg_frame(GString *svg, unsigned x, unsigned y, unsigned width, unsigned height,
	       const char *color)
{
	g_string_append_printf(svg,
			       "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" "
			       "fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
			       x, y, width, height, color);
}

void svg_open(GString *svg, const char *title)
{
	g_string_append(svg, "<g>");
	html_element(svg, "title", NULL, title);
}

void svg_close(GString *svg)
{
	g_string_append(svg, "</g>\n");
}

char *svg_end(GString *body, unsigned width, unsigned height)
{
	char *svg = g_strdup_printf("<svg xmlns=\"http://www.w3.org/2000/svg\" "
				    "viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\" "
				    "font-family=\"sans-serif\" font-size=\"12\">\n"
				    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
				    "%s</svg>\n",
				    width, height, width, height, body->str);

	g_string_free(body, TRUE);
	return svg;
}
