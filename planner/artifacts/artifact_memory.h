/* SPDX-License-Identifier: MIT */
/* The huge pages a plan's VMs need, by NUMA node. */
#ifndef PLANNER_ARTIFACTS_ARTIFACT_MEMORY_H
#define PLANNER_ARTIFACTS_ARTIFACT_MEMORY_H

#include "planner/place/plan.h"

typedef struct PageNeed {
	unsigned node; /* OS index */
	uint64_t size; /* of a page, bytes */
	uint64_t count;
} PageNeed;

/* What the placed VMs need: a GArray of PageNeed by node and size, yours. */
GArray *page_needs(const Plan *plan);

#endif
