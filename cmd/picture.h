/* SPDX-License-Identifier: MIT */
/* The picture of a host, drawn by lstopo-no-graphics in a child. */
#ifndef CMD_PICTURE_H
#define CMD_PICTURE_H

#include "planner/check/check.h"

/*
 * The SVG of PLAN, with the trouble that CHECK (NULL: none) found; yours. TEMPLATES as in
 * template.h. NULL with PLANNER_ERROR_SYSTEM where lstopo cannot draw, or _INPUT.
 */
char *picture_make(const Plan *plan, const Check *check, GHashTable *templates, GError **error);
/*
 * The same for a page, which does without where lstopo cannot draw: *SVG, NULL before, stays so,
 * and where PLAN is NULL. False with ERROR set: anything else is wrong.
 */
bool picture_for_page(const Plan *plan, const Check *check, GHashTable *templates, char **svg,
		      GError **error);

#endif
