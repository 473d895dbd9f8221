/* SPDX-License-Identifier: MIT */
/*
 * One VM alone, what an online decision asks. It sits at its natural level, always. And wherever it
 * sits at that level it takes the place of just one of the copies that would fit without it: a room
 * of c cores holds ⌊c/need⌋ of them, with it ⌊(c - need)/need⌋ more, and so for groups and memory.
 * So all places are as good, and the lowest is the answer. But over several nodes the nearest come
 * first, where some are nearer than others: that is left to the general search.
 */
#include "planner/search/search_internal.h"

typedef struct One {
	const SearchProblem *problem;
	const SearchVm *vm;
	unsigned level;
	uint64_t memory; /* of the whole VM */
} One;

static unsigned one_need_of(const One *one, const SearchRoom *room)
{
	return search_vm_cores(one->vm, room->threads);
}

/* Cores of the class of LIKE in NODE; 0 if there is not that much memory. */
static unsigned class_cores(const One *one, unsigned node, const SearchRoom *like, uint64_t memory)
{
	const SearchProblem *problem = one->problem;
	unsigned cores = 0;

	if (memory > problem->memory[node])
		return 0;
	for (unsigned r = 0; r < problem->n_rooms; r++)
		if (problem->rooms[r].node == node && problem->rooms[r].class == like->class)
			cores += problem->rooms[r].cores;
	return cores;
}

static bool is_first_of_class(const SearchProblem *problem, unsigned room)
{
	for (unsigned r = 0; r < room; r++)
		if (problem->rooms[r].class == problem->rooms[room].class)
			return false;
	return true;
}

/* What fits a node without the VM, by cores. */
static uint64_t copies_by_cores(const One *one, unsigned node)
{
	const SearchProblem *problem = one->problem;
	uint64_t copies = 0;

	for (unsigned r = 0; r < problem->n_rooms; r++) {
		const SearchRoom *room = &problem->rooms[r];

		if (one->level == 0 && room->node == node)
			copies += room->cores / one_need_of(one, room);
		else if (one->level == 1 && is_first_of_class(problem, r))
			copies +=
				class_cores(one, node, room, one->memory) / one_need_of(one, room);
	}
	return copies;
}

static uint64_t spare_of(const One *one)
{
	const SearchProblem *problem = one->problem;
	uint64_t copies = 0;

	if (one->level > 1)
		return 0;
	for (unsigned n = 0; n < problem->n_nodes; n++) {
		uint64_t fit = copies_by_cores(one, n);

		if (one->memory > 0 && problem->memory[n] != UINT64_MAX)
			fit = MIN(fit, problem->memory[n] / one->memory);
		copies += fit;
	}
	return (copies - 1) * one->vm->vcpus;
}

static void add_share(GArray *assignment, unsigned room, unsigned cores, unsigned vcpus)
{
	SearchShare share = {room, cores, vcpus};

	g_array_append_val(assignment, share);
}

/* A share in NODE: the lowest rooms first, as much as they have. */
static void one_assignment_in_node(const One *one, GArray *assignment, unsigned node,
				   const SearchRoom *like, const SearchSlice *slice)
{
	const SearchProblem *problem = one->problem;
	unsigned need = slice->cores, vcpus = slice->vcpus;
	unsigned per_core = one->vm->isolate ? 1 : like->threads;

	for (unsigned r = 0; r < problem->n_rooms && need > 0; r++) {
		const SearchRoom *room = &problem->rooms[r];
		unsigned cores = MIN(need, room->cores), here = MIN(vcpus, cores * per_core);

		if (room->node != node || room->class != like->class || cores == 0)
			continue;
		add_share(assignment, r, cores, here);
		need -= cores;
		vcpus -= here;
	}
}

/* May the VM have all the rooms of the class of LIKE in NODE? */
static bool one_allowed(const One *one, unsigned node, const SearchRoom *like)
{
	const SearchProblem *problem = one->problem;

	for (unsigned r = 0; r < problem->n_rooms; r++)
		if (problem->rooms[r].node == node && problem->rooms[r].class == like->class &&
		    !vm_allowed(problem, one->vm, r))
			return false;
	return true;
}

/* At level 1 or wider in the class of LIKE; NULL: not there. */
static GArray *assignment_in_class(const One *one, const SearchRoom *like)
{
	g_autoptr(GArray) assignment = g_array_new(FALSE, FALSE, sizeof(SearchShare));
	SearchSlice slices[SEARCH_SLICES];
	unsigned missing = MAX(one->level, 1);
	unsigned sorts = search_slices(one->vm, like->threads, missing, slices);

	for (unsigned n = 0; n < one->problem->n_nodes && missing > 0; n++)
		for (unsigned i = 0; i < sorts; i++) {
			if (slices[i].n == 0 || !one_allowed(one, n, like) ||
			    class_cores(one, n, like, slices[i].memory) < slices[i].cores)
				continue;
			one_assignment_in_node(one, assignment, n, like, &slices[i]);
			slices[i].n--;
			missing--;
			break;
		}
	return missing == 0 ? g_steal_pointer(&assignment) : NULL;
}

static GArray *one_assignment_in_room(const One *one)
{
	const SearchProblem *problem = one->problem;

	for (unsigned r = 0; r < problem->n_rooms; r++) {
		const SearchRoom *room = &problem->rooms[r];
		unsigned need = one_need_of(one, room);
		GArray *assignment;

		if (!vm_allowed(problem, one->vm, r) || need > room->cores ||
		    one->memory > problem->memory[room->node])
			continue;
		assignment = g_array_new(FALSE, FALSE, sizeof(SearchShare));
		add_share(assignment, r, need, one->vm->vcpus);
		return assignment;
	}
	return NULL;
}

static GArray *lowest_assignment(const One *one)
{
	GArray *best = NULL;

	if (one->level == 0)
		return one_assignment_in_room(one);
	for (unsigned r = 0; r < one->problem->n_rooms; r++) {
		GArray *assignment;

		if (!is_first_of_class(one->problem, r))
			continue;
		assignment = assignment_in_class(one, &one->problem->rooms[r]);
		if (!assignment || (best && assignment_compare(best, assignment) <= 0)) {
			g_clear_pointer(&assignment, g_array_unref);
			continue;
		}
		g_clear_pointer(&best, g_array_unref);
		best = assignment;
	}
	return best;
}

SearchResult *solve_one(const SearchProblem *problem)
{
	const SearchVm *vm = problem->vms;
	SearchVm anywhere = *vm;
	One one = {problem, vm, natural_level(problem, vm), 0};
	SearchResult *result;

	anywhere.node = G_MAXUINT;
	anywhere.rooms = NULL;
	/* Copies may sit finer than the VM, where that must be in one node. */
	if (one.level == SEARCH_NEVER || vm->apart || (one.level > 1 && problem->distance) ||
	    (!vm_anywhere(vm) && natural_level(problem, &anywhere) != one.level))
		return NULL;
	one.memory = search_share_memory(vm, vm->vcpus);
	result = g_new0(SearchResult, 1);
	result->assignments = assignments_new();
	g_ptr_array_add(result->assignments, lowest_assignment(&one));
	result->placed = search_vm_worth(problem, vm);
	result->bound = result->placed;
	result->spare = spare_of(&one);
	result->proved = SEARCH_GOALS;
	result->optimal = true;
	return result;
}
