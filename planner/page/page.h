/* SPDX-License-Identifier: MIT */
/*
 * Pages: a plan, checks and a fleet as one HTML file each. A page fetches nothing, prints, and
 * works without scripts; with them its tables sort and everything filters. Its security policy lets
 * only the page's own style and script run, whatever stands in names.
 *
 * To add a page: 1. a function below, in a page_*.c of its own, that appends its body with html.h;
 * 2. --format html of the command. What it looks like is in templates/page/.
 */
#ifndef PLANNER_PAGE_PAGE_H
#define PLANNER_PAGE_PAGE_H

#include "planner/place/plan.h"

#include <jansson.h>

/* All return the page, yours; or NULL with PLANNER_ERROR_INPUT where a template of the site
 * (TEMPLATES, as in template.h; may be NULL) is wrong. */

/* PLAN, with its picture as SVG; MAP NULL = there is none. */
char *page_plan(const Plan *plan, const char *map, GHashTable *templates, GError **error);
/* The check of one node, or of several: NODES of CheckNode (check_nodes.h), which are sorted. */
char *page_check(GPtrArray *nodes, GHashTable *templates, GError **error);
/* A fleet: NODES, an array, and TOTALS as planner-json(5) has them of `fit --fleet`. */
char *page_fleet(const json_t *nodes, const json_t *totals, GHashTable *templates, GError **error);

/* Pieces of pages */

/* The page with TITLE and BODY. */
char *page_make(const char *title, const char *body, GHashTable *templates, GError **error);
/* The head of a page: TITLE, and a line below it. */
void page_head(GString *html, const char *title, const char *line);
/* A number worth seeing first; TONE is a class: "error", "warning", "good", NULL. */
void page_figure(GString *html, const char *number, const char *name, const char *tone);
/* A section opens with its heading; close with html_close(html, "section"). */
void page_section(GString *html, const char *heading);
/* MAP, an SVG drawn by picture.h, so that a page may have several; or why there is none. */
void page_map(GString *html, const char *map);

#endif
