/* SPDX-License-Identifier: MIT */
/*
 * The host as a picture: hwloc XML for lstopo to draw, CPUs coloured by role and named by what runs
 * on them. lstopo does not escape what it writes into SVG, so names are made safe here.
 */
#ifndef PLANNER_ARTIFACT_PICTURE_H
#define PLANNER_ARTIFACT_PICTURE_H

#include "planner/plan.h"

/* "#rrggbb" of a role, and what marks a CPU in trouble. */
extern const char *const picture_colors[];
#define PICTURE_TROUBLE "#d7191c"

/* The hwloc XML of PLAN, yours; CPUs of TROUBLE (may be NULL) are marked. */
char *picture_xml(const Plan *plan, hwloc_const_bitmap_t trouble);

/*
 * The picture as lstopo drew it, made whole: its viewBox without units (librsvg draws nothing
 * otherwise) and planner's legend below; yours. NULL with PLANNER_ERROR_INPUT where SVG is not what
 * lstopo writes. TEMPLATES as in template.h.
 */
char *picture_finish(const char *svg, const Plan *plan, hwloc_const_bitmap_t trouble,
		     GHashTable *templates, GError **error);

/* NAME as it may stand in a picture: letters, digits and a few signs, at most MOST characters, the
 * last of them '~' where it was cut. Yours. */
char *picture_safe(const char *name, unsigned most);

#endif
