/* SPDX-License-Identifier: MIT */
/*
 * Placement: VMs onto the cores the split left free. VMs with cpus = are kept exactly and judged
 * (kept.c); the others go through the search (search.h), which deals in rooms and counts; here
 * counts become cores and pins. Shared VMs get the pool (pool.c).
 */
#ifndef PLANNER_PLACE_PLACE_H
#define PLANNER_PLACE_PLACE_H

#include "planner/place/problem.h"

/* Place all VMs of PLAN, whose roles are the split's; roles of cores given out become DEDICATED. */
void place_vms(Plan *plan, const Inventory *inventory, const PlanOptions *options);

/*
 * The problem that the search was given for PLAN, made again: its kept VMs where they are, its
 * other dedicated VMs as entries in the search's order. INVENTORY is what the plan was made from.
 * Yours.
 */
Problem *place_problem(const Plan *plan, const Inventory *inventory);

/* The steps of place_vms(). */

/* Place the VMs with cpus =; the problem of the other dedicated ones, in the search's order. Yours.
 */
Problem *place_begin(Placer *placer, const PlanOptions *options);

/* Findings where the host is to keep more memory than a node has. */
void place_check_memory(Placer *placer);
/* kept.c: VMs with cpus =, exactly there; findings on what is wrong with that. */
void place_kept(Placer *placer);
/* pool.c: shared VMs over the pool, or the host where there is none. */
void place_shared(Placer *placer);
/* The CPUs of POOL that SPEC, of a shared VM, may use: all, or those of the node it asks for.
 * Yours.
 */
hwloc_bitmap_t place_pool_for(const Host *host, const VmSpec *spec, hwloc_const_bitmap_t pool);
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

#endif
