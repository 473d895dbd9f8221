/* SPDX-License-Identifier: MIT */
/* "a, b, c and 4 more": things of which there may be many. */
#ifndef PLANNER_BASE_NAMING_H
#define PLANNER_BASE_NAMING_H

#include <glib.h>

typedef struct Naming {
	GString *text;
	unsigned n;
} Naming;

void naming_add(Naming *naming, const char *name);
/* The names so far, yours; the naming is empty again. */
char *naming_end(Naming *naming);

#endif
