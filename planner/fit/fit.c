/* SPDX-License-Identifier: MIT */
#include "planner/fit/fit.h"
#include "planner/place/allowed.h"
#include "planner/place/replan.h"

#include <string.h>

/* Shared VMs: their memory is what dedicated ones leave */

static const VmSpec *shared_spec(const FitBase *base, unsigned i)
{
	return ((const PlanVm *)g_ptr_array_index(base->shared, i))->spec;
}

/* The most that SPEC takes of all nodes together, in however many shares. */
static uint64_t taken_at_most(const FitBase *base, const VmSpec *spec)
{
	return place_memory(spec) + base->problem->host->nodes->len * place_page(spec);
}

static uint64_t all_memory(const Problem *problem)
{
	return place_memory_sum(problem->memory, problem->host->nodes->len);
}

/* Shared VMs that must keep their memory: how much, and where they may ask for it. */
static void shared_wants(FitBase *base)
{
	for (unsigned i = 0; i < base->shared->len; i++) {
		const VmSpec *spec = shared_spec(base, i);

		if (!base->assigned[i] || !spec->memory)
			continue;
		base->shared_memory += place_memory(spec);
		base->shared_page = MAX(base->shared_page, place_page(spec));
		base->shared_node |= spec->node >= 0;
	}
}

/* Do SETS more surely leave the shared VMs their memory, wherever they sit? */
static bool surely_left(const FitBase *base, const FitSize *sizes, unsigned n_sizes, unsigned sets)
{
	uint64_t all = all_memory(base->problem), used = base->shared_memory;

	if (!base->shared_memory || (all == UINT64_MAX && !base->shared_node))
		return true;
	if (base->moves)
		return false;
	for (unsigned i = 0; i < base->problem->specs->len; i++)
		used += taken_at_most(base, g_ptr_array_index(base->problem->specs, i));
	for (unsigned i = 0; i < n_sizes; i++)
		used += (uint64_t)sets * sizes[i].count * taken_at_most(base, sizes[i].spec);
	/* What is left of a node may be less than a page. */
	used += base->problem->host->nodes->len * base->shared_page;
	return !base->shared_node && used <= all;
}

/* What VMs that move may take less elsewhere, in pages of more nodes or fewer. */
static uint64_t moves_slack(const FitBase *base)
{
	uint64_t slack = 0;

	for (unsigned i = 0; base->moves && i < base->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(base->plan->vms, i);

		if (vm->spec->cpus)
			slack += base->problem->host->nodes->len * place_page(vm->spec);
	}
	return slack;
}

/* Sets beyond that surely take a shared VM's memory. */
static unsigned memory_most(const FitBase *base, const FitSize *sizes, unsigned n_sizes)
{
	uint64_t all = all_memory(base->problem), used = base->shared_memory, each = 0;

	for (unsigned i = 0; i < base->problem->specs->len; i++)
		used += place_memory(g_ptr_array_index(base->problem->specs, i));
	for (unsigned i = 0; i < n_sizes; i++)
		each += sizes[i].count * place_memory(sizes[i].spec);
	if (!base->shared_memory || all == UINT64_MAX || !each)
		return FIT_MOST;
	all += moves_slack(base);
	return (unsigned)MIN(FIT_MOST, (all - MIN(all, used)) / each);
}

static void fit_take_assignment(const Problem *problem, const VmSpec *spec,
				const GArray *assignment, uint64_t *memory)
{
	unsigned vcpus = 0;

	for (unsigned i = 0; i < assignment->len; i++) {
		const SearchShare *share = &g_array_index(assignment, SearchShare, i);
		unsigned node = g_array_index(problem->rooms, SearchRoom, share->room).node;
		bool last = i + 1 == assignment->len ||
			    g_array_index(problem->rooms, SearchRoom, share[1].room).node != node;

		vcpus += share->vcpus;
		if (!last)
			continue;
		place_memory_take(&memory[node], place_share_memory(spec, vcpus));
		vcpus = 0;
	}
}

/* What the assignments of RESULT leave of each node. Yours. */
static uint64_t *beside_assignments(const Problem *problem, const SearchResult *result)
{
	uint64_t *memory = g_memdup2(problem->memory, problem->host->nodes->len * sizeof *memory);

	for (unsigned i = 0; i < problem->specs->len; i++)
		if (g_ptr_array_index(result->assignments, i))
			fit_take_assignment(problem, g_ptr_array_index(problem->specs, i),
					    g_ptr_array_index(result->assignments, i), memory);
	return memory;
}

uint64_t *fit_memory_left(const FitBase *base, const Problem *problem, const SearchResult *result)
{
	uint64_t *memory = beside_assignments(problem, result);

	for (unsigned i = 0; i < base->shared->len; i++)
		place_shared_memory(problem->host, shared_spec(base, i), memory);
	return memory;
}

/* Which shared VMs get their memory, in their order, from what RESULT leaves. Yours. */
static bool *shared_assigned(const FitBase *base, const Problem *problem,
			     const SearchResult *result)
{
	g_autofree uint64_t *memory = beside_assignments(problem, result);
	bool *assigned = g_new0(bool, base->shared->len + 1);

	for (unsigned i = 0; i < base->shared->len; i++)
		assigned[i] = place_shared_memory(problem->host, shared_spec(base, i), memory);
	return assigned;
}

/* Counting */

typedef enum Assigning {
	ASSIGNED,
	UNASSIGNED, /* plan's search found no place for all; they may fit all the same */
	ROBBED,	    /* a shared VM lost its memory, wherever the others may sit */
} Assigning;

static Assigning assigning_of(const FitBase *base, const Problem *problem)
{
	g_autoptr(SearchResult) result = problem_solve(problem);
	g_autofree bool *assigned = shared_assigned(base, problem, result);

	for (unsigned i = 0; i < problem->specs->len; i++)
		if (!g_ptr_array_index(result->assignments, i))
			return UNASSIGNED;
	for (unsigned i = 0; i < base->shared->len; i++)
		if (base->assigned[i] && !assigned[i])
			return result->optimal ? ROBBED : UNASSIGNED;
	return ASSIGNED;
}

Problem *fit_problem_with(const FitBase *base, const FitSize *sizes, unsigned n_sizes,
			  unsigned sets, GPtrArray *movers)
{
	g_autoptr(Problem) problem = problem_copy(base->problem);
	g_autoptr(GPtrArray) chosen = NULL;
	bool proved;

	for (unsigned i = 0; i < n_sizes; i++)
		for (unsigned n = 0; n < sets * sizes[i].count; n++)
			problem_add_vm(problem, sizes[i].spec);
	if (!base->moves)
		return g_steal_pointer(&problem);
	chosen = replan_choose(base->placer, problem, base->moves, &proved);
	for (unsigned i = 0; movers && i < chosen->len; i++)
		g_ptr_array_add(movers, g_ptr_array_index(chosen, i));
	return replan_problem(problem, chosen);
}

static Assigning try_sets(const FitBase *base, const FitSize *sizes, unsigned n_sizes,
			  unsigned sets)
{
	g_autoptr(Problem) problem = fit_problem_with(base, sizes, n_sizes, sets, NULL);

	return assigning_of(base, problem);
}

bool fit_placed(const FitBase *base, const FitSize *sizes, unsigned n_sizes, unsigned sets)
{
	return try_sets(base, sizes, n_sizes, sets) == ASSIGNED;
}

/* The most over all choices of VMs that may move. */
typedef struct FitChoice {
	const FitSize *sizes;
	unsigned n_sizes, most;
	SearchMost best;
	unsigned bound; /* over the choices so far; and if all VMs could move */
	unsigned ceiling;
} FitChoice;

static bool count_choice(const Problem *with, unsigned n, gpointer data)
{
	FitChoice *choice = data;
	SearchMost found = problem_most(with, choice->sizes, choice->n_sizes, choice->most);

	(void)n;
	if (found.all && (!choice->best.all || found.fit > choice->best.fit))
		choice->best = found;
	choice->bound = MAX(choice->bound, found.bound);
	return (!choice->best.all || choice->best.fit < choice->ceiling) && !problem_spent(with);
}

/* All VMs that can move do. */
static unsigned ceiling_of(const FitBase *base, const FitChoice *choice)
{
	g_autoptr(GPtrArray) movable = replan_movable_vms(base->placer);
	g_autoptr(Problem) problem = replan_problem(base->problem, movable);

	return problem_most(problem, choice->sizes, choice->n_sizes, choice->most).bound;
}

static void choose_movers(const FitBase *base, FitChoice *choice)
{
	bool all;

	choice->bound = choice->best.bound;
	choice->ceiling = ceiling_of(base, choice);
	if (choice->best.all && choice->best.fit >= choice->ceiling)
		return;
	all = replan_each(base->placer, base->problem, base->moves, count_choice, choice) &&
	      !problem_spent(base->problem);
	choice->best.bound = all ? choice->bound : MAX(choice->ceiling, choice->best.fit);
}

/* Of a shared budget, half of what is left stays for plan's own search, which must find the places.
 */
static SearchMost fit_most_of(const FitBase *base, const FitSize *sizes, unsigned n_sizes,
			      unsigned most)
{
	FitChoice choice = {.sizes = sizes, .n_sizes = n_sizes, .most = most};
	uint64_t *shared = base->problem->shared_budget, kept;

	choice.best = problem_most(base->problem, sizes, n_sizes, most);
	kept = shared ? *shared / 2 : 0;
	if (!base->moves)
		return choice.best;
	if (shared)
		*shared -= kept;
	choose_movers(base, &choice);
	if (shared)
		*shared += kept;
	return choice.best;
}

static uint64_t fit_steps_left(const FitBase *base)
{
	return base->problem->shared_budget ? *base->problem->shared_budget : 0;
}

/* Quick: fewer than the search found, but surely placed. */
static unsigned count_sure(const FitBase *base, const FitSize *sizes, unsigned n_sizes,
			   const SearchMost *found)
{
	unsigned sets = found->sure;

	if (fit_placed(base, sizes, n_sizes, found->fit))
		return found->fit;
	while (sets && !surely_left(base, sizes, n_sizes, sets))
		sets--;
	return sets;
}

/*
 * The search says how many could be; plan must find such a place, too, and leave shared VMs theirs.
 * It surely does where best-fit does. What plan's own search only did not find stays in the bound.
 */
FitCount fit_count_sets(const FitBase *base, const FitSize *sizes, unsigned n_sizes)
{
	unsigned most = memory_most(base, sizes, n_sizes);
	SearchMost found = fit_most_of(base, sizes, n_sizes, most);
	FitCount count = {found.fit, found.bound, fit_steps_left(base)};
	bool robbed = found.fit == found.bound;
	Assigning assigning;

	if (!count.fit || (found.plain && surely_left(base, sizes, n_sizes, count.fit)))
		return count;
	if (base->quick) {
		count.fit = count_sure(base, sizes, n_sizes, &found);
		return count;
	}
	while (count.fit) {
		count.steps = fit_steps_left(base);
		assigning = try_sets(base, sizes, n_sizes, count.fit);
		if (assigning == ASSIGNED)
			break;
		robbed &= assigning == ROBBED;
		count.fit--;
		if (robbed)
			count.bound = count.fit;
	}
	return count;
}

/* One size in the rooms of a base that has nobody else to assign */

static uint64_t copies_by_memory(uint64_t memory, const VmSpec *spec)
{
	return spec->memory && memory != UINT64_MAX ? memory / place_memory(spec) : UINT64_MAX;
}

/* Each in one node. */
static uint64_t copies_in_nodes(const Problem *problem, const VmSpec *spec)
{
	g_autofree uint64_t *here = g_new0(uint64_t, problem->host->nodes->len + 1);
	uint64_t copies = 0;

	for (unsigned c = 0; c < problem->layout->n_cells; c++) {
		const RoomCell *cell = &problem->layout->cell[c];

		here[cell->node] +=
			problem_cell_cores(problem, c) / place_cores(spec, cell->threads);
	}
	for (unsigned n = 0; n < problem->host->nodes->len; n++)
		copies += MIN(here[n], copies_by_memory(problem->memory[n], spec));
	return copies;
}

/* No more have the cores and memory, whatever nodes they are spread over. */
static uint64_t copies_at_most(const Problem *problem, const VmSpec *spec)
{
	const Rooms *layout = problem->layout;
	g_autofree unsigned *cores = g_new0(unsigned, layout->n_classes + 1);
	g_autofree unsigned *need = g_new0(unsigned, layout->n_classes + 1);
	uint64_t copies = 0;

	for (unsigned c = 0; c < layout->n_cells; c++) {
		cores[layout->cell[c].class] += problem_cell_cores(problem, c);
		need[layout->cell[c].class] = place_cores(spec, layout->cell[c].threads);
	}
	for (unsigned class = 0; class < layout->n_classes; class ++)
		copies += cores[class] / need[class];
	return MIN(copies, copies_by_memory(all_memory(problem), spec));
}

/* Mostly what fits node by node is all that the cores and memory would do for; best-fit reaches
 * that. */
static bool count_alone(const FitBase *base, const VmSpec *spec, FitCount *count)
{
	FitSize size = {spec, 1};
	uint64_t fit;

	if (base->problem->specs->len || base->moves || !allowed_every(spec) || spec->apart.group ||
	    spec->memory_node >= 0)
		return false;
	fit = copies_in_nodes(base->problem, spec);
	if (fit > FIT_MOST || fit < copies_at_most(base->problem, spec) ||
	    !surely_left(base, &size, 1, (unsigned)fit))
		return false;
	*count = (FitCount){(unsigned)fit, (unsigned)fit, fit_steps_left(base)};
	return true;
}

FitCount fit_count(const FitBase *base, const VmSpec *spec)
{
	FitSize size = {spec, 1};
	FitCount count;

	return count_alone(base, spec, &count) ? count : fit_count_sets(base, &size, 1);
}

/* Bases */

/* Take the entries that have no assignment in SOLVED, which ends with them, out of the problem. */
static void drop_unassigned(Problem *problem, const Problem *solved, const SearchResult *result)
{
	unsigned movers = solved->specs->len - problem->specs->len;

	for (unsigned i = problem->specs->len; i-- > 0;)
		if (!g_ptr_array_index(result->assignments, movers + i))
			problem_remove_vm(problem, i);
}

static bool all_have_assignments(const SearchResult *result)
{
	for (unsigned i = 0; i < result->assignments->len; i++)
		if (!g_ptr_array_index(result->assignments, i))
			return false;
	return true;
}

/* Plan's own assignments; quick, few steps will do where they assign all, or nothing could. */
static SearchResult *solve_base(const FitBase *base, Problem *problem, bool never)
{
	SearchResult *result = problem_solve(problem);

	if (!base->quick || never || all_have_assignments(result))
		return result;
	search_result_free(result);
	problem->budget = 0;
	return problem_solve(problem);
}

/* What plan places of the inventory itself. */
static void fit_settle(FitBase *base)
{
	SearchMost found = base->problem->specs->len
				   ? problem_most(base->problem, NULL, 0, 0)
				   : (SearchMost){.all = true, .plain = true, .natural = true};
	g_autoptr(Problem) problem = NULL;
	g_autoptr(SearchResult) result = NULL;

	base->natural = found.natural;
	base->assigned = g_new(bool, base->shared->len + 1);
	memset(base->assigned, true, base->shared->len + 1);
	shared_wants(base);
	if (found.all && found.plain && surely_left(base, NULL, 0, 0))
		return;
	problem = fit_problem_with(base, NULL, 0, 0, NULL);
	result = solve_base(base, problem, found.never);
	g_free(base->assigned);
	base->assigned = shared_assigned(base, problem, result);
	drop_unassigned(base->problem, problem, result);
	base->shared_memory = 0;
	shared_wants(base);
}

static GHashTable *placed_specs(const FitBase *base)
{
	GHashTable *placed = g_hash_table_new(NULL, NULL);

	for (unsigned i = 0; i < base->problem->specs->len; i++)
		g_hash_table_add(placed, g_ptr_array_index(base->problem->specs, i));
	for (unsigned i = 0; i < base->shared->len; i++)
		if (base->assigned[i])
			g_hash_table_add(placed, (gpointer)shared_spec(base, i));
	return placed;
}

static void find_refused(FitBase *base)
{
	g_autoptr(GHashTable) placed = placed_specs(base);

	for (unsigned i = 0; i < base->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(base->plan->vms, i);

		if (!vm->placed && !g_hash_table_contains(placed, vm->spec))
			g_ptr_array_add(base->refused, (gpointer)vm);
	}
}

static FitBase *base_new(const Host *host, const Inventory *inventory, const PlanOptions *options,
			 bool quick)
{
	FitBase *base = g_new0(FitBase, 1);

	base->quick = quick;
	base->plan = plan_begin(host, inventory);
	base->plan->prefer = options->prefer;
	base->placer = placer_new(base->plan, inventory);
	base->problem = place_begin(base->placer, options);
	base->moves = options->moves;
	base->refused = g_ptr_array_new();
	base->shared = place_shared_vms(base->placer);
	fit_settle(base);
	find_refused(base);
	return base;
}

FitBase *fit_base_new(const Host *host, const Inventory *inventory, const PlanOptions *options)
{
	return base_new(host, inventory, options, false);
}

FitBase *fit_base_new_quick(const Host *host, const Inventory *inventory, uint64_t budget)
{
	PlanOptions options = {.budget = budget};

	return base_new(host, inventory, &options, true);
}

void fit_base_free(FitBase *base)
{
	problem_free(base->problem);
	placer_free(base->placer);
	g_ptr_array_unref(base->refused);
	g_ptr_array_unref(base->shared);
	g_free(base->assigned);
	plan_free(base->plan);
	g_free(base);
}

bool fit_base_refuses(const FitBase *base, const char *name)
{
	for (unsigned i = 0; i < base->refused->len; i++) {
		const PlanVm *vm = g_ptr_array_index(base->refused, i);

		if (!strcmp(vm->spec->name, name))
			return true;
	}
	return false;
}
