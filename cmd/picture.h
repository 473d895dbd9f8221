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

#endif
