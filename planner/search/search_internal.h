/* SPDX-License-Identifier: MIT */
/*
 * What the files of the packing search share.
 *
 * The search counts instead of naming: VMs that ask for the same are one Kind, and a Packing says
 * how many of each kind sit where. Only the last step (search_lowest.c) names them.
 *
 *   search_model.c      the problem as groups and kinds
 *   search_packing.c    counts, and what they leave free
 *   search_bestfit.c    a good packing at once
 *   search_rows.c       linear bounds: what no packing can exceed
 *   search_lp.c         the best of these, as the dual of a linear program (search_simplex.c)
 *   search_memory.c     bounds where memory comes in pieces
 *   search_exact.c      "is there a packing at least that good?", by exhaustion:
 *     search_layout.c     the order of its decisions
 *     search_carry.c      its bounds, where it stands
 *     search_fill.c       the decisions themselves
 *     search_memo.c       its memory: states known to lead nowhere
 *   search_dive.c       the same question, not so exhaustively: along the linear program
 *   search_improve.c    a packing made better part by part
 *   search_goals.c      the goals one after the other, each a row of such questions
 *   search_near.c       the nodes of VMs over several, chosen one VM after the other
 *   search_lowest.c     from counts to the lowest rooms, VM by VM
 *   search_one.c        the short way for a single VM
 *   search_answer.c     the best packing so far, and what is proved of it
 *   search_apart.c      VMs that must be apart, as a row of problems without that
 *   search_after.c      VMs one after the other, for where that row is too long
 *   search_most.c       how many more VMs fit
 *   search_mix.c        the best mix of further VMs
 *   search_plain.c      all of it in order
 *   search.c            which of the two
 */
#ifndef PLANNER_SEARCH_SEARCH_INTERNAL_H
#define PLANNER_SEARCH_SEARCH_INTERNAL_H

#include "planner/search/search.h"

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
	bool memory;		  /* can it run short at all? */
	unsigned *threads;	  /* of a class's cores */
	unsigned *group_of;	  /* room → group */
	unsigned *group_at;	  /* node × class → group, SEARCH_NEVER = no such rooms */
	unsigned *rooms;	  /* by group, then index */
	unsigned *kind_of;	  /* VM → kind */
	unsigned *needs;	  /* kind × class → cores of a whole VM */
	bool *in_room, *in_group; /* kind × room, group → may it sit there? NULL = all may */
	bool ragged;   /* some may sit in some rooms of a group alone: groups are not like rooms */
	Group *groups; /* by node, then class */
	Kind *kinds;   /* the ones that need most cores first */
} Model;

Model *model_new(const SearchProblem *problem);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/* The finest level at which the empty rooms hold VM, SEARCH_NEVER = none. */
unsigned natural_level(const SearchProblem *problem, const SearchVm *vm);

/* May VM have cores of ROOM of PROBLEM, by its own wishes; and of any, whoever else is there? */
bool vm_allowed(const SearchProblem *problem, const SearchVm *vm, unsigned room);
bool vm_anywhere(const SearchVm *vm);
/* May a VM of KIND sit in ROOM; coarser, in GROUP? */
static inline bool kind_in_room(const Model *model, const Kind *kind, unsigned room)
{
	return !model->in_room ||
	       model->in_room[(size_t)(kind - model->kinds) * model->problem->n_rooms + room];
}
static inline bool kind_in_group(const Model *model, const Kind *kind, unsigned group)
{
	return !model->in_group ||
	       model->in_group[(size_t)(kind - model->kinds) * model->n_groups + group];
}

/* What VM adds to the first goal. */
uint64_t search_vm_worth(const SearchProblem *problem, const SearchVm *vm);
/* Cores of a VM of KIND, in one piece or over nodes. */
unsigned kind_cores(const Model *model, const Kind *kind, unsigned class);
/* search_slices() of KIND over K ≥ 2 nodes; without memory where that cannot run short, and those
 * of as many cores are one sort then, unless it has helpers. 0: it cannot be cut so. */
unsigned kind_slices(const Model *model, const Kind *kind, unsigned class, unsigned k,
		     SearchSlice slices[SEARCH_SLICES]);

/* Sum of the distances between each two of NODES; 0 where there is nothing to choose. */
uint64_t nodes_distance(const Model *model, uint64_t nodes);

/* A VM over several nodes: those that hold a share of each sort. */
typedef struct SearchSpan {
	unsigned kind, class, level;
	uint64_t nodes[SEARCH_SLICES];
} SearchSpan;

static inline uint64_t span_nodes(const SearchSpan *span)
{
	uint64_t nodes = 0;

	for (unsigned i = 0; i < SEARCH_SLICES; i++)
		nodes |= span->nodes[i];
	return nodes;
}

/* How many of each kind sit where, and what that leaves. */
typedef struct Packing {
	unsigned *in_room;  /* room × kind → VMs at level 0 */
	unsigned *in_group; /* group × kind → VMs at level 1 */
	GArray *spans;	    /* of SearchSpan */
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
bool packing_fits_slice(const Model *model, const Packing *packing, unsigned kind, unsigned class,
			const SearchSlice *slice, unsigned node);
/* COUNT may be negative: take them away again. */
void packing_add_room(const Model *model, Packing *packing, unsigned kind, unsigned room,
		      int count);
void packing_add_group(const Model *model, Packing *packing, unsigned kind, unsigned group,
		       int count);
void packing_add_span(const Model *model, Packing *packing, SearchSpan span);
void packing_take_span(const Model *model, Packing *packing, unsigned index);

/* The goals' values. */
uint64_t packing_value(const Model *model, const Packing *packing);
unsigned packing_far(const Model *model, const Packing *packing);
unsigned packing_spread(const Model *model, const Packing *packing);
uint64_t packing_near(const Model *model, const Packing *packing);
/* Put further VMs beside them, greedily; their vCPUs. */
uint64_t packing_add_copies(const Model *model, Packing *packing);

/* Place one more VM of KIND in PACKING, in the tightest place of the finest level that has one;
 * false if it fits nowhere. */
bool bestfit_assign(const Model *model, Packing *packing, unsigned kind);
/* COUNT[kind] VMs of each kind, placed that way, largest first, as many as fit. Yours. */
Packing *bestfit(const Model *model, const unsigned *count);
/* Add all that ADDED holds to PACKING, which has the cores and the memory for it. VMs that ADDED
 * has in a group go into its rooms as best-fit would place them, so that they may get finer. */
void bestfit_add(const Model *model, Packing *packing, const Packing *added);

/*
 * A sort of share. A way to sit over several nodes is K shares in cores of one class; the sorts it
 * has follow each other, those that ask for more first.
 */
typedef struct Sort {
	unsigned kind, class, k;
	unsigned first, end; /* the way's sorts */
	SearchSlice slice;
	unsigned whole; /* cores of the VM: of its weight the share has as much as of these */
	bool coarse;	/* over more nodes than the kind needs */
} Sort;

/*
 * A row: a linear bound. Give each kind a weight phi and memory a price. A group of rooms carries
 * at most the heaviest set of VMs that fits it, each at phi less the price of its memory: a
 * knapsack. All VMs that are placed weigh no more than the groups carry and their memory costs; so
 * what must still be placed and weighs more than that does not fit. Every choice of weights gives a
 * valid bound; the best one is the dual solution of a linear program (search_lp.c).
 *
 * A VM that is far or spread weighs mu less, but so many times mu as VMs may be so is added to what
 * is carried. Not all VMs need be placed: one unit of the first goal is worth theta, and who weighs
 * less than he is worth may stay outside for the difference. Further copies bring spare for each
 * vCPU.
 */
typedef struct Row {
	int64_t *phi;	   /* of a kind */
	int64_t *psi;	   /* of a sort: of one share */
	int64_t *cost;	   /* of a kind's memory, rounded down */
	int64_t *psi_cost; /* of a share's */
	int64_t mu, theta, spare;
	double price;	  /* of a byte */
	int64_t *fine;	  /* class × cores → most in a room */
	int64_t *wide[2]; /* most at level 1 in such a group; and with shares, too */
	int64_t *node[2]; /* cores × units of memory → most in a node, its rooms' walls taken down;
			     and with shares, too; NULL where memory has a price or no limit */
	int64_t *tail; /* (class × list) × cores → fine, by the kinds from there on; or NULL */
} Row;

/* Weights are whole numbers: so many are one. */
#define ROW_SCALE (1 << 20)
#define ROWS_MOST 28

/*
 * The knapsack of cores and memory. Where memory runs short, its price does not know that it comes
 * in pieces: five VMs of 64G need 320G, and what is left of 376G is of no use to a sixth.
 */
typedef struct MemorySack {
	uint64_t unit; /* bytes */
	unsigned units, cores;
	size_t cells;
} MemorySack;
/* What goes in: a VM, or a share of one, in the class where it needs fewest cores. */
typedef struct MemoryItem {
	unsigned kind, sort, cores; /* sort: SEARCH_NEVER = all of it */
	uint64_t units;
	bool spread;
	int64_t weight;
} MemoryItem;

typedef struct Rows {
	const Model *model;
	bool merged;		/* level 1 counts as level 0: all groups are one room */
	unsigned *list, n_list; /* the kinds that may sit at level 0, largest first */
	Sort *sorts;
	unsigned n_sorts;
	unsigned most; /* cores of the largest group */
	MemorySack *memory;
	unsigned n;
	Row row[ROWS_MOST];
} Rows;

Rows *rows_new(const Model *model, bool merged);
void rows_free(Rows *rows);
/* What a row is made of. */
typedef struct Weights {
	int64_t *phi; /* of a kind */
	int64_t mu, theta, spare;
	double price;
	bool tail, node; /* shall it have these tables? */
} Weights;
void rows_add(Rows *rows, const Weights *weights);
/* Forget all rows but the first N. */
void rows_drop(Rows *rows, unsigned n);
/* NULL where memory cannot run short. */
MemorySack *memory_sack_new(const Rows *rows);
/* All that may fill a node, weights 0; SHARES: of wider VMs as well. Of MemoryItem. */
GArray *memory_items(const Rows *rows, const MemorySack *sack, bool shares);
/* TABLE, of sack->cells, → most for so many cores and units. */
void memory_fill(const MemorySack *sack, const GArray *items, int64_t *table);
/* Where in the table a node with so much free is. */
size_t memory_cell(const MemorySack *sack, unsigned cores, uint64_t memory);
/* Is the group's room its only one, so that level 1 and 0 are the same? */
bool rows_is_whole(const Rows *rows, unsigned group);

/*
 * What a group carries by each row. Its rooms' cores may go to coarser VMs: rooms from the I-th on
 * that give up D cores carry suffix[I][D] at most.
 */
typedef struct GroupFill {
	unsigned n_rooms, n_rows;
	size_t stride;
	unsigned *cap;		    /* each room's cores, then the group's */
	int64_t *suffix[ROWS_MOST]; /* (room, one more than there are) × stride */
	int64_t best[ROWS_MOST][2]; /* with coarser VMs; and with shares, too */
} GroupFill;

/* Made anew as far as CAP, the N_ROOMS rooms' free cores and the group's, or the rows differ.
 * Returns how much work that was. */
uint64_t group_fill_update(GroupFill *fill, const Rows *rows, unsigned class, const unsigned *cap,
			   unsigned n_rooms);
void group_fill_drop(GroupFill *fill, unsigned n_rows);
void group_fill_clear(GroupFill *fill);

/* Add the rows that are best for the whole of TASK, or come near it with so much work at MOST.
 * Returns how much work it was. */
struct SearchTask;
uint64_t rows_optimize(Rows *rows, const struct SearchTask *task, uint64_t most);

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
typedef struct SearchTask {
	const Packing *base;   /* … what this one leaves free … */
	const unsigned *count; /* … by at most so many VMs of each kind … */
	uint64_t value;	       /* … worth at least this … */
	unsigned far, spread;  /* … at most so many of them so; SEARCH_NEVER = any number … */
	bool copies;	       /* … with further copies … */
	uint64_t spare;	       /* … of at least so many vCPUs? */
	bool merged;	       /* level 1 is as good as level 0 */
	/* One VM is partly placed: of the way of this first sort it misses so many shares of
	 * each, in nodes from that one on. */
	const Sort *half;
	unsigned half_missing[SEARCH_SLICES], half_from;
	/* Group × sort: shares that are assigned already, in the base; NULL = none. */
	const unsigned *shares;
} SearchTask;

typedef enum SearchOutcome {
	SEARCH_OUTCOME_NONE,
	SEARCH_OUTCOME_FOUND,
	SEARCH_OUTCOME_UNKNOWN
} SearchOutcome;

/*
 * What the linear program would do: groups filled so and so, some of them a fraction of a time.
 */
typedef struct Piece {
	unsigned kind, sort; /* sort: of a share of it, else SEARCH_NEVER */
	unsigned room;	     /* of the group's; SEARCH_NEVER: it sits coarser */
} Piece;
typedef struct Pattern {
	unsigned column, type; /* for groups of that type */
	unsigned first, n;     /* its pieces */
	double times;
} Pattern;
typedef struct Draft {
	GArray *patterns, *pieces;
	unsigned *type_of;   /* group → type */
	double value, spare; /* of all */
	/* Given: groups to leave alone, and VMs to be placed beside those of the task, by half. */
	bool *closed;
	double *pending;
} Draft;
Draft *draft_new(const Model *model);
void draft_free(Draft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)
/* For TASK, with so much work at MOST; returns how much it was. */
uint64_t draft_make(Draft *draft, const Rows *rows, const SearchTask *task, uint64_t most);

typedef struct Finder Finder;
/* STEPS, the budget left, is counted down. */
Finder *finder_new(const Model *model, uint64_t *steps);
void finder_free(Finder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Finder, finder_free)
/* With SEARCH_OUTCOME_FOUND *FOUND, yours, has the VMs and copies, without those of the base.
 * UNKNOWN: LIMIT steps, or the budget, are used up. */
SearchOutcome finder_run(Finder *finder, const SearchTask *task, uint64_t limit, Packing **found);
/* Exhaustive, with rows made for this task where it takes long. */
SearchOutcome finder_prove(Finder *finder, const SearchTask *task, uint64_t limit, Packing **found);
/* Exhaustive; where that takes long, first along the linear program (search_dive.c). */
SearchOutcome finder_find(Finder *finder, const SearchTask *task, uint64_t limit, Packing **found);
const Rows *finder_rows(Finder *finder, bool merged);
/* Take STEPS off the budget, to 0 at the least. */
void finder_charge(Finder *finder, uint64_t steps);
/* The work on linear programs that the budget has left, and WORK taken off it. */
uint64_t finder_work_left(const Finder *finder);
void finder_charge_work(Finder *finder, uint64_t work);
/* The nodes that hold what the partly placed VM of the last task missed, by sort; it was found. */
const uint64_t *finder_half(const Finder *finder);
/* The bounds' best rows for such tasks, once; they hold for all others as well. */
void finder_optimize(Finder *finder, const SearchTask *task);

/* The most value, or spare, from FLOOR to CEILING that TASK could ask for and not be hopeless. */
uint64_t finder_value_bound(Finder *finder, SearchTask task, uint64_t floor, uint64_t ceiling);
uint64_t finder_spare_bound(Finder *finder, SearchTask task, uint64_t floor, uint64_t ceiling);

struct Answer;
/* Can VMs that are in the running come to sit over several nodes, and does it matter which? */
bool near_matters(const struct Answer *answer);
/* Least that goal (4) could be. */
uint64_t near_bound(struct Answer *answer);
/* Asks about VMs within nodes: finder_find() or finder_prove(). */
typedef SearchOutcome (*NearAsk)(Finder *finder, const SearchTask *task, uint64_t limit,
				 Packing **found);
/*
 * As ASK, of a packing whose VMs over several nodes are NEAR at most. TAKEN: nodes that the partly
 * placed VM has, which counts as well; its others are put into HALF_NODES, by sort.
 */
SearchOutcome near_find(struct Answer *answer, const SearchTask *task, uint64_t near,
			uint64_t taken, NearAsk ask, uint64_t limit, Packing **found,
			uint64_t half_nodes[SEARCH_SLICES]);

/* The best packing so far, and what is proved about it. */
typedef struct Answer {
	const Model *model;
	Finder *finder;
	uint64_t steps;	  /* of the budget, still to be taken */
	unsigned *count;  /* kind → VMs in the running: under PREFER_ORDER those accepted */
	Packing *packing; /* of VMs and, once spare is sought, copies */
	uint64_t value, bound, spare;
	uint64_t near;
	unsigned far, spread;
	uint64_t *shortest; /* kind → least distance of a VM that cannot be within a node */
	bool nearest;	    /* goal (4) is met: no packing is taken that is further */
	bool any_spread;    /* more may be far or spread where that brings spare */
	bool proved;	    /* all goals so far */
	unsigned n_proved;
} Answer;
/* STEPS is the budget. The finder keeps the address of answer->steps, so ANSWER must not move. */
void answer_init(Answer *answer, const Model *model, uint64_t steps);
void answer_clear(Answer *answer);
/* The steps that PROBLEM, and the budget it shares, allow one question; and USED taken off what is
 * shared, beside what a question costs before its first step. */
uint64_t search_budget(const SearchProblem *problem);
void search_charge(const SearchProblem *problem, uint64_t used);
/* One more goal is done: it counts as proved if all so far are. */
void answer_count(Answer *answer);

/* A packing's worth to the goals, were it the answer's. */
typedef struct Worth {
	uint64_t value, near, spare;
	unsigned far, spread;
} Worth;
Worth answer_worth(const Answer *answer, const Packing *packing);
/* PACKING becomes the answer's, with what it is worth; the packing before it is freed. */
void answer_take(Answer *answer, Packing *packing);

/* By how much the packing shall get better, at least. */
typedef struct Aim {
	uint64_t value, spare;
	unsigned far, spread;
	bool copies, merged;
} Aim;
/* Improve the packing by AIM, part by part. False: the budget is down to FLOOR and it is not. */
bool answer_improve(Answer *answer, const Aim *aim, uint64_t floor);

/* Goals (1) to (5): value, far, spread, near, spare. */
void answer_seek(Answer *answer);
/* Can all VMs that answer->count asks for be placed together? */
SearchOutcome answer_fits(Answer *answer);
/* Goal (5) alone: copies into the packing, which keeps its value. */
void answer_spare(Answer *answer);
/* Goal (6): an assignment (GArray of SearchShare, or NULL) for each VM. */
GPtrArray *answer_lowest(Answer *answer);

/* Assignments, to be filled with one GArray of SearchShare, or NULL, for each VM. */
GPtrArray *assignments_new(void);
/* Lower rooms, in each more cores, then more vCPUs, come first; of two where one goes on, the
 * shorter. */
int assignment_compare(const GArray *a, const GArray *b);

/* search_plain.c, search_apart.c: search_solve() where no VMs are to be apart, and where some are.
 */
SearchResult *solve_plain(const SearchProblem *problem);
SearchResult *solve_apart(const SearchProblem *problem);
/* ASSIGNMENTS, which become its own, as an answer to PROBLEM of which nothing is proved; its
 * bound is not set. Yours. */
SearchResult *result_of(const SearchProblem *problem, GPtrArray *assignments);
/* VM × room: with VMs apart as in RESULT, of PROBLEM, each may have the rooms of its own places; so
 * they are apart wherever in these they go. Yours. */
bool *apart_settle(const SearchProblem *problem, const SearchResult *result);

/* search_after.c: is ASSIGNMENT in PLACE? Coarser than in one room, it is wherever its nodes' rooms
 * are. */
bool after_in(const SearchProblem *problem, const SearchApart *apart, const GArray *assignment,
	      unsigned place);
/*
 * Assign the VMs that have NULL in ASSIGNMENTS one after the other, each where it
 * fits beside those that have one and is apart from them; the smallest first, or (SIGN -1) the
 * largest, or (0) as PROBLEM has them. Takes of *STEPS. Returns how many got one.
 */
unsigned after_assign(const SearchProblem *problem, GPtrArray *assignments, int sign,
		      uint64_t *steps);

/* The result, yours, for a problem of one VM; NULL if it needs the general search. */
SearchResult *solve_one(const SearchProblem *problem);

#endif
