/* SPDX-License-Identifier: MIT */
#include "planner/place/problem.h"
#include "planner/place/allowed.h"
#include "planner/place/memory_node.h"

#include <string.h>

/* Rooms */

static SearchRoom search_room(const Room *room)
{
	return (SearchRoom){room->node, rooms_class(room->first), room->threads, 0};
}

/* The rooms with the cores that are free now. */
static GArray *search_rooms(const Placer *placer, const Rooms *layout)
{
	GArray *rooms = g_array_new(FALSE, TRUE, sizeof(SearchRoom));

	for (unsigned r = 0; r < layout->n_rooms; r++) {
		const GArray *cores = layout->room[r].cores;
		SearchRoom entry = search_room(&layout->room[r]);

		for (unsigned i = 0; i < cores->len; i++)
			entry.cores += place_core_free(placer, g_array_index(cores, unsigned, i));
		g_array_append_val(rooms, entry);
	}
	return rooms;
}

/* VMs to be apart from */

/* A VM that has a place, of a group that is to be apart. */
typedef struct Settled {
	char *name;
	Apart apart;
	hwloc_bitmap_t cores; /* positions */
} Settled;

static void settled_clear(gpointer data)
{
	Settled *settled = data;

	g_free(settled->name);
	g_free(settled->apart.group);
	hwloc_bitmap_free(settled->cores);
}

static void settled_release(gpointer data)
{
	g_rc_box_release_full(data, settled_clear);
}

static Settled *settled_new(const Host *host, const PlanVm *vm)
{
	Settled *settled = g_rc_box_new(Settled);

	*settled = (Settled){g_strdup(vm->spec->name),
			     {g_strdup(vm->spec->apart.group), vm->spec->apart.by},
			     hwloc_bitmap_alloc()};
	for (unsigned v = 0; v < vm->pins->len; v++)
		hwloc_bitmap_set(settled->cores,
				 host_core_of(host, g_array_index(vm->pins, unsigned, v)));
	return settled;
}

static GPtrArray *settled_vms(const Plan *plan)
{
	GPtrArray *vms = g_ptr_array_new_with_free_func(settled_release);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->placed && vm->spec->apart.group)
			g_ptr_array_add(vms, settled_new(plan->host, vm));
	}
	return vms;
}

static void settled_remove(Problem *problem, const char *name)
{
	for (unsigned i = problem->settled->len; i-- > 0;) {
		const Settled *settled = g_ptr_array_index(problem->settled, i);

		if (g_str_equal(settled->name, name))
			g_ptr_array_remove_index(problem->settled, i);
	}
}

static gpointer settled_acquire(gconstpointer settled, gpointer data)
{
	(void)data;
	return g_rc_box_acquire((gpointer)settled);
}

/* Does a settled VM that SPEC must be apart from have a core in the place of CORE? */
static bool settled_near(const Problem *problem, const VmSpec *spec, const Core *core)
{
	ApartBy by;

	for (unsigned i = 0; spec->apart.group && i < problem->settled->len; i++) {
		const Settled *settled = g_ptr_array_index(problem->settled, i);
		unsigned index;

		if (!g_strcmp0(settled->name, spec->name) ||
		    !apart_from(&settled->apart, &spec->apart, &by))
			continue;
		hwloc_bitmap_foreach_begin(index, settled->cores)
			if (apart_place(problem->host, host_core(problem->host, index), by) ==
			    apart_place(problem->host, core, by))
				return true;
		hwloc_bitmap_foreach_end();
	}
	return false;
}

bool problem_room_allows(const Problem *problem, const VmSpec *spec, unsigned room)
{
	const Core *core = problem->layout->room[room].first;

	return allowed_core(problem->host, spec, core) && !settled_near(problem, spec, core);
}

/* Life */

/* By node, what its VMs have beyond what it has for VMs. Yours. */
static uint64_t *memory_owed(const Plan *plan)
{
	uint64_t *owed = plan_memory_used(plan);

	for (unsigned n = 0; n < plan->host->nodes->len; n++)
		owed[n] -= MIN(owed[n], plan_node_room(plan, n));
	return owed;
}

Problem *problem_new(const Placer *placer, const PlanOptions *options)
{
	Problem *problem = g_new0(Problem, 1);

	problem->host = placer->host;
	problem->layout = rooms_new(placer->plan);
	problem->rooms = search_rooms(placer, problem->layout);
	problem->memory =
		g_memdup2(placer->memory, placer->host->nodes->len * sizeof *problem->memory);
	problem->capacity = place_node_memory(placer->plan);
	problem->owed = memory_owed(placer->plan);
	problem->only = g_memdup2(placer->only, placer->host->nodes->len * sizeof *problem->only);
	problem->vms = g_array_new(FALSE, TRUE, sizeof(SearchVm));
	problem->specs = g_ptr_array_new();
	problem->settled = settled_vms(placer->plan);
	problem->prefer = options->prefer;
	problem->budget = options->budget;
	problem->shared_budget = options->shared_budget;
	return problem;
}

Problem *problem_copy(const Problem *problem)
{
	Problem *copy = g_memdup2(problem, sizeof *problem);

	copy->layout = rooms_ref(problem->layout);
	copy->rooms = g_array_copy(problem->rooms);
	copy->memory = g_memdup2(problem->memory, problem->host->nodes->len * sizeof *copy->memory);
	copy->capacity =
		g_memdup2(problem->capacity, problem->host->nodes->len * sizeof *copy->capacity);
	copy->owed = g_memdup2(problem->owed, problem->host->nodes->len * sizeof *copy->owed);
	copy->only = g_memdup2(problem->only, problem->host->nodes->len * sizeof *copy->only);
	copy->vms = g_array_copy(problem->vms);
	copy->specs = g_ptr_array_copy(problem->specs, NULL, NULL);
	copy->settled = g_ptr_array_copy(problem->settled, settled_acquire, NULL);
	g_ptr_array_set_free_func(copy->settled, settled_release);
	return copy;
}

void problem_free(Problem *problem)
{
	rooms_unref(problem->layout);
	g_array_unref(problem->rooms);
	g_free(problem->memory);
	g_free(problem->capacity);
	g_free(problem->owed);
	g_free(problem->only);
	g_array_unref(problem->vms);
	g_ptr_array_unref(problem->specs);
	g_ptr_array_unref(problem->settled);
	g_free(problem);
}

/* VMs */

/* Could a node hold it, were there no other VM? */
static bool node_could_hold(const Problem *problem, const VmSpec *spec)
{
	const Rooms *layout = problem->layout;

	for (unsigned r = 0; r < layout->n_rooms; r++) {
		const RoomCell *cell = &layout->cell[layout->room[r].cell];

		if (problem_room_allows(problem, spec, r) &&
		    cell->cores >= place_cores(spec, cell->threads) &&
		    problem->capacity[cell->node] >= place_memory(spec))
			return true;
	}
	return false;
}

static SearchVm search_vm(const Problem *problem, const VmSpec *spec)
{
	SearchVm vm = place_demand(spec);

	vm.node = place_node(problem->host, spec);
	vm.whole = spec->spans == SPANS_NEVER && node_could_hold(problem, spec);
	return vm;
}

bool problem_specs_alike(const VmSpec *a, const VmSpec *b)
{
	return vm_spec_pinned(a) == vm_spec_pinned(b) && a->vcpus == b->vcpus &&
	       a->memory == b->memory && a->page == b->page && a->memory_node == b->memory_node &&
	       a->threads == b->threads && a->spans == b->spans &&
	       vm_spec_helpers(a) == vm_spec_helpers(b) && allowed_alike(a, b);
}

void problem_add_vm(Problem *problem, const VmSpec *spec)
{
	SearchVm entry = search_vm(problem, spec);

	g_array_append_val(problem->vms, entry);
	g_ptr_array_add(problem->specs, (gpointer)spec);
}

void problem_insert_room(Problem *problem, unsigned at, const Core *like)
{
	Rooms *with = rooms_with(problem->layout, at, like);
	SearchRoom room = search_room(&with->room[at]);

	rooms_unref(problem->layout);
	problem->layout = with;
	g_array_insert_vals(problem->rooms, at, &room, 1);
}

void problem_remove_vm(Problem *problem, unsigned entry)
{
	g_array_remove_index(problem->vms, entry);
	g_ptr_array_remove_index(problem->specs, entry);
}

/* Is core INDEX one of ROOM that VMs may have? */
static bool room_has(const Problem *problem, unsigned room, unsigned index)
{
	const GArray *members = problem->layout->room[room].cores;

	for (unsigned i = 0; i < members->len; i++)
		if (g_array_index(members, unsigned, i) == index)
			return true;
	return false;
}

void problem_release(Problem *problem, const PlanVm *vm)
{
	g_auto(CpuSet) cores = hwloc_bitmap_alloc();
	unsigned index;

	settled_remove(problem, vm->spec->name);
	for (unsigned v = 0; v < vm->pins->len; v++)
		hwloc_bitmap_set(cores,
				 host_core_of(problem->host, g_array_index(vm->pins, unsigned, v)));
	hwloc_bitmap_foreach_begin(index, cores)
		unsigned room = problem->layout->room_of[index];

		if (room != HOST_NONE && room_has(problem, room, index))
			g_array_index(problem->rooms, SearchRoom, room).cores++;
	hwloc_bitmap_foreach_end();
	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		uint64_t *left = share->from == share->node ? problem->memory : problem->only;
		uint64_t paid = MIN(problem->owed[share->from], share->memory);

		problem->owed[share->from] -= paid;
		place_memory_give(&left[share->from], share->memory - paid);
	}
}

/* Counting */

unsigned problem_free_cores(const Problem *problem)
{
	unsigned cores = 0;

	for (unsigned c = 0; c < problem->layout->n_cells; c++)
		cores += problem_cell_cores(problem, c);
	return cores;
}

unsigned problem_cell_cores(const Problem *problem, unsigned cell)
{
	const RoomCell *at = &problem->layout->cell[cell];
	unsigned cores = 0;

	for (unsigned i = 0; i < at->n_rooms; i++)
		cores += g_array_index(problem->rooms, SearchRoom, at->rooms[i]).cores;
	return cores;
}

unsigned problem_least_cores(const Problem *problem, const VmSpec *spec)
{
	unsigned cores = G_MAXUINT;

	for (unsigned r = 0; r < problem->layout->n_rooms; r++)
		cores = MIN(cores, place_cores(spec, problem->layout->room[r].threads));
	return cores;
}

/* Where VMs may sit, by room */

/* By room: may SPEC have its cores? Yours; NULL where it may have all, or what its node says. */
static bool *rooms_allowed(const Problem *problem, const VmSpec *spec)
{
	bool *allowed;

	if (allowed_nodes(spec) && !(spec->apart.group && problem->settled->len))
		return NULL;
	allowed = g_new(bool, problem->rooms->len + 1);
	for (unsigned r = 0; r < problem->rooms->len; r++)
		allowed[r] = problem_room_allows(problem, spec, r);
	return allowed;
}

/* Solving */

/* A problem as the search takes it, and what it borrows. */
typedef struct Posed {
	SearchProblem search;
	GArray *vms, *apart;		/* of SearchVm, SearchApart */
	GPtrArray *allowed;		/* what they borrow */
	unsigned *places[APART_L3 + 1]; /* by room */
} Posed;

static void posed_clear(Posed *posed)
{
	g_array_unref(posed->vms);
	g_array_unref(posed->apart);
	g_ptr_array_unref(posed->allowed);
	for (unsigned by = 0; by <= APART_L3; by++)
		g_free(posed->places[by]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Posed, posed_clear)

static SearchVm posed_vm(const Problem *problem, Posed *posed, const SearchVm *entry,
			 const VmSpec *spec)
{
	SearchVm vm = *entry;

	vm.rooms = rooms_allowed(problem, spec);
	if (vm.rooms)
		g_ptr_array_add(posed->allowed, (gpointer)vm.rooms);
	return vm;
}

/* By room, its place. */
static const unsigned *posed_places(const Problem *problem, Posed *posed, ApartBy by)
{
	if (!posed->places[by]) {
		posed->places[by] = g_new(unsigned, problem->rooms->len + 1);
		for (unsigned r = 0; r < problem->rooms->len; r++)
			posed->places[by][r] =
				apart_place(problem->host, problem->layout->room[r].first, by);
	}
	return posed->places[by];
}

/* The VM number B is apart from those before it. */
static void posed_add_apart(const Problem *problem, Posed *posed, unsigned b)
{
	const VmSpec *spec = g_ptr_array_index(problem->specs, b);
	ApartBy by;

	for (unsigned a = 0; spec->apart.group && a < b; a++) {
		const VmSpec *other = g_ptr_array_index(problem->specs, a);
		SearchApart apart = {a, b, NULL};

		if (!apart_from(&other->apart, &spec->apart, &by))
			continue;
		apart.place = posed_places(problem, posed, by);
		g_array_append_val(posed->apart, apart);
	}
}

/* PROBLEM as the search takes it, without VMs. */
static SearchProblem problem_frame(const Problem *problem)
{
	return (SearchProblem){
		.rooms = (const SearchRoom *)problem->rooms->data,
		.n_rooms = problem->rooms->len,
		.memory = problem->memory,
		.n_nodes = problem->host->nodes->len,
		.distance = host_distances(problem->host),
		.prefer = problem->prefer,
		.budget = problem->budget,
		.shared_budget = problem->shared_budget,
	};
}

static Posed problem_pose(const Problem *problem)
{
	Posed posed = {.vms = g_array_new(FALSE, FALSE, sizeof(SearchVm)),
		       .apart = g_array_new(FALSE, FALSE, sizeof(SearchApart)),
		       .allowed = g_ptr_array_new_with_free_func(g_free)};

	for (unsigned i = 0; i < problem->vms->len; i++) {
		SearchVm vm = posed_vm(problem, &posed, &g_array_index(problem->vms, SearchVm, i),
				       g_ptr_array_index(problem->specs, i));

		g_array_append_val(posed.vms, vm);
		posed_add_apart(problem, &posed, i);
	}
	posed.search = problem_frame(problem);
	posed.search.vms = (const SearchVm *)posed.vms->data;
	posed.search.n_vms = posed.vms->len;
	posed.search.apart = (const SearchApart *)posed.apart->data;
	posed.search.n_apart = posed.apart->len;
	return posed;
}

bool problem_spent(const Problem *problem)
{
	return problem->shared_budget && !*problem->shared_budget;
}

static SearchResult *problem_search(const Problem *problem)
{
	g_auto(Posed) posed = problem_pose(problem);

	return search_solve(&posed.search);
}

/* Memory of nodes without cores: the search does not know of it */

static const VmSpec *problem_spec(const Problem *problem, unsigned entry)
{
	return g_ptr_array_index(problem->specs, entry);
}

static bool only_asked(const VmSpec *spec)
{
	return spec->memory_node >= 0;
}

/* By entry: does it get the memory that it asks for of such a node? None of those GONE does. Yours.
 */
static bool *only_served(const Problem *problem, const bool *gone)
{
	g_autofree uint64_t *left =
		g_memdup2(problem->only, problem->host->nodes->len * sizeof *left);
	bool *served = g_new0(bool, problem->specs->len + 1);

	for (unsigned i = 0; i < problem->specs->len; i++) {
		const VmSpec *spec = problem_spec(problem, i);

		served[i] = !(gone && gone[i]) && memory_node_holds(problem->host, spec, left);
		if (served[i])
			memory_node_take(problem->host, spec, left);
	}
	return served;
}

static bool only_all_served(const Problem *problem)
{
	g_autofree bool *served = NULL;
	unsigned asked = 0;

	for (unsigned i = 0; i < problem->specs->len; i++)
		asked += only_asked(problem_spec(problem, i));
	if (!asked)
		return true;
	served = only_served(problem, NULL);
	for (unsigned i = 0; i < problem->specs->len; i++)
		if (!served[i])
			return false;
	return true;
}

/* By entry: would it get that memory if nobody else asked? Yours. */
static bool *only_possible(const Problem *problem)
{
	bool *possible = g_new0(bool, problem->specs->len + 1);

	for (unsigned i = 0; i < problem->specs->len; i++)
		possible[i] =
			memory_node_holds(problem->host, problem_spec(problem, i), problem->only);
	return possible;
}

/* Are those that ask for the same node, one of them not SERVED, alike? Then it does not matter
 * which of them are. Those that are not POSSIBLE do not matter at all. */
static bool only_alike(const Problem *problem, const bool *served, const bool *possible)
{
	for (unsigned i = 0; i < problem->specs->len; i++)
		for (unsigned k = 0; possible[i] && !served[i] && k < problem->specs->len; k++)
			if (possible[k] &&
			    problem_spec(problem, k)->memory_node ==
				    problem_spec(problem, i)->memory_node &&
			    !problem_specs_alike(problem_spec(problem, i),
						 problem_spec(problem, k)))
				return false;
	return true;
}

/* The answer for those SERVED, as one for all. */
static SearchResult *solve_served(const Problem *problem, const bool *served)
{
	g_autoptr(Problem) part = problem_copy(problem);
	SearchResult *result;

	for (unsigned i = problem->specs->len; i-- > 0;)
		if (!served[i])
			problem_remove_vm(part, i);
	result = problem_search(part);
	for (unsigned i = 0; i < problem->specs->len; i++)
		if (!served[i])
			g_ptr_array_insert(result->assignments, (int)i, NULL);
	return result;
}

/* Of those SERVED, some that have no place in RESULT are GONE now: does that serve another? */
static bool only_pass_on(const Problem *problem, const SearchResult *result, const bool *served,
			 bool *gone)
{
	g_autofree bool *next = NULL;
	bool more = false;

	for (unsigned i = 0; i < problem->specs->len; i++)
		gone[i] |= served[i] && only_asked(problem_spec(problem, i)) &&
			   !g_ptr_array_index(result->assignments, i);
	next = only_served(problem, gone);
	for (unsigned i = 0; i < problem->specs->len; i++)
		more |= next[i] && !served[i];
	return more;
}

/* RESULT is of some VMs only: others, if POSSIBLE, could have had the memory of those SERVED. */
static void only_unprove(const Problem *problem, const bool *served, const bool *possible,
			 SearchResult *result)
{
	for (unsigned i = 0; i < problem->specs->len; i++)
		if (possible[i] && !served[i])
			result->bound += problem->prefer == PREFER_VCPUS
						 ? problem_spec(problem, i)->vcpus
						 : 1;
	result->proved = 0;
	result->optimal = false;
}

SearchResult *problem_solve(const Problem *problem)
{
	g_autofree bool *gone = g_new0(bool, problem->specs->len + 1), *served = NULL;
	g_autofree bool *possible = NULL;
	SearchResult *result;

	if (only_all_served(problem))
		return problem_search(problem);
	served = only_served(problem, gone);
	possible = only_possible(problem);
	result = solve_served(problem, served);
	if (only_alike(problem, served, possible))
		return result;
	while (only_pass_on(problem, result, served, gone)) {
		g_free(served);
		search_result_free(result);
		served = only_served(problem, gone);
		result = solve_served(problem, served);
	}
	only_unprove(problem, served, possible, result);
	return result;
}

bool problem_all_fit(const Problem *problem, bool *proved)
{
	g_auto(Posed) posed = problem_pose(problem);

	if (only_all_served(problem))
		return search_all_fit(&posed.search, proved);
	if (proved)
		*proved = true;
	return false;
}

/* How many sets of SIZES, at most MOST, have memory of such nodes beside all VMs? */
static unsigned only_sets(const Problem *problem, const ProblemSize *sizes, unsigned n_sizes,
			  unsigned most)
{
	g_autofree uint64_t *left =
		g_memdup2(problem->only, problem->host->nodes->len * sizeof *left);
	unsigned sets = 0, asked = 0;

	for (unsigned i = 0; i < n_sizes; i++)
		asked += only_asked(sizes[i].spec);
	if (!asked)
		return most;
	for (unsigned i = 0; i < problem->specs->len; i++)
		memory_node_take(problem->host, problem_spec(problem, i), left);
	for (; sets < most; sets++)
		for (unsigned i = 0; i < n_sizes; i++)
			for (unsigned n = 0; n < sizes[i].count; n++) {
				if (!memory_node_holds(problem->host, sizes[i].spec, left))
					return sets;
				memory_node_take(problem->host, sizes[i].spec, left);
			}
	return sets;
}

/* Further VMs that must be apart, from each other too: one set after the other. */
static SearchMost most_apart_sets(const Problem *problem, const ProblemSize *sizes,
				  unsigned n_sizes, unsigned most)
{
	g_autoptr(Problem) with = problem_copy(problem);
	SearchMost result = {0};
	bool proved;

	result.all = problem_all_fit(with, &proved);
	if (!result.all)
		return (SearchMost){.never = proved, .bound = proved ? 0 : most};
	for (result.bound = most; result.fit < most; result.fit++) {
		for (unsigned i = 0; i < n_sizes; i++)
			for (unsigned c = 0; c < sizes[i].count; c++)
				problem_add_vm(with, sizes[i].spec);
		if (problem_all_fit(with, &proved))
			continue;
		if (proved)
			result.bound = result.fit;
		break;
	}
	return result;
}

SearchMost problem_most(const Problem *problem, const ProblemSize *sizes, unsigned n_sizes,
			unsigned most)
{
	g_auto(Posed) posed = problem_pose(problem);
	g_autofree SearchSize *vms = g_new(SearchSize, n_sizes + 1);

	if (!only_all_served(problem))
		return (SearchMost){.never = true};
	most = only_sets(problem, sizes, n_sizes, most);
	for (unsigned i = 0; i < n_sizes; i++) {
		const SearchVm entry = search_vm(problem, sizes[i].spec);

		if (sizes[i].spec->apart.group)
			return most_apart_sets(problem, sizes, n_sizes, most);
		vms[i] = (SearchSize){posed_vm(problem, &posed, &entry, sizes[i].spec),
				      sizes[i].count};
	}
	return search_most(&posed.search, vms, n_sizes, most);
}

/* Take out of MIX those that have no memory of such nodes; others might have been better then. */
static void mix_serve(const Problem *problem, ProblemSize *sizes, unsigned n_sizes, SearchMix *mix)
{
	g_autofree uint64_t *left =
		g_memdup2(problem->only, problem->host->nodes->len * sizeof *left);

	for (unsigned i = 0; i < problem->specs->len; i++)
		memory_node_take(problem->host, problem_spec(problem, i), left);
	for (unsigned i = 0; i < n_sizes; i++) {
		unsigned times =
			memory_node_times(problem->host, sizes[i].spec, sizes[i].count, left);

		mix->proved &= times == sizes[i].count;
		mix->vcpus -= (uint64_t)(sizes[i].count - times) * vm_spec_pinned(sizes[i].spec);
		sizes[i].count = times;
		for (unsigned n = 0; n < times; n++)
			memory_node_take(problem->host, sizes[i].spec, left);
	}
}

SearchMix problem_mix(const Problem *problem, ProblemSize *sizes, unsigned n_sizes)
{
	g_auto(Posed) posed = problem_pose(problem);
	g_autofree SearchVm *vms = g_new(SearchVm, n_sizes + 1);
	g_autofree unsigned *counts = g_new0(unsigned, n_sizes + 1);
	SearchMix mix;

	for (unsigned i = 0; i < n_sizes; i++)
		vms[i] = search_vm(problem, sizes[i].spec);
	if (!only_all_served(problem))
		return (SearchMix){.proved = true};
	mix = search_mix(&posed.search, vms, n_sizes, counts);
	for (unsigned i = 0; i < n_sizes; i++)
		sizes[i].count = counts[i];
	mix_serve(problem, sizes, n_sizes, &mix);
	return mix;
}

unsigned problem_natural_level(const Problem *problem, const VmSpec *spec)
{
	const SearchProblem search = problem_frame(problem);
	g_autofree bool *allowed = rooms_allowed(problem, spec);
	SearchVm vm = search_vm(problem, spec);

	vm.rooms = allowed;
	for (unsigned level = 0; level <= search.n_nodes; level++)
		if (search_fits_empty(&search, &vm, level))
			return level;
	return HOST_NONE;
}
