/* SPDX-License-Identifier: MIT */
/*
 * Capacity: how many more VMs fit on a node.
 *
 * So many more VMs of a size fit as `planner plan` would place of them beside all that it places
 * already: VMs with cpus = stay, the others may sit anywhere, as ever. What the inventory itself
 * has no room for is left out: the answer is for what is placed. (Which of two VMs comes first by
 * name decides nothing here, but where shared VMs ask for the memory of one node; the further VMs
 * are taken to come last.)
 *
 * Two layers. FitBase is a node as the question needs it, and fit_count() its core: cheap, for
 * fleets; nothing else of the node is worked out. fit_compute() (fit_node.h) is all that there is
 * to say about one node. Nothing here is shared: threads may each have their own.
 */
#ifndef PLANNER_FIT_FIT_H
#define PLANNER_FIT_FIT_H

#include "planner/place/place.h"
#include "planner/place/problem.h"

typedef struct FitBase {
	Plan *plan; /* roles by the split; VMs with cpus = placed, no others */
	Placer *placer;
	Problem *problem;   /* the rooms and memory those leave; as entries the other dedicated VMs
			       that plan places */
	GPtrArray *refused; /* of PlanVm *, borrowed: those that plan does not place, in the
			       inventory's order */
	GPtrArray *shared;  /* of PlanVm *, borrowed: shared VMs in the order they get memory */
	bool *assigned;	    /* by shared: does it get its memory, so that it must not lose it? */
	unsigned moves;
	uint64_t shared_memory, shared_page; /* theirs, and the largest page of it */
	bool shared_node;		     /* does one of them ask for a node? */
	bool quick;			     /* see fit_base_new_quick() */
	bool natural; /* plan surely assigns the problem's VMs at their natural levels */
} FitBase;

/* HOST and INVENTORY are borrowed for the life of the result. With moves, so many VMs with cpus =
 * may move, as plan lets them: to place the inventory, and anew for each question. Yours. */
FitBase *fit_base_new(const Host *host, const Inventory *inventory, const PlanOptions *options);
/*
 * The same for many nodes at once: each count may take BUDGET steps. Counts are no larger than
 * those of fit_base_new(), bounds no smaller.
 */
FitBase *fit_base_new_quick(const Host *host, const Inventory *inventory, uint64_t budget);
void fit_base_free(FitBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FitBase, fit_base_free)
/* Is NAME one of those that plan does not place? */
bool fit_base_refuses(const FitBase *base, const char *name);

typedef struct FitCount {
	unsigned fit;	/* so many more are placed with all the others */
	unsigned bound; /* more are not: equal to fit where that is proved, else the search's budget
			   ran out between the two */
	uint64_t steps; /* with so many left of a shared budget, plan's search assigns them */
} FitCount;

typedef ProblemSize FitSize;

#define FIT_MOST 65536 /* more are not counted: there are no more CPUs */

/* How many more VMs like SPEC fit. */
FitCount fit_count(const FitBase *base, const VmSpec *spec);
/* How many sets, each all of SIZES. */
FitCount fit_count_sets(const FitBase *base, const FitSize *sizes, unsigned n_sizes);
/* Do so many SETS of SIZES have a place in the plan with all the others? */
bool fit_placed(const FitBase *base, const FitSize *sizes, unsigned n_sizes, unsigned sets);
/*
 * The problem that plan is at with them: the VMs that move first, the base's, then these. MOVERS
 * (may be NULL) gets those that move, PlanVm *. Yours.
 */
Problem *fit_problem_with(const FitBase *base, const FitSize *sizes, unsigned n_sizes,
			  unsigned sets, GPtrArray *movers);
/* By node, the memory that the assignments of RESULT, of PROBLEM, and then the shared VMs leave;
 * UINT64_MAX = not known. PROBLEM is of fit_problem_with(). Yours. */
uint64_t *fit_memory_left(const FitBase *base, const Problem *problem, const SearchResult *result);

/*
 * All that fit_count() depends on but the size, and whether any VM is refused, as bytes: bases with
 * equal keys have equal counts. The order of VMs is not in it unless it is their priority. Not for
 * bases with moves. Yours.
 */
GBytes *fit_base_key(const FitBase *base);

#endif
