/* SPDX-License-Identifier: MIT */
/*
 * The packing problem of a plan: its free cores as rooms, its VMs as entries, and back from rooms
 * to cores. A problem is a value: what-ifs copy it, change the copy and solve that.
 */
#ifndef PLANNER_PLACE_PROBLEM_H
#define PLANNER_PLACE_PROBLEM_H

#include "planner/place/placer.h"
#include "planner/place/rooms.h"
#include "planner/search/search.h"

typedef struct Problem {
	const Host *host;
	GArray *rooms;	    /* of SearchRoom, by node, then lowest CPU */
	Rooms *layout;	    /* the same rooms, whoever has their cores */
	uint64_t *memory;   /* by node */
	uint64_t *capacity; /* by node: memory for VMs if there were none */
	uint64_t *owed;	    /* by node: what VMs that have a place have beyond it */
	GArray *vms;	    /* of SearchVm */
	GPtrArray *specs;   /* by entry of vms: const VmSpec *, borrowed */
	GPtrArray *settled; /* VMs that stay where they are, and that others must be apart from */
	Prefer prefer;
	uint64_t budget;
	uint64_t *shared_budget; /* as a SearchProblem's; borrowed */
	uint64_t *only;		 /* by node: left of those without cores: memory_node.h */
} Problem;

/*
 * The problem that PLACER is at: every core that is FREE and owned by nobody, the memory that is
 * left, and no VM yet. Rooms of cores that others have are there too, with none free, so that room
 * numbers do not depend on who has what. Yours.
 */
Problem *problem_new(const Placer *placer, const PlanOptions *options);
Problem *problem_copy(const Problem *problem);
void problem_free(Problem *problem);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Problem, problem_free)

/* Do both ask for the same, as far as the search can tell? */
bool problem_specs_alike(const VmSpec *a, const VmSpec *b);
void problem_add_vm(Problem *problem, const VmSpec *spec);
/* One more room of the core LIKE, not free, before that at position AT. */
void problem_insert_room(Problem *problem, unsigned at, const Core *like);
void problem_remove_vm(Problem *problem, unsigned entry);
/* May SPEC, by its wishes and the VMs that it must be apart from and that stay, have ROOM? */
bool problem_room_allows(const Problem *problem, const VmSpec *spec, unsigned room);
/* Cores that are free: of all rooms, and of those of a cell of the layout. */
unsigned problem_free_cores(const Problem *problem);
unsigned problem_cell_cores(const Problem *problem, unsigned cell);
/* The fewest cores that SPEC takes, over the rooms; G_MAXUINT where there are none. */
unsigned problem_least_cores(const Problem *problem, const VmSpec *spec);
/* Give the cores and memory that VM has, to the problem's free ones, but for cores that are no
 * VMs'; VM is one of its plan's, placed. */
void problem_release(Problem *problem, const PlanVm *vm);

/* Has a budget that several questions share ended? Answers are then what best-fit finds. */
bool problem_spent(const Problem *problem);

/*
 * Solve; the result is yours. Where a node without cores has too little memory for all that ask for
 * it, they get it in their order here, whole; one that has no place leaves it to the next.
 */
SearchResult *problem_solve(const Problem *problem);
/* Can all its VMs be assigned together? *PROVED (may be NULL) is false when the budget ran out
 * first.
 */
bool problem_all_fit(const Problem *problem, bool *proved);

/* So many VMs like SPEC, of which vcpus, threads, memory, page and node count. */
typedef struct ProblemSize {
	const VmSpec *spec;
	unsigned count;
} ProblemSize;

/* How many sets of SIZES fit with all its VMs? At most MOST are asked for; see search_most(). */
SearchMost problem_most(const Problem *problem, const ProblemSize *sizes, unsigned n_sizes,
			unsigned most);
/* The best mix of SIZES, whose counts are set; see search_mix(). */
SearchMix problem_mix(const Problem *problem, ProblemSize *sizes, unsigned n_sizes);
/* The finest level (0 room, 1 node, k nodes) at which SPEC would fit in the empty rooms; HOST_NONE
 * = none. */
unsigned problem_natural_level(const Problem *problem, const VmSpec *spec);

#endif
