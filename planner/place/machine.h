/* SPDX-License-Identifier: MIT */
/* What QEMU's machine types can have: the most vCPUs, by architecture and version. */
#ifndef PLANNER_PLACE_MACHINE_H
#define PLANNER_PLACE_MACHINE_H

#include "planner/place/plan.h"

/* A finding for each VM of PLAN that has more vCPUs than its machine type takes. */
void machine_check(const Plan *plan);

#endif
