/* SPDX-License-Identifier: MIT */
/* A plan as the inventory that asks for exactly it: roles as CPUs, placed VMs where they are. */
#ifndef PLANNER_PLAN_INVENTORY_H
#define PLANNER_PLAN_INVENTORY_H

#include "planner/plan.h"

/* VMs that are not placed, and what concerns the kernel line alone, are left out. Yours. */
Inventory *plan_inventory(const Plan *plan);

#endif
