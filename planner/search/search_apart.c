/* SPDX-License-Identifier: MIT */
/*
 * VMs that must be apart, by branching. Without that rule a problem is the general search's, and
 * its answer, where no two VMs break the rule, is the best with it too. Where VMs A and B are both
 * in place P, one of them is not there in the answer sought: so that problem becomes two, one in
 * which A may not have P, one in which B may not. Of the problems at hand the one with the best
 * answer goes first. An answer is never better than that of the problem it came from, so the first
 * that keeps the rule is the best of all, in every goal.
 *
 * Where that takes too many problems, once more: of two VMs that are alike in all the problem says,
 * either can be the one that may not have P, with the same worth to the goals but the last. So one
 * of the two problems does, and the last goal is not proved.
 *
 * Where that takes too many as well, VMs get their places one after the other, and all others the
 * best beside them. What is open then still says how good an answer can be at most.
 */
#include "planner/search/search_internal.h"

#include <string.h>

#define BRANCHES_EXACT 64 /* problems solved before VMs alike are exchanged */
#define BRANCHES_MOST 400 /* and with that; then a good answer has to do */
#define PART_GOOD 8	  /* of the budget, what is kept for that */
#define TWINS_MOST 512	  /* VMs that are compared with each other */

typedef struct Branch {
	bool *allowed; /* VM × room */
	SearchResult *result;
} Branch;

typedef struct Apart {
	const SearchProblem *problem;
	GPtrArray *open; /* of Branch */
	uint64_t left;	 /* of the budget */
	unsigned solved, proved;
	bool mirrored;	     /* are VMs that are alike exchanged? */
	const unsigned **by; /* VM × VM: what they are apart by; NULL where there are too many */
} Apart;

/* Branches */

static Branch *branch_new(const Apart *a, const bool *allowed)
{
	size_t cells = (size_t)a->problem->n_vms * a->problem->n_rooms;
	Branch *branch = g_new0(Branch, 1);

	branch->allowed = g_new(bool, cells + 1);
	if (allowed)
		memcpy(branch->allowed, allowed, cells * sizeof *allowed);
	else
		memset(branch->allowed, true, cells * sizeof *allowed);
	return branch;
}

static void branch_free(gpointer data)
{
	Branch *branch = data;

	g_clear_pointer(&branch->result, search_result_free);
	g_free(branch->allowed);
	g_free(branch);
}

static bool *branch_allowed(const Apart *a, const Branch *branch, unsigned vm)
{
	return branch->allowed + (size_t)vm * a->problem->n_rooms;
}

/* VM may not have PLACE, of APART. */
static void branch_bar(const Apart *a, Branch *branch, unsigned vm, const SearchApart *apart,
		       unsigned place)
{
	bool *allowed = branch_allowed(a, branch, vm);

	for (unsigned r = 0; r < a->problem->n_rooms; r++)
		allowed[r] = allowed[r] && apart->place[r] != place;
}

static void branch_solve(Apart *a, Branch *branch)
{
	SearchProblem problem = *a->problem;
	g_autofree SearchVm *vms = g_memdup2(problem.vms, problem.n_vms * sizeof *vms);

	for (unsigned i = 0; i < problem.n_vms; i++) {
		const bool *allowed = branch_allowed(a, branch, i);

		if (memchr(allowed, 0, problem.n_rooms))
			vms[i].apart = allowed;
	}
	problem.vms = vms;
	problem.n_apart = 0;
	problem.budget = MAX(a->left, 1);
	branch->result = solve_plain(&problem);
	/* A shared budget pays for more than steps. */
	a->left = MIN(a->left - MIN(a->left, branch->result->steps), search_budget(a->problem));
	a->proved = MIN(a->proved, branch->result->proved);
	a->solved++;
}

/* Answers: the better comes first */

static int apart_compare_placed(const Apart *a, const SearchResult *x, const SearchResult *y)
{
	for (unsigned i = 0; a->problem->prefer == PREFER_ORDER && i < x->assignments->len; i++) {
		bool here = g_ptr_array_index(x->assignments, i);
		bool there = g_ptr_array_index(y->assignments, i);

		if (here != there)
			return here ? -1 : 1;
	}
	return x->placed != y->placed ? (x->placed > y->placed ? -1 : 1) : 0;
}

static int apart_compare_places(const GArray *here, const GArray *there)
{
	return here && there ? assignment_compare(here, there) : (there != NULL) - (here != NULL);
}

static int apart_compare_lowest(const SearchResult *x, const SearchResult *y)
{
	int order = 0;

	for (unsigned i = 0; i < x->assignments->len && !order; i++)
		order = apart_compare_places(g_ptr_array_index(x->assignments, i),
					     g_ptr_array_index(y->assignments, i));
	return order;
}

static int apart_compare(const Apart *a, const SearchResult *x, const SearchResult *y)
{
	int placed = apart_compare_placed(a, x, y);

	if (placed)
		return placed;
	if (x->far != y->far)
		return x->far < y->far ? -1 : 1;
	if (x->spread != y->spread)
		return x->spread < y->spread ? -1 : 1;
	if (x->near != y->near)
		return x->near < y->near ? -1 : 1;
	if (x->spare != y->spare)
		return x->spare > y->spare ? -1 : 1;
	return apart_compare_lowest(x, y);
}

/* The rule */

/* A place in which both are, G_MAXUINT = none. */
static unsigned apart_common(const SearchProblem *problem, const SearchApart *apart,
			     const SearchResult *result)
{
	const GArray *a = g_ptr_array_index(result->assignments, apart->a);
	const GArray *b = g_ptr_array_index(result->assignments, apart->b);

	for (unsigned r = 0; a && b && r < problem->n_rooms; r++)
		if (after_in(problem, apart, a, apart->place[r]) &&
		    after_in(problem, apart, b, apart->place[r]))
			return apart->place[r];
	return G_MAXUINT;
}

/* The first pair that breaks the rule, and where; NULL = none does. */
static const SearchApart *apart_broken(const Apart *a, const SearchResult *result, unsigned *place)
{
	for (unsigned i = 0; i < a->problem->n_apart; i++) {
		*place = apart_common(a->problem, &a->problem->apart[i], result);
		if (*place != G_MAXUINT)
			return &a->problem->apart[i];
	}
	return NULL;
}

/* More VMs alike than there are places */

static const unsigned **apart_matrix(const SearchProblem *problem)
{
	unsigned n = problem->n_vms;
	const unsigned **by = n <= TWINS_MOST ? g_new0(const unsigned *, n *n + 1) : NULL;

	for (unsigned i = 0; by && i < problem->n_apart; i++) {
		const SearchApart *apart = &problem->apart[i];

		by[apart->a * n + apart->b] = by[apart->b * n + apart->a] = apart->place;
	}
	return by;
}

/* Can A and B change their names? */
static bool apart_twins(const Apart *apart, unsigned a, unsigned b)
{
	const SearchProblem *problem = apart->problem;
	const SearchVm *x = &problem->vms[a], *y = &problem->vms[b];
	unsigned n = problem->n_vms;

	if (x->vcpus != y->vcpus || x->helpers != y->helpers || x->floating != y->floating ||
	    x->isolate != y->isolate || x->memory != y->memory || x->page != y->page ||
	    x->node != y->node || x->whole != y->whole ||
	    (x->rooms && y->rooms ? memcmp(x->rooms, y->rooms, problem->n_rooms * sizeof(bool))
				  : x->rooms != y->rooms))
		return false;
	for (unsigned c = 0; c < n; c++)
		if (c != a && c != b && apart->by[a * n + c] != apart->by[b * n + c])
			return false;
	return true;
}

static unsigned apart_places(const SearchProblem *problem, const unsigned *place)
{
	unsigned n = 0;

	for (unsigned r = 0; r < problem->n_rooms; r++) {
		bool seen = false;

		for (unsigned q = 0; q < r; q++)
			seen |= place[q] == place[r];
		n += !seen;
	}
	return n;
}

/* Of twins that are apart from each other no more are placed than there are places, and those are
 * the first. */
static void apart_bar_twins(const Apart *a, Branch *branch)
{
	const SearchProblem *problem = a->problem;

	for (unsigned b = 0; a->by && b < problem->n_vms; b++) {
		const unsigned *place = NULL;
		unsigned before = 0;

		for (unsigned i = 0; i < b; i++) {
			const unsigned *by = a->by[i * problem->n_vms + b];

			if (!by || (place && by != place) || !apart_twins(a, i, b))
				continue;
			place = by;
			before++;
		}
		if (place && before >= apart_places(problem, place))
			memset(branch_allowed(a, branch, b), false, problem->n_rooms);
	}
}

/* Branching */

static Branch *apart_take_best(Apart *a)
{
	unsigned best = 0;

	for (unsigned i = 1; i < a->open->len; i++) {
		const Branch *branch = g_ptr_array_index(a->open, i);
		const Branch *other = g_ptr_array_index(a->open, best);

		if (apart_compare(a, branch->result, other->result) < 0)
			best = i;
	}
	return g_ptr_array_steal_index(a->open, best);
}

static Branch *branch_without(Apart *a, const Branch *branch, unsigned vm, const SearchApart *apart,
			      unsigned place)
{
	Branch *child = branch_new(a, branch->allowed);

	branch_bar(a, child, vm, apart, place);
	branch_solve(a, child);
	return child;
}

/* Are the two VMs alike, and what they may have in BRANCH too? */
static bool apart_mirrored(const Apart *a, const Branch *branch, const SearchApart *apart)
{
	return a->mirrored && a->by &&
	       !memcmp(branch_allowed(a, branch, apart->a), branch_allowed(a, branch, apart->b),
		       a->problem->n_rooms * sizeof(bool)) &&
	       apart_twins(a, apart->a, apart->b);
}

/* BEST breaks the rule by BROKEN in PLACE: what it becomes. */
static void apart_branch(Apart *a, const Branch *best, const SearchApart *broken, unsigned place)
{
	if (apart_mirrored(a, best, broken))
		a->proved = MIN(a->proved, SEARCH_GOALS - 1);
	else
		g_ptr_array_add(a->open, branch_without(a, best, broken->a, broken, place));
	g_ptr_array_add(a->open, branch_without(a, best, broken->b, broken, place));
}

/* The best answer that keeps the rule, yours; NULL: that takes too long. */
static SearchResult *apart_seek(Apart *a)
{
	unsigned most = a->mirrored ? BRANCHES_MOST : BRANCHES_EXACT;

	while (a->solved < most && a->left > 0) {
		Branch *best = apart_take_best(a);
		unsigned place;
		const SearchApart *broken = apart_broken(a, best->result, &place);
		SearchResult *result = NULL;

		if (broken)
			apart_branch(a, best, broken, place);
		else
			result = g_steal_pointer(&best->result);
		branch_free(best);
		if (result)
			return result;
	}
	return NULL;
}

/* A good answer */

/* VMs that have an assignment and must be apart keep their places, those that have none get none:
 * the best for all. Yours. */
static SearchResult *apart_around(Apart *a, const SearchResult *result)
{
	Branch branch = {.allowed = apart_settle(a->problem, result)};

	for (unsigned i = 0; i < 2 * a->problem->n_apart; i++) {
		const SearchApart *apart = &a->problem->apart[i / 2];
		unsigned vm = i % 2 ? apart->a : apart->b;

		if (!g_ptr_array_index(result->assignments, vm))
			memset(branch_allowed(a, &branch, vm), false, a->problem->n_rooms);
	}
	branch_solve(a, &branch);
	g_free(branch.allowed);
	return branch.result;
}

/* The VMs one after the other, in the order that SIGN says. Yours. */
static SearchResult *apart_in_turn(Apart *a, int sign)
{
	GPtrArray *assignments = assignments_new();

	g_ptr_array_set_size(assignments, (int)a->problem->n_vms);
	after_assign(a->problem, assignments, sign, &a->left);
	return result_of(a->problem, assignments);
}

/* The better of two, the other one freed. */
static SearchResult *apart_better(const Apart *a, SearchResult *x, SearchResult *y)
{
	bool first = apart_compare(a, x, y) <= 0;

	search_result_free(first ? y : x);
	return first ? x : y;
}

/* One after the other, then all around the places they have, until no other VM fits beside them. */
static SearchResult *apart_good(Apart *a)
{
	bool in_order = a->problem->prefer == PREFER_ORDER;
	SearchResult *best = apart_in_turn(a, in_order ? 0 : -1);
	bool more = true;

	if (!in_order)
		best = apart_better(a, best, apart_in_turn(a, 1));
	while (more) {
		best = apart_better(a, best, apart_around(a, best));
		more = after_assign(a->problem, best->assignments, in_order ? 0 : -1, &a->left);
		if (more) {
			SearchResult *with =
				result_of(a->problem, g_ptr_array_ref(best->assignments));

			search_result_free(best);
			best = with;
		}
	}
	return best;
}

/* In so many goals, from the first, RESULT is as good as the best of what is open. */
static unsigned apart_reached(Apart *a, const SearchResult *result)
{
	Branch *best = apart_take_best(a);
	const SearchResult *other = best->result;
	bool same[SEARCH_GOALS] = {!apart_compare_placed(a, result, other),
				   result->far == other->far, result->spread == other->spread,
				   result->near == other->near, result->spare == other->spare};
	unsigned goals = 0;

	while (goals < a->proved && same[goals])
		goals++;
	g_ptr_array_add(a->open, best);
	return goals;
}

/* No answer of what is open is worth more. */
static uint64_t apart_bound(const Apart *a)
{
	uint64_t bound = 0;

	for (unsigned i = 0; i < a->open->len; i++)
		bound = MAX(bound, ((const Branch *)g_ptr_array_index(a->open, i))->result->bound);
	return bound;
}

/* Of twins the first has the lowest place. */
static void apart_sort_twins(const Apart *apart, SearchResult *result)
{
	gpointer *at = result->assignments->pdata;

	for (unsigned a = 0; apart->by && a < apart->problem->n_vms; a++)
		for (unsigned b = a + 1; b < apart->problem->n_vms; b++)
			if (apart_compare_places(at[b], at[a]) < 0 && apart_twins(apart, a, b)) {
				gpointer lower = at[b];

				at[b] = at[a];
				at[a] = lower;
			}
}

static void apart_begin(Apart *a, bool mirrored)
{
	Branch *root = branch_new(a, NULL);

	a->mirrored = mirrored;
	a->solved = 0;
	a->proved = SEARCH_GOALS;
	g_ptr_array_set_size(a->open, 0);
	apart_bar_twins(a, root);
	branch_solve(a, root);
	g_ptr_array_add(a->open, root);
}

/* The best answer, or a good one; of that a->proved says in how far it is the best. */
static SearchResult *apart_answer(Apart *a)
{
	uint64_t kept = a->left / PART_GOOD, bound;
	SearchResult *result;

	a->left -= kept;
	apart_begin(a, false);
	result = apart_seek(a);
	if (!result && a->left > 0) {
		apart_begin(a, true);
		result = apart_seek(a);
	}
	bound = result ? result->bound : apart_bound(a);
	if (!result) {
		a->left += kept;
		result = apart_good(a);
		a->proved = apart_reached(a, result);
	}
	result->bound = a->proved ? result->placed : bound;
	return result;
}

SearchResult *solve_apart(const SearchProblem *problem)
{
	uint64_t budget = search_budget(problem);
	Apart a = {.problem = problem,
		   .open = g_ptr_array_new_with_free_func(branch_free),
		   .left = budget,
		   .by = apart_matrix(problem)};
	SearchResult *result = apart_answer(&a);

	apart_sort_twins(&a, result);
	result->proved = a.proved;
	result->optimal = a.proved == SEARCH_GOALS;
	result->steps = budget - a.left;
	g_ptr_array_unref(a.open);
	g_free(a.by);
	return result;
}

/* VM may have the places of APART in which RESULT has it, and no others. */
static void apart_stay(const SearchProblem *problem, const SearchApart *apart,
		       const SearchResult *result, unsigned vm, bool *allowed)
{
	const GArray *assignment = g_ptr_array_index(result->assignments, vm);

	for (unsigned r = 0; assignment && r < problem->n_rooms; r++)
		allowed[r] = allowed[r] && after_in(problem, apart, assignment, apart->place[r]);
}

bool *apart_settle(const SearchProblem *problem, const SearchResult *result)
{
	bool *allowed = g_new(bool, (size_t)problem->n_vms * problem->n_rooms + 1);

	memset(allowed, true, (size_t)problem->n_vms * problem->n_rooms * sizeof *allowed);
	for (unsigned i = 0; i < problem->n_apart; i++) {
		const SearchApart *apart = &problem->apart[i];

		apart_stay(problem, apart, result, apart->a,
			   allowed + (size_t)apart->a * problem->n_rooms);
		apart_stay(problem, apart, result, apart->b,
			   allowed + (size_t)apart->b * problem->n_rooms);
	}
	return allowed;
}
