/* SPDX-License-Identifier: MIT */
/*
 * Placement: VMs onto the cores the split left free. VMs with cpus = are kept exactly and judged
 * (kept.c); the others go through the search (search.h), which deals in rooms and counts; here
 * counts become cores and pins. Shared VMs get the pool (pool.c).
 */
#ifndef PLANNER_PLACE_PLACE_H
#define PLANNER_PLACE_PLACE_H

#include "planner/place/plan.h"

/* What placement knows while it works. */
typedef struct Placer {
	const Host *host;
	const Inventory *inventory;
	Plan *plan;
	uint64_t *memory; /* by node: bytes left for VMs; UINT64_MAX = not known */
	unsigned *owner;  /* by core: index of the VM that has it, HOST_NONE */
} Placer;

/* The page a VM's memory comes in: its huge page, or 4 KiB. */
uint64_t place_page(const VmSpec *spec);
/* The memory of a share of VCPUS of the VM's vCPUs: its part, in whole pages. */
uint64_t place_share_memory(const VmSpec *spec, unsigned vcpus);

/* By node, what it has for VMs: its memory less the host's share; UINT64_MAX = not known. Yours. */
uint64_t *place_node_memory(const Host *host, const Inventory *inventory);

/* Place all VMs of PLAN, whose roles are the split's; roles of cores given out become DEDICATED. */
void place_vms(Plan *plan, const Inventory *inventory, const PlanOptions *options);

/*
 * The problem that the search was given for PLAN, made again: its kept VMs where they are, its
 * other dedicated VMs as entries in the search's order. INVENTORY is what the plan was made from.
 * Yours.
 */
typedef struct Problem Problem;
Problem *place_problem(const Plan *plan, const Inventory *inventory);

/* The steps of place_vms(). */

/* What placing begins with: nobody has a core yet. PLAN and INVENTORY are borrowed. Yours. */
Placer *placer_new(Plan *plan, const Inventory *inventory);
void placer_free(Placer *placer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Placer, placer_free)
/* Place the VMs with cpus =; the problem of the other dedicated ones, in the search's order. Yours.
 */
Problem *place_begin(Placer *placer, const PlanOptions *options);

/* Findings where the host is to keep more memory than a node has. */
void place_check_memory(Placer *placer);
/* kept.c: VMs with cpus =, exactly there; findings on what is wrong with that. */
void place_kept(Placer *placer);
/* pool.c: shared VMs over the pool, or the host where there is none. */
void place_shared(Placer *placer);
/* The shared VMs that have CPUs to float over, in the order they are placed in. Yours. */
GPtrArray *place_shared_vms(const Placer *placer);
/* Take the memory of SPEC, a shared VM, in whole pages from the nodes of MEMORY that have most
 * left; false, and nothing taken, if short. */
bool place_shared_memory(const Host *host, const VmSpec *spec, uint64_t *memory);
/*
 * whynot.c: a finding for each of VMS (PlanVm *, as they are numbered in PROBLEM, whose rooms are
 * as before the search) that was not placed: the binding reason, and the smallest change that would
 * place it.
 */
void place_why_not(const Placer *placer, const Problem *problem, const GPtrArray *vms);

/*
 * Is VM kept on whole cores of its own, all of them VMs' cores: one that could be moved elsewhere
 * without leaving anything behind?
 */
bool place_movable(const Placer *placer, const PlanVm *vm);

/* Is the core nobody's, and for VMs to have? */
bool place_core_free(const Placer *placer, unsigned core);

/* Fill vm->shares, which is empty, from its pins. */
void place_fill_shares(const Host *host, PlanVm *vm);
/* The same, and take their memory from the nodes. */
void place_take_memory(Placer *placer, PlanVm *vm);

#endif
