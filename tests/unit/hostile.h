/* SPDX-License-Identifier: MIT */
/* Names that would be markup, control characters or no UTF-8; and a picture looked at that has
 * them. */
#ifndef TESTS_UNIT_HOSTILE_H
#define TESTS_UNIT_HOSTILE_H

#include <glib.h>
#include <string.h>

#define HOSTILE_MOST 80

static inline char *hostile_name(void)
{
	static const char *const pieces[] = {"<script>", "&",	 "\"",	 "'",	   ">",	   "]]>",
					     "<!--",	 "&#0;", "\x1b", "\xff",   "\n",   "a",
					     "é",	 "</g>", "%s",	 "\u202e", "\x7f", " "};
	GString *name = g_string_new(NULL);
	int length = g_test_rand_int_range(0, HOSTILE_MOST);

	while ((int)name->len < length)
		g_string_append(name, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
	return g_string_free(name, FALSE);
}

static inline void hostile_element(GMarkupParseContext *context, const char *name,
				   const char **names, const char **values, void *data,
				   GError **error)
{
	static const char *const known[] = {"svg", "rect", "g", "title", "text", NULL};

	(void)context, (void)names, (void)values, (void)error;
	g_assert_true(g_strv_contains(known, name));
	*(unsigned *)data += g_str_equal(name, "g");
}

/* SVG is well formed and has only elements of a picture. How many of them have a title? */
static inline unsigned hostile_look(const char *svg)
{
	static const GMarkupParser parser = {.start_element = hostile_element};
	unsigned titled = 0;
	GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &titled, NULL);
	g_autoptr(GError) error = NULL;

	g_markup_parse_context_parse(context, svg, (gssize)strlen(svg), &error);
	g_assert_no_error(error);
	g_markup_parse_context_end_parse(context, &error);
	g_assert_no_error(error);
	g_markup_parse_context_free(context);
	return titled;
}

#endif
