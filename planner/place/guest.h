/* SPDX-License-Identifier: MIT */
/*
 * What a guest is told when it starts, as text: where two of these differ, it takes a restart to go
 * from the one to the other. Both yours.
 */
#ifndef PLANNER_PLACE_GUEST_H
#define PLANNER_PLACE_GUEST_H

#include "planner/place/plan.h"

/* "1 socket, 2 cores, 2 threads". */
char *guest_topology(const PlanVm *vm);
/* Its NUMA cells: "one", or "2 vCPUs and 4G; 2 vCPUs and 4G". */
char *guest_cells(const PlanVm *vm);

#endif
