/* SPDX-License-Identifier: MIT */
/* The map: every core of the host, by NUMA node and L3, and what it is for. */
#ifndef CMD_MAP_H
#define CMD_MAP_H

#include "planner/place/plan.h"

/* Print the map of PLAN; each core is named by its lowest CPU and labelled by its VM or role. */
void map_print(const Plan *plan, bool color);

/* How siblings are numbered, for people: "n, n+36", "n, n+1", "" when in no regular way. Yours. */
char *map_siblings(const Host *host);

#endif
