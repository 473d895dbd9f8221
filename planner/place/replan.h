/* SPDX-License-Identifier: MIT */
/*
 * Re-planning: VMs that have a place keep it, but a few may move where that places more. As many as
 * allowed are tried, fewest first; VMs that are alike in rooms that are alike count as one. Which
 * ones, not where to: that is the search's.
 */
#ifndef PLANNER_PLACE_REPLAN_H
#define PLANNER_PLACE_REPLAN_H

#include "planner/place/problem.h"

/* Give the VMs of PLAN their pins of SAVED as cpus =, where both have a dedicated VM of that name
 * and shape. */
void replan_keep(Inventory *inventory, const Plan *saved);
/*
 * PLAN was made with SPECS (VmSpec *) so pinned to what they have in SAVED: those that cannot stay,
 * as the plan's errors say, lose their pins; of those on a node that is full, first the ones that
 * grew. False: there is none. Another plan may show that more cannot stay.
 */
bool replan_let_go(const GPtrArray *specs, const Plan *plan, const Plan *saved);

/*
 * An inventory that asks for what SAVED has: its CPUs by role, the host's memory, its placed VMs
 * where they are; those without a place may get one. What a plan does not say, such as [kernel], is
 * not in it. Yours.
 */
Inventory *replan_inventory(const Plan *saved);

/*
 * Could VM, kept, move and leave nothing behind: is it on whole cores of its own (place_movable()),
 * and does no other VM name a CPU of them?
 */
bool replan_movable(const Placer *placer, const PlanVm *vm);
/* Those of the plan's VMs, and those that would be if all of their cores were VMs' still, small
 * ones first: of PlanVm *, the array is yours. */
GPtrArray *replan_movable_vms(const Placer *placer);
/*
 * PROBLEM with MOVERS (PlanVm *, placed) among its VMs, first, so that `order` never refuses them;
 * and what they had free. Yours.
 */
Problem *replan_problem(const Problem *problem, const GPtrArray *movers);

/*
 * The kept VMs that had best move, at most MOST, so that most are placed: of those on cores that
 * are no VMs' any more as many as can without a loss, and as few others as will do, small ones
 * rather than large ones. A GPtrArray of PlanVm *, yours, empty when moving none is as good.
 * PROBLEM has every VM that is to be placed, and the rooms as they are with all kept VMs where they
 * are. *PROVED says whether all choices were tried.
 */
GPtrArray *replan_choose(const Placer *placer, const Problem *problem, unsigned most, bool *proved);

/*
 * Call VISIT for each choice of one to MOST kept VMs that may move, fewest and smallest first,
 * until it returns false. WITH is PROBLEM with the chosen among its VMs, N of them and first, and
 * what they had free. Choices alike are visited once; past a bound on their number none is, and
 * false is returned.
 */
typedef bool (*ReplanVisit)(const Problem *with, unsigned n, gpointer data);
bool replan_each(const Placer *placer, const Problem *problem, unsigned most, ReplanVisit visit,
		 gpointer data);

/* Take VM off its cores: they are free again, and what it had is remembered in plan->moves. */
void replan_release(Placer *placer, PlanVm *vm);
/* What it costs a running VM, SPEC, to go FROM its CPUs TO others of HOST, both by vCPU. */
MoveCost replan_cost(const Host *host, const VmSpec *spec, const GArray *from, const GArray *to);
/* Once moved VMs have their new pins and guests' topologies: what each move costs. */
void replan_costs(Plan *plan);

#endif
