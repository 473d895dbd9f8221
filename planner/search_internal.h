/* SPDX-License-Identifier: MIT */
/*
 * What the files of the packing search share.
 *
 * The search counts instead of naming: VMs that ask for the same are one Kind, and a Packing says
 * how many of each kind sit where. Only the last step (search_lowest.c) names them.
 *
 *   search_model.c    the problem as groups and kinds
 *   search_packing.c  counts, and what they leave free
 *   search_bestfit.c  a good packing at once
 *   search_bound.c    linear bounds: what no packing can exceed
 *   search_exact.c    "is there a packing at least that good?", by exhaustion
 *   search_spans.c    its first part: VMs over several nodes
 *   search_memo.c     its memory: states known to lead nowhere
 *   search_goals.c    the goals one after the other, each a row of such questions
 *   search_lowest.c   from counts to the lowest rooms, VM by VM
 *   search_one.c      the short way for a single VM
 *   search.c          all of it in order
 */
#ifndef PLANNER_SEARCH_INTERNAL_H
#define PLANNER_SEARCH_INTERNAL_H

#include "planner/search.h"

#define SEARCH_NEVER G_MAXUINT
/* Nodes a VM may span are kept as bits of a word; hosts with more nodes have no spans. */
#define SEARCH_MAX_SPAN 64

/* The rooms of one class in one node. VMs at level 1 and shares of wider ones take any of its
 * cores. */
typedef struct Group {
	unsigned node, class, cores; /* class is dense: 0 … n_classes - 1 */
	unsigned first, n_rooms;     /* its rooms: model->rooms[first …] */
} Group;

typedef struct Kind {
	SearchVm vm;
	uint64_t memory;  /* of the VM, in whole pages; 0 where memory cannot run short */
	uint64_t value;	  /* what one of them adds to the first goal */
	unsigned count;	  /* VMs of this kind; 0: only further copies of it are of interest */
	unsigned natural; /* finest level in the empty rooms, SEARCH_NEVER = none */
	unsigned extra; /* 0 or 1: the level further copies count as spare at, else SEARCH_NEVER */
	unsigned least; /* fewest cores it takes, over the classes */
} Kind;

typedef struct Model {
	const SearchProblem *problem;
	unsigned n_classes, n_groups, n_kinds;
	bool memory;	    /* can it run short at all? */
	unsigned *threads;  /* of a class's cores */
	unsigned *group_of; /* room → group */
	unsigned *group_at; /* node × class → group, SEARCH_NEVER = no such rooms */
	unsigned *rooms;    /* by group, then index */
	unsigned *kind_of;  /* VM → kind */
	unsigned *needs;    /* kind × class → cores of a whole VM */
	Group *groups;	    /* by node, then class */
	Kind *kinds;	    /* the ones that need most cores first */
} Model;

Model *model_new(const SearchProblem *problem);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/* Cores and memory of each of K shares of KIND (k = 1: the whole VM). */
unsigned share_cores(const Model *model, const Kind *kind, unsigned class, unsigned k);
uint64_t share_memory(const Model *model, const Kind *kind, unsigned k);
/* Can KIND be cut into K ≥ 2 equal shares at all? */
bool share_possible(const Model *model, const Kind *kind, unsigned k);

/* A VM over several nodes: every node in NODES holds an equal share. */
typedef struct Span {
	unsigned kind, class, level;
	uint64_t nodes;
} Span;

/* How many of each kind sit where, and what that leaves. */
typedef struct Packing {
	unsigned *in_room;  /* room × kind → VMs at level 0 */
	unsigned *in_group; /* group × kind → VMs at level 1 */
	GArray *spans;	    /* of Span */
	unsigned *placed;   /* kind → VMs */
	unsigned *room;	    /* cores free of VMs at level 0 */
	unsigned *group;    /* the same over the group's rooms, less what coarser VMs there take */
	uint64_t *memory;   /* free, of each node; UINT64_MAX = no limit */
} Packing;

Packing *packing_new(const Model *model);
Packing *packing_copy(const Model *model, const Packing *packing);
void packing_free(Packing *packing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Packing, packing_free)
/* An empty packing of what PACKING leaves free. */
Packing *packing_beside(const Model *model, const Packing *packing);

bool packing_fits_room(const Model *model, const Packing *packing, unsigned kind, unsigned room);
bool packing_fits_group(const Model *model, const Packing *packing, unsigned kind, unsigned group);
bool packing_fits_share(const Model *model, const Packing *packing, const Span *span,
			unsigned node);
/* COUNT may be negative: take them away again. */
void packing_add_room(const Model *model, Packing *packing, unsigned kind, unsigned room,
		      int count);
void packing_add_group(const Model *model, Packing *packing, unsigned kind, unsigned group,
		       int count);
void packing_add_span(const Model *model, Packing *packing, Span span);
void packing_take_span(const Model *model, Packing *packing, unsigned index);

/* The goals' values. */
uint64_t packing_value(const Model *model, const Packing *packing);
unsigned packing_left(const Model *model, const Packing *packing);
/* Put further VMs beside them, greedily; their vCPUs. */
uint64_t packing_add_copies(const Model *model, Packing *packing);

/* Seat one more VM of KIND where it fits best; false where it fits nowhere. */
bool bestfit_seat(const Model *model, Packing *packing, unsigned kind);
/* The same within one group, where it does fit. */
void bestfit_seat_group(const Model *model, Packing *packing, unsigned kind, unsigned group);
/* Seat COUNT VMs of each kind that way, largest first. */
void bestfit_fill(const Model *model, Packing *packing, const unsigned *count);

/*
 * Linear bounds. Give each kind a weight; then the VMs in a room never weigh more than the heaviest
 * set of VMs that fills it, a knapsack. What must still be placed and weighs more than all the
 * rooms that are left can carry does not fit.
 */
enum {
	WEIGHT_CORES, /* cores, the smallest need of all classes; rooms carry all they have */
	WEIGHT_VALUE, /* the first goal, in parts of BOUND_UNIT */
	WEIGHT_VCPUS, /* for spare */
	WEIGHT_OTHER, /* cores of the VMs of at least some size, and their number, in turn */
	WEIGHT_SIZES = 6,
	WEIGHT_MAX = WEIGHT_OTHER + 2 * WEIGHT_SIZES
};
/* Divisible by 1 … 16, so that shares of a VM are worth their part. */
#define BOUND_UNIT 720720

/* Who may fill: VMs at level 0; also those at level 1; also shares of wider ones. */
typedef enum Filling { FILL_ROOM, FILL_GROUP, FILL_SHARES, FILL_N } Filling;

typedef struct Bounds {
	const Model *model;
	bool merged; /* the rooms of a group count as one, so that level 1 is level 0 */
	unsigned n_weights;
	unsigned *list, n_list; /* the kinds that may sit at level 0 */
	unsigned *dearest;	/* all kinds, most value per core first */
	uint64_t *weight;	/* weight × kind */
	unsigned most_room, most_group, most_node;
	uint64_t *fill[FILL_N]; /* (weight × class) × cores → most that fills so many cores */
	uint64_t *memory_fill[FILL_N]; /* (VALUE, VCPUS) × cores × units of memory, over a node;
					  NULL where memory does not matter */
	uint64_t unit;
	unsigned units;
	uint64_t *tail[2]; /* WEIGHT_OTHER, VCPUS: (class × list) × cores → most that the kinds
			      from there on weigh in a room */
} Bounds;

Bounds *bounds_new(const Model *model, bool merged);
void bounds_free(Bounds *bounds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bounds, bounds_free)
/* The most that VMs filling so many cores of CLASS weigh; WEIGHT ≥ WEIGHT_OTHER: FILL_ROOM only. */
uint64_t bounds_fill(const Bounds *bounds, Filling filling, unsigned weight, unsigned class,
		     unsigned cores);
/* The same for VALUE or VCPUS over a node with so much memory. */
uint64_t bounds_memory_fill(const Bounds *bounds, Filling filling, unsigned weight, unsigned cores,
			    uint64_t memory);
/* What kinds I … of the list weigh at most in so many cores of a room. WHICH: 0 or 1 of tail. */
uint64_t bounds_tail(const Bounds *bounds, unsigned which, unsigned class, unsigned i,
		     unsigned cores);
/* No packing of the free cores and memory of BASE weighs more; VALUE or VCPUS. */
uint64_t bounds_all(const Bounds *bounds, const Packing *base, Filling filling, unsigned weight);
/* COUNT VMs of each kind: the most value of them that CORES can carry if VMs could be cut. */
uint64_t bounds_cut(const Bounds *bounds, const unsigned *count, uint64_t cores);

/*
 * States of the exact search that are known to lead nowhere: a row of words and a level; a state
 * with the same words and no more of the level leads nowhere either.
 */
typedef struct Memo Memo;
Memo *memo_new(unsigned words);
void memo_free(Memo *memo);
void memo_clear(Memo *memo);
bool memo_knows(const Memo *memo, const uint32_t *words, uint64_t level);
void memo_add(Memo *memo, const uint32_t *words, uint64_t level);

/* The question the exact search answers: is there a packing of … */
typedef struct Task {
	const Packing *base;   /* … what this one leaves free … */
	const unsigned *count; /* … by at most so many VMs of each kind … */
	uint64_t value;	       /* … worth at least this … */
	unsigned left;	       /* … at most so many of them left; SEARCH_NEVER = any number … */
	bool copies;	       /* … with further copies … */
	uint64_t spare;	       /* … of at least so many vCPUs? */
	bool merged;	       /* level 1 is as good as level 0 */
} Task;

typedef enum Outcome { OUTCOME_NONE, OUTCOME_FOUND, OUTCOME_UNKNOWN } Outcome;

typedef struct Finder Finder;
/* STEPS, the budget left, is counted down. */
Finder *finder_new(const Model *model, uint64_t *steps);
void finder_free(Finder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Finder, finder_free)
/* With OUTCOME_FOUND *FOUND, yours, has the VMs and copies, without those of the base. UNKNOWN:
 * LIMIT steps, or the budget, are used up. */
Outcome finder_run(Finder *finder, const Task *task, uint64_t limit, Packing **found);
const Bounds *finder_bounds(Finder *finder, bool merged);

/* The most vCPUs that VMs and copies fill beside BASE if at most LEFT are left and none spans. */
uint64_t finder_vcpus(Finder *finder, const Packing *base, unsigned left);

/* The best packing so far, and what is proved about it. */
typedef struct Answer {
	const Model *model;
	Finder *finder;
	uint64_t steps;	  /* of the budget, still to be taken */
	unsigned *count;  /* kind → VMs in the running: under PREFER_ORDER those accepted */
	Packing *packing; /* of VMs and, once spare is sought, copies */
	uint64_t value, bound, spare;
	unsigned left;
	bool proved; /* all goals so far */
} Answer;

/* Goals (1), (3) and (4): value, left, spare. */
void answer_seek(Answer *answer);
Outcome answer_fits(Answer *answer);
/* Goal (5): a seat (GArray of SearchShare, or NULL) for each VM. */
GPtrArray *answer_lowest(Answer *answer);

/* One VM alone: its seat, or NULL where the general way has to be taken. */
SearchResult *solve_one(const SearchProblem *problem);

#endif
