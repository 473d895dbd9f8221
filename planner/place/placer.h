/* SPDX-License-Identifier: MIT */
/*
 * The state of placement: who has which core, and what is left of each node's memory. What VMs take
 * of it is counted here, in whole pages.
 */
#ifndef PLANNER_PLACE_PLACER_H
#define PLANNER_PLACE_PLACER_H

#include "planner/place/demand.h"
#include "planner/place/plan.h"

/* What placement knows while it works. */
typedef struct Placer {
	const Host *host;
	const Inventory *inventory;
	Plan *plan;
	uint64_t *memory; /* by node: bytes left for VMs; UINT64_MAX = not known */
	unsigned *owner;  /* by core: index of the VM that has it, HOST_NONE */
	uint64_t *only;	  /* by node: as memory, of those without cores: memory_node.h */
} Placer;

/* What placing begins with: nobody has a core yet. PLAN and INVENTORY are borrowed. Yours. */
Placer *placer_new(Plan *plan, const Inventory *inventory);
void placer_free(Placer *placer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Placer, placer_free)

/* Is the core nobody's, and for VMs to have? */
bool place_core_free(const Placer *placer, unsigned core);

/* Memory by node: bytes, UINT64_MAX = not known, which stays so whatever is taken. */

/* What it has for VMs: its memory less the host's share, nothing where it has no cores. Yours. */
uint64_t *place_node_memory(const Plan *plan);
/* Of all N nodes; not known where that of one is not. */
uint64_t place_memory_sum(const uint64_t *memory, unsigned n);
/* BYTES are taken of a node, as far as there are so many; and come back. */
static inline void place_memory_take(uint64_t *left, uint64_t bytes)
{
	if (*left != UINT64_MAX)
		*left -= MIN(*left, bytes);
}
static inline void place_memory_give(uint64_t *left, uint64_t bytes)
{
	if (*left != UINT64_MAX)
		*left += bytes;
}
/* All that VM, placed, has of the nodes of its cores. */
void place_shares_take(const PlanVm *vm, uint64_t *memory);

/* Fill vm->shares, which is empty, from its pins. */
void place_fill_shares(const Host *host, PlanVm *vm);
/* The same, and take their memory from the nodes. */
void place_take_memory(Placer *placer, PlanVm *vm);
/* Count anew what the placed VMs leave of the nodes, and which of them say that it is too little.
 */
void place_recount_memory(Placer *placer);

#endif
