/* SPDX-License-Identifier: MIT */
/*
 * The packing problem behind placement, in plain numbers: which VM goes into which rooms.
 *
 * A room is the cores, free for VMs, that share a NUMA node and an L3 and have the same number of
 * threads and CPU kind (their class). A VM of v vCPUs takes ⌈v/threads⌉ cores (v with isolate), and
 * ⌈h/threads⌉ more for its h helpers, threads that get CPUs as well, all of one class. It sits,
 * finest first,
 *   in one room (level 0), else in one node (level 1: any rooms of a class of that node), else
 *   over k different nodes (level k ≥ 2), in shares of whole cores that differ by one at most, the
 *   same class for all: k shares of the VM's cores, in all as many as in one node. vCPUs fill their
 *   cores; where the last core is not full, it is in one of the larger shares. The helpers' cores
 *   come to one of the shares: a single core to a smaller one, where there is one, else all to a
 *   larger one.
 * A VM that names a node sits in it, at level 0 or 1; so does a `whole` one. A VM may also be kept
 * to some of the rooms; coarser than in one room it then has cores of those nodes alone of whose
 * rooms of a class it may have all. Two VMs may have to be apart: no place, such as a socket, has
 * cores of both; a VM coarser than in one room then counts as in all of these. A VM's natural level
 * is the finest one at which the rooms, all empty, could hold it, memory included. VMs may be
 * assigned coarser than that; they then count: as `far` over more nodes than they need, as `spread`
 * over several rooms of a node where one could hold them. (The level of an assignment is the finest
 * it has: cores of one room are level 0 however they came about.) Memory: a share takes the part of
 * the VM's memory that its vCPUs are of all, rounded up to whole pages; a node's shares fit in its
 * memory.
 *
 * Goals, each among the best in those before it:
 *   1 placed  what `prefer` says
 *   2 far     fewest VMs over more nodes than they need
 *   3 spread  fewest VMs over several rooms of a node that one could hold
 *   4 near    for VMs over several nodes, the least sum of the distances between each two of the
 *             nodes of a VM: one socket or board before two
 *   5 spare   most vCPUs of further VMs that would fit beside those placed, in cores and memory:
 *             any number of copies of the shapes (vcpus, isolate, memory, page) of the problem's
 *             VMs, placed or not, in any node, each at a level no coarser than the shape's natural
 *             one, and at most 1
 *   6 lowest  the first answer in this order: VM by VM, as the problem lists them, lower rooms come
 *             first. Assignments compare as their lists of shares do, by room: the lower room,
 *             then in it more cores, then more vCPUs, then the shorter list. A VM without one
 *             comes last. So the answer is unique, whatever way it was found, unless the budget
 *             ends the search first.
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
	uint64_t page;	   /* > 0: 4096 where no huge pages are asked */
	unsigned node;	   /* index of the only node it may sit in, G_MAXUINT = any */
	bool whole;	   /* it sits in one node or nowhere */
	const bool *rooms; /* by room: may it have cores there? NULL = anywhere. Borrowed */
	const bool *apart; /* the same, where other VMs are that it must be apart from: its natural
			      level does not change. search_solve() sets it; else NULL */
	unsigned helpers;  /* threads beside the vCPUs, on cores that have no vCPU */
	unsigned floating; /* further vCPUs, which take no core and count in the first goal alone */
} SearchVm;

/* The default budget, in steps. Hosts of some hundred CPUs take less than a tenth of a second. */
#define SEARCH_BUDGET 200000

/* Two VMs, A < B, may not both have cores in the rooms of one place. */
typedef struct SearchApart {
	unsigned a, b;
	const unsigned *place; /* by room; borrowed */
} SearchApart;

typedef struct SearchProblem {
	const SearchRoom *rooms; /* by node, then lowest CPU: lower rooms are preferred */
	unsigned n_rooms;
	const uint64_t
		*memory; /* of each node, bytes left for VMs; UINT64_MAX = not known, no limit */
	unsigned n_nodes;
	const unsigned *distance; /* node × node, both ways the same; NULL = there is nothing to
				     choose: goal 4 has no say */
	const SearchVm
		*vms; /* PREFER_ORDER: in order of priority; else the order only breaks ties */
	unsigned n_vms;
	const SearchApart *apart;
	unsigned n_apart;
	Prefer prefer;
	uint64_t budget;	 /* steps; 0 = SEARCH_BUDGET */
	uint64_t *shared_budget; /* steps that several questions share; each subtracts what it
				    used. Once none is left, an answer is what best-fit finds at
				    once, and its bound a rough one. Borrowed. NULL = only `budget`
				    counts */
} SearchProblem;

/* The part of a VM's placement that is in one room. */
typedef struct SearchShare {
	unsigned room;	/* index into the problem's rooms */
	unsigned cores; /* of that room, > 0 */
	unsigned vcpus; /* of the VM, in vCPU order over its shares; 0 = all cores are of helpers */
} SearchShare;

typedef struct SearchResult {
	GPtrArray *
		assignments; /* one per VM: NULL = not placed, else GArray of SearchShare by room */
	uint64_t placed;     /* value of the first goal: vCPUs; VMs under the other preferences */
	uint64_t bound;	     /* upper bound of placed; equal to it if that goal is proved. Under
				PREFER_ORDER the proof is of which VMs are placed, not only how many */
	unsigned far;	     /* VMs placed over more nodes than they need */
	unsigned spread;     /* VMs placed over several rooms of a node that one could hold */
	uint64_t near;	 /* sum of the distances of VMs placed over several nodes; 0 without any */
	uint64_t spare;	 /* vCPUs of further VMs that still fit: the maximum if that goal is
			    proved, else a lower bound */
	unsigned proved; /* goals proved, counted from the first: 0 … SEARCH_GOALS */
	bool optimal;	 /* all goals are proved */
	uint64_t steps;	 /* used of the budget */
} SearchResult;

#define SEARCH_GOALS 6

/*
 * Solve PROBLEM, which is only read. Deterministic: no clock, nothing but the problem decides.
 * Never fails. If the budget ends first, the answer is at least as good in the first goal as
 * best-fit-decreasing (under PREFER_ORDER: as best-fit in order). The result is the caller's.
 */
SearchResult *search_solve(const SearchProblem *problem);
void search_result_free(SearchResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SearchResult, search_result_free)

/*
 * Can all VMs of PROBLEM be placed together? Much cheaper than solving. *PROVED (may be NULL) is
 * false if either budget ended first; the answer is then no.
 */
bool search_all_fit(const SearchProblem *problem, bool *proved);

/* COUNT VMs of one size. */
typedef struct SearchSize {
	SearchVm vm;
	unsigned count;
} SearchSize;

typedef struct SearchMost {
	bool all;	/* the problem's own VMs fit together. If not, the rest is 0, except bound
			   where that is not proved */
	bool never;	/* it is proved that they do not */
	unsigned fit;	/* sets that fit beside them */
	unsigned bound; /* upper bound of fit; equal to it where the search proved it */
	bool plain;	/* best-fit places all of it; so search_solve() does, whatever it prefers */
	unsigned sure;	/* the largest number of sets, up to fit, that best-fit places; 0 also if it
			   cannot place the problem's own VMs */
	bool natural;	/* best-fit places the problem's own VMs, all at their natural level; so
			   search_solve() does */
} SearchMost;

/*
 * How many sets of SIZES, N_SIZES entries, fit beside all VMs of PROBLEM? A set is COUNT VMs of
 * each size. No more than MOST sets are tried; bound is then MOST at most. Each number of sets that
 * has to be searched gets the whole budget. Depends on nothing but its arguments.
 */
SearchMost search_most(const SearchProblem *problem, const SearchSize *sizes, unsigned n_sizes,
		       unsigned most);

typedef struct SearchMix {
	bool all;	/* the problem's own VMs fit together. If not, vcpus is 0 */
	uint64_t vcpus; /* of the further VMs */
	bool proved;	/* no mix has more vCPUs; or, if not all, they surely do not fit */
} SearchMix;

/*
 * The mix of further VMs that has most vCPUs beside all VMs of PROBLEM: any number of each of VMS,
 * N of them, every one within one node (any node, whatever the VM names). Sets COUNTS[0 … N - 1],
 * the caller's, to how many of each.
 */
SearchMix search_mix(const SearchProblem *problem, const SearchVm *vms, unsigned n,
		     unsigned *counts);

/* Shares of a VM over several nodes that are alike: N of them. */
typedef struct SearchSlice {
	unsigned n, cores, vcpus;
	uint64_t memory;
} SearchSlice;

/* There are at most so many sorts of them: with the helpers, larger, larger and not full, smaller.
 */
#define SEARCH_SLICES 4

/* The shares of VM over K nodes with cores of THREADS threads, those that ask for more first.
 * Returns how many sorts there are; 0: it has fewer cores than nodes. K = 1: the VM itself. */
unsigned search_slices(const SearchVm *vm, unsigned threads, unsigned k,
		       SearchSlice slices[SEARCH_SLICES]);

/* The cores that VCPUS vCPUs take on cores of THREADS threads; ISOLATE: one vCPU a core. Inline,
 * as the next: replay asks it for each cell. */
static inline unsigned search_cores(unsigned vcpus, unsigned threads, bool isolate)
{
	return isolate ? vcpus : vcpus / threads + (vcpus % threads != 0);
}
/* The same of all of VM, its helpers included. */
static inline unsigned search_vm_cores(const SearchVm *vm, unsigned threads)
{
	return search_cores(vm->vcpus, threads, vm->isolate) +
	       (vm->helpers ? search_cores(vm->helpers, threads, false) : 0);
}
/* BYTES in whole pages of PAGE; UINT64_MAX for what cannot be counted, which fits no node with a
 * limit. */
uint64_t search_pages_memory(uint64_t bytes, uint64_t page);
/* Bytes of a share of VCPUS of VM's vCPUs, in whole pages. */
uint64_t search_share_memory(const SearchVm *vm, unsigned vcpus);
/* Can the rooms of PROBLEM, all empty, hold VM at LEVEL (0 room, 1 node, k ≥ 2: over k nodes)? */
bool search_fits_empty(const SearchProblem *problem, const SearchVm *vm, unsigned level);

#endif
