/* SPDX-License-Identifier: MIT */
/* The CPUs in trouble after a check: those with the same findings together. */
#ifndef PLANNER_CHECK_TROUBLE_H
#define PLANNER_CHECK_TROUBLE_H

#include "planner/check/check.h"

typedef struct Trouble {
	char *ids;	  /* of the rules that found it: "irq.on-isolated, vm.core-shared" */
	const char *role; /* by the plan; without one "isolated" or "host" */
	Severity worst;	  /* of these findings */
	hwloc_bitmap_t cpus;
} Trouble;

/* Of Trouble, by lowest CPU; empty where none is in trouble. Yours. */
GArray *check_troubles(const Check *check);

#endif
