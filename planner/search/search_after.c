/* SPDX-License-Identifier: MIT */
/*
 * VMs one after the other, beside those that have a place and apart from them: no answer is sought
 * for all at once, so this is quick, and what fits beside the others is never refused.
 */
#include "planner/search/search_internal.h"

#include <string.h>

typedef struct After {
	const SearchProblem *problem;
	GPtrArray *assignments; /* by VM; borrowed */
	SearchRoom *rooms;	/* what is left of them */
	uint64_t *memory;
	bool *allowed; /* VM × room: is it apart there from those that have a place? */
} After;

bool after_in(const SearchProblem *problem, const SearchApart *apart, const GArray *assignment,
	      unsigned place)
{
	for (unsigned i = 0; i < assignment->len; i++) {
		unsigned room = g_array_index(assignment, SearchShare, i).room;
		const SearchRoom *at = &problem->rooms[room];

		if (apart->place[room] == place)
			return true;
		for (unsigned r = 0; assignment->len > 1 && r < problem->n_rooms; r++)
			if (problem->rooms[r].node == at->node &&
			    problem->rooms[r].class == at->class && apart->place[r] == place)
				return true;
	}
	return false;
}

static bool *after_allowed(const After *after, unsigned vm)
{
	return after->allowed + (size_t)vm * after->problem->n_rooms;
}

/* VM leaves the places where it is to those that need not be apart from it. */
static void after_bar(After *after, unsigned vm)
{
	const SearchProblem *problem = after->problem;
	const GArray *assignment = g_ptr_array_index(after->assignments, vm);

	for (unsigned i = 0; i < problem->n_apart; i++) {
		const SearchApart *apart = &problem->apart[i];
		bool *allowed = after_allowed(after, apart->a == vm ? apart->b : apart->a);

		if (apart->a != vm && apart->b != vm)
			continue;
		for (unsigned r = 0; r < problem->n_rooms; r++)
			allowed[r] = allowed[r] &&
				     !after_in(problem, apart, assignment, apart->place[r]);
	}
}

/* The vCPUs that the assignment has on the node of share FIRST, where that is the node's first. */
static unsigned after_vcpus(const SearchProblem *problem, const GArray *assignment, unsigned first)
{
	const SearchShare *shares = (const SearchShare *)assignment->data;
	unsigned node = problem->rooms[shares[first].room].node, vcpus = 0;

	for (unsigned i = 0; i < assignment->len; i++) {
		if (problem->rooms[shares[i].room].node != node)
			continue;
		if (i < first)
			return 0;
		vcpus += shares[i].vcpus;
	}
	return vcpus;
}

/* VM, which has an assignment, takes its cores and memory. */
static void after_take(After *after, unsigned vm)
{
	const SearchProblem *problem = after->problem;
	const GArray *assignment = g_ptr_array_index(after->assignments, vm);

	for (unsigned i = 0; i < assignment->len; i++) {
		const SearchShare *share = &g_array_index(assignment, SearchShare, i);
		unsigned vcpus = after_vcpus(problem, assignment, i);
		uint64_t *memory = &after->memory[problem->rooms[share->room].node];

		after->rooms[share->room].cores -= share->cores;
		if (vcpus && *memory != UINT64_MAX)
			*memory -= search_share_memory(&problem->vms[vm], vcpus);
	}
	after_bar(after, vm);
}

/* Assign VM in what is left; false: it fits nowhere. */
static bool after_assign_vm(After *after, unsigned vm, uint64_t *steps)
{
	SearchVm alone = after->problem->vms[vm];
	SearchProblem problem = *after->problem;
	g_autoptr(SearchResult) result = NULL;

	alone.apart = memchr(after_allowed(after, vm), 0, problem.n_rooms)
			      ? after_allowed(after, vm)
			      : NULL;
	problem.rooms = after->rooms;
	problem.memory = after->memory;
	problem.vms = &alone;
	problem.n_vms = 1;
	problem.n_apart = 0;
	problem.budget = MAX(*steps, 1);
	result = solve_plain(&problem);
	*steps -= MIN(*steps, result->steps);
	if (!result->placed)
		return false;
	after->assignments->pdata[vm] = g_array_ref(g_ptr_array_index(result->assignments, 0));
	after_take(after, vm);
	return true;
}

typedef struct AfterOrder {
	const SearchProblem *problem;
	int sign; /* 1: the smallest first, -1: the largest, 0: as the problem has them */
} AfterOrder;

static int after_compare(const void *pa, const void *pb, void *data)
{
	unsigned a = *(const unsigned *)pa, b = *(const unsigned *)pb;
	const AfterOrder *order = data;
	unsigned x = order->problem->vms[a].vcpus, y = order->problem->vms[b].vcpus;

	if (order->sign && x != y)
		return x < y ? -order->sign : order->sign;
	return a < b ? -1 : a > b;
}

unsigned after_assign(const SearchProblem *problem, GPtrArray *assignments, int sign,
		      uint64_t *steps)
{
	size_t cells = (size_t)problem->n_vms * problem->n_rooms;
	g_autofree SearchRoom *rooms = g_memdup2(problem->rooms, problem->n_rooms * sizeof *rooms);
	g_autofree uint64_t *memory = g_memdup2(problem->memory, problem->n_nodes * sizeof *memory);
	g_autofree bool *allowed = g_new(bool, cells + 1);
	g_autofree unsigned *vms = g_new(unsigned, problem->n_vms + 1);
	After after = {problem, assignments, rooms, memory, allowed};
	AfterOrder order = {problem, sign};
	unsigned assigned = 0;

	memset(allowed, true, cells * sizeof *allowed);
	for (unsigned i = 0; i < problem->n_vms; i++) {
		vms[i] = i;
		if (g_ptr_array_index(assignments, i))
			after_take(&after, i);
	}
	g_sort_array(vms, problem->n_vms, sizeof *vms, after_compare, &order);
	for (unsigned i = 0; i < problem->n_vms; i++)
		assigned += !g_ptr_array_index(assignments, vms[i]) &&
			    after_assign_vm(&after, vms[i], steps);
	return assigned;
}
