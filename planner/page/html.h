/* SPDX-License-Identifier: MIT */
/*
 * HTML, element by element, appended to a text. Whatever comes from outside goes through
 * html_text(): no other function escapes, and no caller writes tags of its own.
 */
#ifndef PLANNER_PAGE_HTML_H
#define PLANNER_PAGE_HTML_H

#include <glib.h>

/* TEXT as text, whatever is in it: what is not UTF-8, and what a reader would obey and not see,
 * becomes '?'. */
void html_text(GString *html, const char *text);
/* <TAG class="CLASS">; CLASS may be NULL. Tags and classes are the program's own words. */
void html_open(GString *html, const char *tag, const char *class);
void html_close(GString *html, const char *tag);
/* All of it: an element with TEXT alone. */
void html_element(GString *html, const char *tag, const char *class, const char *text);
/* A term and what it is; nothing where TEXT is "" or NULL. */
void html_term(GString *html, const char *term, const char *text);

/* COLUMNS as output_table() takes them: ended by NULL, '>' before one of numbers. CLASS may be
 * NULL.
 */
void html_table_open(GString *html, const char *class, const char *const *columns);
/* A cell for each column; CLASSES, of cells, may be NULL, and so may each. CLASS is the row's. */
void html_row(GString *html, const char *class, const char *const *columns,
	      const char *const *cells, const char *const *classes);
void html_table_close(GString *html);

#endif
