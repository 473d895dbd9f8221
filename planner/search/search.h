/* SPDX-License-Identifier: MIT */
/*
 * The packing problem behind placement, in plain numbers: which VM goes into which rooms.
 *
 * A room is the cores, free for VMs, that share a NUMA node and an L3 and have the same number of
 * threads and CPU kind (their class). A VM of v vCPUs takes ⌈v/threads⌉ cores (v with isolate), all
 * of one class, and sits, finest first,
 *   in one room (level 0), else in one node (level 1: any rooms of a class of that node), else
 *   in equal shares over k different nodes (level k ≥ 2: k divides v; each share sits inside its
 *   node and takes ⌈(v/k)/threads⌉ cores of one class, the same class for all shares).
 * A VM that names a node sits in it, at level 0 or 1. A VM's natural level is the finest one at
 * which the rooms, all empty, could hold it, memory included. VMs may be seated coarser than that;
 * they then count as `left`. (The level of a seat is the finest it has: cores of one room are
 * level 0 however they came about.)
 * Memory: each of a VM's k shares (one, at level 0 and 1) takes ⌈memory/k⌉ bytes of its node,
 * rounded up to whole pages; a node's shares fit in its memory.
 *
 * Goals, each among the best in those before it:
 *   1 placed  what `prefer` says
 *   2 left    fewest VMs seated coarser than their natural level
 *   3 spare   most vCPUs of further VMs that would fit beside those placed, in cores and memory:
 *             any number of copies of the shapes (vcpus, isolate, memory, page) of the problem's
 *             VMs, placed or not, in any node, each at a level no coarser than the shape's natural
 *             one, and at most 1
 *   4 lowest  the first answer in this order: VM by VM, as the problem lists them, a seat in lower
 *             rooms comes first. Seats compare as their lists of shares do, by room: the lower
 *             room, then in it more cores, then the shorter list. No seat comes last.
 * So the answer is unique, whatever way it was found, unless the budget ends the search first.
 *
 * How the search works: search_internal.h.
 */
#ifndef PLANNER_SEARCH_SEARCH_H
#define PLANNER_SEARCH_SEARCH_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum Prefer {
	PREFER_VCPUS, /* most vCPUs placed */
	PREFER_VMS,   /* most VMs placed */
	PREFER_ORDER, /* the VMs' order is priority: none is refused that fits together with those
			 accepted before it, wherever these then sit */
} Prefer;

typedef struct SearchRoom {
	unsigned node;	  /* index into nodes */
	unsigned class;	  /* rooms of one class may hold one VM together */
	unsigned threads; /* of each core: 1..8; equal within a class */
	unsigned cores;	  /* free ones, may be 0 */
} SearchRoom;

typedef struct SearchVm {
	unsigned vcpus; /* > 0 */
	bool isolate;	/* one vCPU a core */
	uint64_t memory;
	uint64_t page; /* > 0: 4096 where no huge pages are asked */
	unsigned node; /* index of the only node it may sit in, G_MAXUINT = any */
} SearchVm;

/* Steps for one problem. Less than a tenth of a second on hosts of some hundred CPUs. Hundreds of
 * VMs no two of which are alike take seconds: their linear programs are long, and count as few. */
#define SEARCH_BUDGET 200000

typedef struct SearchProblem {
	const SearchRoom *rooms; /* by node, then lowest CPU: lower rooms are preferred */
	unsigned n_rooms;
	const uint64_t
		*memory; /* of each node, bytes left for VMs; UINT64_MAX = not known, no limit */
	unsigned n_nodes;
	const SearchVm
		*vms; /* PREFER_ORDER: in order of priority; else the order only breaks ties */
	unsigned n_vms;
	Prefer prefer;
	uint64_t budget;	 /* steps; 0 = SEARCH_BUDGET */
	uint64_t *shared_budget; /* search_all_fit() only: steps that several questions share; each
				    subtracts what it used. Borrowed. NULL = only `budget` counts */
} SearchProblem;

/* One room's part in a VM's seat. */
typedef struct SearchShare {
	unsigned room, cores;
	unsigned vcpus; /* of the VM, in vCPU order over its shares */
} SearchShare;

typedef struct SearchResult {
	GPtrArray *seats; /* one per VM: NULL = not placed, else GArray of SearchShare by room */
	uint64_t placed;  /* the first goal's value: vCPUs, VMs; under PREFER_ORDER: VMs */
	uint64_t bound;	  /* no seating that reaches the first goal places more; equal to placed
			     when that is proved (under PREFER_ORDER, which VMs, not only how many) */
	unsigned left;	  /* VMs seated coarser than they could have been */
	uint64_t spare;	  /* vCPUs of further VMs that would still fit: the most there are where
			     that is proved, else so many at least */
	unsigned proved; /* how many of the goals, in their order, are proved: 0 … SEARCH_GOALS */
	bool optimal;	 /* all of them */
	uint64_t steps;	 /* of the budget that were taken */
} SearchResult;

#define SEARCH_GOALS 4

/*
 * Solve. Deterministic: only the problem decides, no clock. Never fails; past its budget the answer
 * is at least as good in the first goal as best-fit-decreasing (under PREFER_ORDER, as seating the
 * VMs in order where they fit best). The result is yours.
 */
SearchResult *search_solve(const SearchProblem *problem);
void search_result_free(SearchResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SearchResult, search_result_free)

/*
 * Can all VMs be seated together? Only that, and so much cheaper than solving. *PROVED (may be
 * NULL) is false if either budget ran out first; the answer is then no.
 */
bool search_all_fit(const SearchProblem *problem, bool *proved);

/* So many VMs of one size. */
typedef struct SearchSize {
	SearchVm vm;
	unsigned count;
} SearchSize;

typedef struct SearchMost {
	bool all;	/* the problem's VMs fit together at all; else the rest is 0, but for the
			   bound where that is not proved */
	bool never;	/* it is proved that they do not */
	unsigned fit;	/* so many sets fit with them */
	unsigned bound; /* more do not; equal to fit where that is proved */
	bool plain;	/* best-fit seats them, so search_solve() does, whatever its preference */
	unsigned sure;	/* the most sets up to fit that it does seat; 0 also where it seats not even
			   the VMs */
	bool natural;	/* it seats the problem's own VMs, all at their natural level: so does
			   search_solve() */
} SearchMost;

/*
 * How many times can all of SIZES, one set of them, be seated together with all of the problem's
 * VMs? At most MOST sets are asked for; then bound is MOST. Every number that has to be searched
 * has the whole budget. Depends on nothing but its arguments.
 */
SearchMost search_most(const SearchProblem *problem, const SearchSize *sizes, unsigned n_sizes,
		       unsigned most);

typedef struct SearchMix {
	bool all;	/* the problem's VMs fit together at all; else the rest is 0, but for the
			   bound where that is not proved */
	uint64_t vcpus; /* of the further VMs */
	bool proved;	/* no mix has more */
} SearchMix;

/*
 * Further VMs like those of VMS, N of them, that have most vCPUs together, beside all of the
 * problem's VMs: any number of each, every one in one node (any, whatever it asks). COUNTS, one for
 * each, are set.
 */
SearchMix search_mix(const SearchProblem *problem, const SearchVm *vms, unsigned n,
		     unsigned *counts);

/* Cores a share of VCPUS vCPUs takes. */
unsigned search_cores(unsigned vcpus, unsigned threads, bool isolate);
/* Can VM sit at LEVEL (0 room, 1 node, k ≥ 2 over k nodes) in the empty rooms? */
bool search_fits_empty(const SearchProblem *problem, const SearchVm *vm, unsigned level);

#endif
