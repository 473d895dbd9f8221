/* SPDX-License-Identifier: MIT */
/*
 * The state of placement: who has which core, and what is left of each node's memory. What VMs take
 * of it is counted here, in whole pages.
 */
#ifndef PLANNER_PLACE_PLACER_H
#define PLANNER_PLACE_PLACER_H

#include "planner/place/plan.h"

/* What placement knows while it works. */
typedef struct Placer {
	const Host *host;
	const Inventory *inventory;
	Plan *plan;
	uint64_t *memory; /* by node: bytes left for VMs; UINT64_MAX = not known */
	unsigned *owner;  /* by core: index of the VM that has it, HOST_NONE */
} Placer;

/* What placing begins with: nobody has a core yet. PLAN and INVENTORY are borrowed. Yours. */
Placer *placer_new(Plan *plan, const Inventory *inventory);
void placer_free(Placer *placer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Placer, placer_free)

/* Is the core nobody's, and for VMs to have? */
bool place_core_free(const Placer *placer, unsigned core);

/* The cores that a dedicated VM takes, of THREADS threads each, its helpers' included. */
unsigned place_cores(const VmSpec *spec, unsigned threads);
/* The CPUs of them that a thread is pinned to. */
unsigned place_cpus(const VmSpec *spec);
/* What it asks of rooms, wherever it may sit. */
SearchVm place_demand(const VmSpec *spec);
/* The page a VM's memory comes in: its huge page, or 4 KiB. */
uint64_t place_page(const VmSpec *spec);
/* The memory of a share of VCPUS of the VM's vCPUs: its part, in whole pages; and all of it. */
uint64_t place_share_memory(const VmSpec *spec, unsigned vcpus);
uint64_t place_memory(const VmSpec *spec);

/* By node, what it has for VMs: its memory less the host's share; UINT64_MAX = not known. Yours. */
uint64_t *place_node_memory(const Host *host, const Inventory *inventory);

/* Fill vm->shares, which is empty, from its pins. */
void place_fill_shares(const Host *host, PlanVm *vm);
/* The same, and take their memory from the nodes. */
void place_take_memory(Placer *placer, PlanVm *vm);

#endif
