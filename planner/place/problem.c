/* SPDX-License-Identifier: MIT */
#include "planner/place/problem.h"

#include <string.h>

/* Rooms */

bool problem_same_room(const Core *a, const Core *b)
{
	return a->node == b->node && a->l3 == b->l3 && a->die == b->die && a->kind == b->kind &&
	       a->n_cpus == b->n_cpus;
}

bool problem_core_of_vms(const Plan *plan, unsigned core)
{
	Role role = g_array_index(plan->roles, Role, core);

	return (role == ROLE_FREE || role == ROLE_DEDICATED) &&
	       !host_core(plan->host, core)->partial;
}

static const Core *room_core(const Host *host, const GPtrArray *cores, unsigned room)
{
	const GArray *members = g_ptr_array_index(cores, room);

	return host_core(host, g_array_index(members, unsigned, 0));
}

static int problem_room_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Host *host = data;
	const Core *x = host_core(host, g_array_index(*(GArray *const *)a, unsigned, 0));
	const Core *y = host_core(host, g_array_index(*(GArray *const *)b, unsigned, 0));

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->cpu[0] < y->cpu[0] ? -1 : x->cpu[0] > y->cpu[0];
}

static unsigned problem_room_find(const Host *host, const GPtrArray *cores, const Core *core)
{
	for (unsigned r = 0; r < cores->len; r++)
		if (problem_same_room(room_core(host, cores, r), core))
			return r;
	return HOST_NONE;
}

static GPtrArray *rooms_of(const Placer *placer)
{
	GPtrArray *cores = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		unsigned room;

		if (!problem_core_of_vms(placer->plan, i))
			continue;
		room = problem_room_find(placer->host, cores, host_core(placer->host, i));
		if (room == HOST_NONE) {
			room = cores->len;
			g_ptr_array_add(cores, g_array_new(FALSE, FALSE, sizeof(unsigned)));
		}
		g_array_append_val((GArray *)g_ptr_array_index(cores, room), i);
	}
	g_ptr_array_sort_with_data(cores, problem_room_compare, (gpointer)placer->host);
	return cores;
}

unsigned problem_class_of(const Core *core)
{
	return core->kind * (HOST_MAX_THREADS + 1) + core->n_cpus;
}

static unsigned problem_count_free(const Placer *placer, const GArray *members)
{
	unsigned n = 0;

	for (unsigned i = 0; i < members->len; i++)
		n += place_core_free(placer, g_array_index(members, unsigned, i));
	return n;
}

static GArray *search_rooms(const Placer *placer, const GPtrArray *cores)
{
	GArray *rooms = g_array_new(FALSE, TRUE, sizeof(SearchRoom));

	for (unsigned r = 0; r < cores->len; r++) {
		const Core *core = room_core(placer->host, cores, r);
		SearchRoom entry = {core->node, problem_class_of(core), core->n_cpus,
				    problem_count_free(placer, g_ptr_array_index(cores, r))};

		g_array_append_val(rooms, entry);
	}
	return rooms;
}

unsigned problem_room_of(const Problem *problem, unsigned index)
{
	const Core *core = host_core(problem->host, index);

	return core->partial ? HOST_NONE : problem_room_find(problem->host, problem->cores, core);
}

/* Life */

Problem *problem_new(const Placer *placer, const PlanOptions *options)
{
	Problem *problem = g_new0(Problem, 1);

	problem->host = placer->host;
	problem->cores = rooms_of(placer);
	problem->rooms = search_rooms(placer, problem->cores);
	problem->memory =
		g_memdup2(placer->memory, placer->host->nodes->len * sizeof *problem->memory);
	problem->capacity = place_node_memory(placer->host, placer->inventory);
	problem->vms = g_array_new(FALSE, TRUE, sizeof(SearchVm));
	problem->specs = g_ptr_array_new();
	problem->prefer = options->prefer;
	problem->budget = options->budget;
	problem->shared_budget = options->shared_budget;
	return problem;
}

Problem *problem_copy(const Problem *problem)
{
	Problem *copy = g_memdup2(problem, sizeof *problem);

	copy->cores = g_ptr_array_ref(problem->cores);
	copy->rooms = g_array_copy(problem->rooms);
	copy->memory = g_memdup2(problem->memory, problem->host->nodes->len * sizeof *copy->memory);
	copy->capacity =
		g_memdup2(problem->capacity, problem->host->nodes->len * sizeof *copy->capacity);
	copy->vms = g_array_copy(problem->vms);
	copy->specs = g_ptr_array_copy(problem->specs, NULL, NULL);
	return copy;
}

void problem_free(Problem *problem)
{
	g_ptr_array_unref(problem->cores);
	g_array_unref(problem->rooms);
	g_free(problem->memory);
	g_free(problem->capacity);
	g_array_unref(problem->vms);
	g_ptr_array_unref(problem->specs);
	g_free(problem);
}

/* VMs */

/* A node= that the host does not have makes the VM fit nowhere: no room is on a node of this
 * number. */
static unsigned node_asked(const Host *host, const VmSpec *spec)
{
	unsigned node;

	if (spec->node < 0)
		return G_MAXUINT;
	node = host_node_of_id(host, (unsigned)spec->node);
	return node == HOST_NONE ? host->nodes->len : node;
}

/* Cores of VMs, whoever has them, in the node of ROOM and like those. */
static unsigned capacity_like(const Problem *problem, unsigned room)
{
	const SearchRoom *rooms = (const SearchRoom *)problem->rooms->data;
	unsigned cores = 0;

	for (unsigned r = 0; r < problem->rooms->len; r++)
		if (rooms[r].node == rooms[room].node && rooms[r].class == rooms[room].class)
			cores += ((const GArray *)g_ptr_array_index(problem->cores, r))->len;
	return cores;
}

/* Could a node hold it, were there no other VM? */
static bool node_could_hold(const Problem *problem, const VmSpec *spec)
{
	for (unsigned r = 0; r < problem->rooms->len; r++) {
		const SearchRoom *room = &g_array_index(problem->rooms, SearchRoom, r);
		unsigned need =
			search_cores(spec->vcpus, room->threads, spec->threads == THREADS_ISOLATE);

		if (capacity_like(problem, r) >= need &&
		    problem->capacity[room->node] >= place_share_memory(spec, spec->vcpus))
			return true;
	}
	return false;
}

static SearchVm search_vm(const Problem *problem, const VmSpec *spec)
{
	return (SearchVm){spec->vcpus,
			  spec->threads == THREADS_ISOLATE,
			  spec->memory,
			  place_page(spec),
			  node_asked(problem->host, spec),
			  spec->spans == SPANS_NEVER && node_could_hold(problem, spec)};
}

bool problem_specs_alike(const VmSpec *a, const VmSpec *b)
{
	return a->vcpus == b->vcpus && a->memory == b->memory && a->page == b->page &&
	       a->threads == b->threads && a->node == b->node && a->spans == b->spans;
}

void problem_add_vm(Problem *problem, const VmSpec *spec)
{
	SearchVm entry = search_vm(problem, spec);

	g_array_append_val(problem->vms, entry);
	g_ptr_array_add(problem->specs, (gpointer)spec);
}

void problem_remove_vm(Problem *problem, unsigned entry)
{
	g_array_remove_index(problem->vms, entry);
	g_ptr_array_remove_index(problem->specs, entry);
}

void problem_release(Problem *problem, const PlanVm *vm)
{
	g_auto(CpuSet) cores = hwloc_bitmap_alloc();
	unsigned index;

	for (unsigned v = 0; v < vm->vcpupin->len; v++)
		hwloc_bitmap_set(cores, host_core_of(problem->host,
						     g_array_index(vm->vcpupin, unsigned, v)));
	hwloc_bitmap_foreach_begin(index, cores)
		unsigned room = problem_room_of(problem, index);

		if (room != HOST_NONE)
			g_array_index(problem->rooms, SearchRoom, room).cores++;
	hwloc_bitmap_foreach_end();
	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);

		if (problem->memory[share->node] != UINT64_MAX)
			problem->memory[share->node] += share->memory;
	}
}

/* Solving */

static SearchProblem search_problem(const Problem *problem)
{
	return (SearchProblem){
		.rooms = (const SearchRoom *)problem->rooms->data,
		.n_rooms = problem->rooms->len,
		.memory = problem->memory,
		.n_nodes = problem->host->nodes->len,
		.distance = host_distances(problem->host),
		.vms = (const SearchVm *)problem->vms->data,
		.n_vms = problem->vms->len,
		.prefer = problem->prefer,
		.budget = problem->budget,
		.shared_budget = problem->shared_budget,
	};
}

SearchResult *problem_solve(const Problem *problem)
{
	SearchProblem search = search_problem(problem);

	return search_solve(&search);
}

bool problem_all_fit(const Problem *problem, bool *proved)
{
	SearchProblem search = search_problem(problem);

	return search_all_fit(&search, proved);
}

SearchMost problem_most(const Problem *problem, const ProblemSize *sizes, unsigned n_sizes,
			unsigned most)
{
	SearchProblem search = search_problem(problem);
	g_autofree SearchSize *vms = g_new(SearchSize, n_sizes + 1);

	for (unsigned i = 0; i < n_sizes; i++)
		vms[i] = (SearchSize){search_vm(problem, sizes[i].spec), sizes[i].count};
	return search_most(&search, vms, n_sizes, most);
}

SearchMix problem_mix(const Problem *problem, ProblemSize *sizes, unsigned n_sizes)
{
	SearchProblem search = search_problem(problem);
	g_autofree SearchVm *vms = g_new(SearchVm, n_sizes + 1);
	g_autofree unsigned *counts = g_new0(unsigned, n_sizes + 1);
	SearchMix mix;

	for (unsigned i = 0; i < n_sizes; i++)
		vms[i] = search_vm(problem, sizes[i].spec);
	mix = search_mix(&search, vms, n_sizes, counts);
	for (unsigned i = 0; i < n_sizes; i++)
		sizes[i].count = counts[i];
	return mix;
}

unsigned problem_natural_level(const Problem *problem, const VmSpec *spec)
{
	SearchProblem search = search_problem(problem);
	SearchVm vm = search_vm(problem, spec);

	for (unsigned level = 0; level <= search.n_nodes; level++)
		if (search_fits_empty(&search, &vm, level))
			return level;
	return HOST_NONE;
}
