/* SPDX-License-Identifier: MIT */
/*
 * The host as a picture: hwloc XML for lstopo to draw, CPUs coloured by role and named by what runs
 * on them. lstopo does not escape what it writes into SVG, so names are made safe here.
 */
#ifndef PLANNER_ARTIFACTS_ARTIFACT_PICTURE_H
#define PLANNER_ARTIFACTS_ARTIFACT_PICTURE_H

#include "planner/check/check.h"

/* "#rrggbb" of a role, and of CPUs in trouble by the worst they are in. */
extern const char *const picture_colors[];
/* A second green, so that VMs side by side are told apart. */
extern const char picture_second_vm_color[];
extern const char *const picture_trouble_colors[];

/* The hwloc XML of PLAN, yours; CPUs that CHECK (may be NULL) found in trouble are marked. */
char *picture_xml(const Plan *plan, const Check *check);

/*
 * The picture as lstopo drew it, made whole: its viewBox without units (librsvg draws nothing
 * otherwise) and planner's legend below, with what CHECK (may be NULL) found; yours. NULL with
 * PLANNER_ERROR_INPUT where SVG is not what lstopo writes. TEMPLATES as in template.h.
 */
char *picture_finish(const char *svg, const Plan *plan, const Check *check, GHashTable *templates,
		     GError **error);

/* NAME as it may stand in a picture: letters, digits and a few signs, at most MOST characters, the
 * last of them '~' where it was cut. Yours. */
char *picture_safe(const char *name, unsigned most);

#endif
