/* SPDX-License-Identifier: MIT */
/* The largest VM that fits beside all others: in one L3, in one node, over nodes. */
#include "planner/fit/fit_node.h"

/* Each question is small and there are many: past a tenth of plan's steps it is left open. */
static uint64_t question_budget(const Problem *problem)
{
	return MAX((problem->budget ? problem->budget : SEARCH_BUDGET) / 10, 1);
}

static VmSpec fit_largest_size_of(const Fit *fit, unsigned vcpus)
{
	return (VmSpec){.vcpus = vcpus,
			.memory = vcpus * fit->per_vcpu,
			.page = fit->page,
			VM_SPEC_ANYWHERE};
}

/* Do all VMs fit beside one of VCPUS in ROOM? *OPEN: it is not known. */
static bool fits_in_room(const Fit *fit, unsigned room, unsigned vcpus, bool *open)
{
	g_autoptr(Problem) problem = problem_copy(fit->base->problem);
	SearchRoom *entry = &g_array_index(problem->rooms, SearchRoom, room);
	VmSpec spec = fit_largest_size_of(fit, vcpus);
	uint64_t *memory = &problem->memory[entry->node];
	bool proved, fits;

	problem->budget = question_budget(problem);
	entry->cores -= search_cores(vcpus, entry->threads, false);
	if (place_memory(&spec) > *memory)
		return false;
	place_memory_take(memory, place_memory(&spec));
	fits = problem_all_fit(problem, &proved);
	*open |= !proved;
	return fits;
}

/* The most vCPUs that one VM can have in ROOM, LEAST at least: fewer are never harder. Memory may
 * run out in the middle of a core. */
static unsigned most_of_room(const Fit *fit, unsigned room, unsigned least, bool *open)
{
	const SearchRoom *entry = &g_array_index(fit->base->problem->rooms, SearchRoom, room);
	unsigned low = least, high = entry->cores * entry->threads;

	while (low < high) {
		unsigned middle = low + (high - low + 1) / 2;

		if (fits_in_room(fit, room, middle, open))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Where it is free today */

static const SearchRoom *fit_largest_room_at(const Fit *fit, unsigned room)
{
	return &g_array_index(fit->base->problem->rooms, SearchRoom, room);
}

/* Free cores like those of ROOM: in it, or in its whole node. */
static unsigned free_like(const Fit *fit, unsigned room, bool of_node)
{
	const Rooms *layout = fit->base->problem->layout;
	const RoomCell *cell = &layout->cell[layout->room[room].cell];
	unsigned cores = 0;

	if (!of_node)
		return g_array_index(fit->rooms, FitRoom, room).free;
	for (unsigned i = 0; i < cell->n_rooms; i++)
		cores += g_array_index(fit->rooms, FitRoom, cell->rooms[i]).free;
	return cores;
}

/* The first room that today's plan leaves free for a VM of VCPUS, or whose node it does; HOST_NONE
 * where others would have to make way. */
static unsigned room_today(const Fit *fit, unsigned vcpus, bool of_node)
{
	VmSpec spec = fit_largest_size_of(fit, vcpus);

	for (unsigned r = 0; r < fit->rooms->len; r++) {
		const SearchRoom *room = fit_largest_room_at(fit, r);

		if (vcpus && free_like(fit, r, of_node) * room->threads >= vcpus &&
		    fit->memory[room->node] >= place_memory(&spec))
			return r;
	}
	return HOST_NONE;
}

/* In one room, in one node, over nodes */

static FitLargest largest_in_room(const Fit *fit)
{
	const Problem *problem = fit->base->problem;
	FitLargest best = {.node = HOST_NONE, .l3 = HOST_NONE, .nodes = 1};
	bool open = false;
	unsigned today;

	for (unsigned r = 0; r < problem->rooms->len; r++) {
		unsigned most = most_of_room(fit, r, best.vcpus, &open);

		if (most <= best.vcpus)
			continue;
		best.vcpus = most;
		best.node = fit_largest_room_at(fit, r)->node;
		best.l3 = problem->layout->room[r].first->l3;
	}
	today = room_today(fit, best.vcpus, false);
	if (today != HOST_NONE) {
		best.node = fit_largest_room_at(fit, today)->node;
		best.l3 = problem->layout->room[today].first->l3;
	}
	best.proved = !open;
	return best;
}

static bool fit_largest_fits(const Fit *fit, const VmSpec *spec, bool *open)
{
	g_autoptr(Problem) problem = NULL;
	bool proved, yes;

	if (problem_natural_level(fit->base->problem, spec) == HOST_NONE)
		return false;
	problem = problem_copy(fit->base->problem);
	problem->budget = question_budget(problem);
	problem_add_vm(problem, spec);
	yes = problem_all_fit(problem, &proved);
	*open |= !proved;
	return yes;
}

static unsigned fit_largest_threads_of(const Problem *problem, unsigned node)
{
	unsigned threads = 0;

	for (unsigned r = 0; r < problem->rooms->len; r++) {
		const SearchRoom *room = &g_array_index(problem->rooms, SearchRoom, r);

		if (node == HOST_NONE || room->node == node)
			threads += room->cores * room->threads;
	}
	return threads;
}

static unsigned largest_on(const Fit *fit, unsigned node, unsigned least, bool *open)
{
	unsigned low = least, high = fit_largest_threads_of(fit->base->problem, node);

	while (low < high) {
		unsigned middle = low + (high - low + 1) / 2;
		VmSpec spec = fit_largest_size_of(fit, middle);

		spec.node = (int)host_node(fit->base->problem->host, node)->id;
		if (fit_largest_fits(fit, &spec, open))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static FitLargest largest_in_node(const Fit *fit, const FitLargest *in_room)
{
	FitLargest best = *in_room;
	bool open = false;
	unsigned today;

	for (unsigned n = 0; n < fit->base->problem->host->nodes->len; n++) {
		unsigned most = largest_on(fit, n, best.vcpus, &open);

		if (most > best.vcpus)
			best = (FitLargest){most, n, HOST_NONE, 1, false};
	}
	today = room_today(fit, best.vcpus, true);
	if (best.vcpus > in_room->vcpus && today != HOST_NONE)
		best.node = fit_largest_room_at(fit, today)->node;
	best.proved = !open;
	return best;
}

/* The fewest nodes that hold it, in shares. */
static unsigned nodes_for(const Fit *fit, const VmSpec *spec)
{
	g_autoptr(Problem) problem = problem_copy(fit->base->problem);
	g_autoptr(SearchResult) result = NULL;
	unsigned nodes = 1;
	const GArray *assignment;

	problem_add_vm(problem, spec);
	result = problem_solve(problem);
	assignment = g_ptr_array_index(result->assignments, problem->specs->len - 1);
	if (!assignment)
		return MAX(problem_natural_level(problem, spec), 1);
	for (unsigned i = 1; i < assignment->len; i++) {
		const SearchShare *share = &g_array_index(assignment, SearchShare, i);

		nodes += g_array_index(problem->rooms, SearchRoom, share[0].room).node !=
			 g_array_index(problem->rooms, SearchRoom, share[-1].room).node;
	}
	return nodes;
}

/* Shares are alike, so a smaller VM may be harder to assign: from the largest down. */
static FitLargest largest_over_nodes(const Fit *fit, const FitLargest *in_node)
{
	FitLargest best = *in_node;
	bool open = false;

	for (unsigned v = fit_largest_threads_of(fit->base->problem, HOST_NONE); v > in_node->vcpus;
	     v--) {
		VmSpec spec = fit_largest_size_of(fit, v);

		if (!fit_largest_fits(fit, &spec, &open))
			continue;
		best = (FitLargest){v, HOST_NONE, HOST_NONE, nodes_for(fit, &spec), false};
		break;
	}
	best.proved = !open && in_node->proved;
	return best;
}

void fit_find_largest(Fit *fit)
{
	fit_budget_next(fit, FIT_LEVELS);
	fit->largest[FIT_L3] = largest_in_room(fit);
	fit_budget_next(fit, FIT_LEVELS - FIT_NODE);
	fit->largest[FIT_NODE] = largest_in_node(fit, &fit->largest[FIT_L3]);
	fit_budget_next(fit, FIT_LEVELS - FIT_NODES);
	fit->largest[FIT_NODES] = largest_over_nodes(fit, &fit->largest[FIT_NODE]);
}
