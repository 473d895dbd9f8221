/* SPDX-License-Identifier: MIT */
/* Where devices are that cores or VMs shall be near. */
#ifndef PLANNER_PLACE_NEAR_H
#define PLANNER_PLACE_NEAR_H

#include "planner/place/plan.h"

/* What to do about a device that HOST does not have: the nearest name, if there is one. Yours. */
char *near_fix(const Host *host, const char *name);

/* VM is to be near devices: let it name their NUMA node. Where they have none, or several, a
 * finding says so, and the VM may be anywhere. */
void near_take_node(const Host *host, VmSpec *vm, GPtrArray *findings);
/*
 * Where no VM could have the node that VM names for its devices, so large is it: it may have as few
 * of the nearest, too, as hold it, or all where none do, and names no node. PLAN says which cores
 * are VMs'.
 */
void near_widen(const Plan *plan, VmSpec *vm);
/* near_take_node() for a VM that comes. NULL, or why it cannot be near them: yours. */
char *near_settle(const Host *host, VmSpec *vm);

#endif
