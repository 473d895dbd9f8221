/* SPDX-License-Identifier: MIT */
/* How far a VM is spread, how far it had to be, and what would have been lost had it not been. */
#ifndef PLANNER_PLACE_LEVEL_H
#define PLANNER_PLACE_LEVEL_H

#include "planner/place/plan.h"

typedef enum Level { LEVEL_L3, LEVEL_NODE, LEVEL_NODES } Level;

/* How far the cores of a placed dedicated VM are spread. */
Level level_of(const Plan *plan, const PlanVm *vm);
/*
 * level_why.c: the finest level at which VM would fit if no other VM were there but, with KEPT,
 * those that keep their place; LEVEL_NODES too where it fits nowhere.
 */
Level level_natural(const Plan *plan, const Inventory *inventory, const PlanVm *vm, bool kept);
/*
 * VM sits coarser than its natural level beside the kept ones: which goal forced it? One line,
 * yours, found by assigning it at that level everywhere it could be and solving the rest.
 */
char *level_forced(const Plan *plan, const Inventory *inventory, const PlanVm *vm);
/* The nodes that VM, a placed dedicated one, has cores in: positions. Yours. */
hwloc_bitmap_t level_nodes(const Plan *plan, const PlanVm *vm);
/* The sum of the distances between each two of NODES, as goal 3 has it; and "12", or "12 to 32",
 * for people. */
uint64_t level_distance_sum(const Host *host, hwloc_const_bitmap_t nodes);
char *level_distance(const Host *host, hwloc_const_bitmap_t nodes);
/* level_why.c: the nodes that VM would have if no other VM were there but those that keep their
 * place. Yours; NULL where it would have none. */
hwloc_bitmap_t level_nearest(const Plan *plan, const Inventory *inventory, const PlanVm *vm);
/* What divides the nodes of HOST, below which VMs had best not go: "L3", or "die" or "cluster"
 * where nodes have several. */
const char *level_room(const Host *host);
/* "in one L3", for people. */
const char *level_text(const Host *host, Level level);

#endif
