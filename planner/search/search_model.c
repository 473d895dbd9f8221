/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

#include <string.h>

uint64_t search_pages_memory(uint64_t bytes, uint64_t page)
{
	uint64_t pages = bytes / page + (bytes % page != 0), whole;

	return g_uint64_checked_mul(&whole, pages, page) ? whole : UINT64_MAX;
}

uint64_t search_vm_worth(const SearchProblem *problem, const SearchVm *vm)
{
	return problem->prefer == PREFER_VCPUS ? (uint64_t)vm->vcpus + vm->floating : 1;
}

uint64_t search_share_memory(const SearchVm *vm, unsigned vcpus)
{
	uint64_t each = vm->memory / vm->vcpus, rest = vm->memory % vm->vcpus;
	uint64_t share = each * vcpus + (rest * vcpus + vm->vcpus - 1) / vm->vcpus;

	return search_pages_memory(share, vm->page);
}

unsigned kind_cores(const Model *model, const Kind *kind, unsigned class)
{
	return model->needs[(size_t)(kind - model->kinds) * model->n_classes + class];
}

static unsigned slice_add(const SearchVm *vm, SearchSlice *slices, unsigned at, SearchSlice slice)
{
	if (slice.n == 0)
		return at;
	slice.memory = search_share_memory(vm, slice.vcpus);
	slices[at] = slice;
	return at + 1;
}

unsigned search_slices(const SearchVm *vm, unsigned threads, unsigned k,
		       SearchSlice slices[SEARCH_SLICES])
{
	unsigned per_core = vm->isolate ? 1 : threads, at = 0;
	unsigned cores = search_cores(vm->vcpus, threads, vm->isolate);
	unsigned idle = cores * per_core - vm->vcpus, most = (cores + k - 1) / k;
	unsigned larger = cores - (most - 1) * k, smaller = k - larger; /* of MOST cores, or less */
	unsigned full = larger - (idle > 0), own = search_cores(vm->helpers, threads, false);
	unsigned beside = own == 1 && smaller > 0; /* smaller shares that have the helpers */

	if (k > cores)
		return 0;
	if (own > beside && full > 0) {
		at = slice_add(vm, slices, at, (SearchSlice){1, most + own, most * per_core, 0});
		full--;
	} else if (own > beside) {
		at = slice_add(vm, slices, at,
			       (SearchSlice){1, most + own, most * per_core - idle, 0});
		idle = 0;
	}
	at = slice_add(vm, slices, at, (SearchSlice){full, most, most * per_core, 0});
	at = slice_add(vm, slices, at, (SearchSlice){idle > 0, most, most * per_core - idle, 0});
	at = slice_add(vm, slices, at, (SearchSlice){beside, most, (most - 1) * per_core, 0});
	return slice_add(vm, slices, at,
			 (SearchSlice){smaller - beside, most - 1, (most - 1) * per_core, 0});
}

static bool vm_can_share(const SearchProblem *problem, const SearchVm *vm, unsigned k)
{
	return vm->node == G_MAXUINT && !vm->whole && k <= problem->n_nodes &&
	       problem->n_nodes <= SEARCH_MAX_SPAN;
}

unsigned kind_slices(const Model *model, const Kind *kind, unsigned class, unsigned k,
		     SearchSlice slices[SEARCH_SLICES])
{
	unsigned n = 0;

	if (vm_can_share(model->problem, &kind->vm, k))
		n = search_slices(&kind->vm, model->threads[class], k, slices);
	for (unsigned i = 0; i < n && !model->memory; i++) {
		slices[i].memory = 0;
		if (i == 0 || slices[i].cores != slices[i - 1].cores || kind->vm.helpers)
			continue;
		slices[i - 1].n += slices[i].n;
		slices[i] = slices[n - 1];
		n -= 1;
		i -= 1;
	}
	return n;
}

/* The classes, threads of each, and each room's dense class. */
static void find_classes(Model *model, unsigned *class_of)
{
	const SearchProblem *problem = model->problem;
	g_autofree unsigned *first = g_new(unsigned, problem->n_rooms + 1);

	for (unsigned r = 0; r < problem->n_rooms; r++) {
		unsigned c = 0;

		while (c < model->n_classes &&
		       problem->rooms[first[c]].class != problem->rooms[r].class)
			c++;
		if (c == model->n_classes) {
			first[model->n_classes++] = r;
			model->threads[c] = problem->rooms[r].threads;
		}
		class_of[r] = c;
	}
}

static void find_groups(Model *model, const unsigned *class_of)
{
	const SearchProblem *problem = model->problem;
	unsigned places = problem->n_nodes * model->n_classes, next = 0;

	/* How many rooms each place has, then where its rooms begin, then the rooms. */
	for (unsigned r = 0; r < problem->n_rooms; r++)
		model->group_at[problem->rooms[r].node * model->n_classes + class_of[r]]++;
	for (unsigned i = 0; i < places; i++) {
		unsigned n = model->group_at[i];

		model->group_at[i] = n ? model->n_groups : SEARCH_NEVER;
		if (n == 0)
			continue;
		model->groups[model->n_groups++] =
			(Group){i / model->n_classes, i % model->n_classes, 0, next, 0};
		next += n;
	}
	for (unsigned r = 0; r < problem->n_rooms; r++) {
		unsigned g =
			model->group_at[problem->rooms[r].node * model->n_classes + class_of[r]];
		Group *group = &model->groups[g];

		model->group_of[r] = g;
		model->rooms[group->first + group->n_rooms++] = r;
		group->cores += problem->rooms[r].cores;
	}
}

bool vm_anywhere(const SearchVm *vm)
{
	return vm->node == G_MAXUINT && !vm->rooms && !vm->apart;
}

bool vm_allowed(const SearchProblem *problem, const SearchVm *vm, unsigned room)
{
	return (vm->node == G_MAXUINT || vm->node == problem->rooms[room].node) &&
	       (!vm->rooms || vm->rooms[room]);
}

static bool fits_empty_room(const SearchProblem *problem, const SearchVm *vm)
{
	uint64_t memory = search_share_memory(vm, vm->vcpus);

	for (unsigned r = 0; r < problem->n_rooms; r++) {
		const SearchRoom *room = &problem->rooms[r];

		if (vm_allowed(problem, vm, r) && memory <= problem->memory[room->node] &&
		    search_vm_cores(vm, room->threads) <= room->cores)
			return true;
	}
	return false;
}

/* Nodes whose cores of the class of room LIKE hold such a share. */
static unsigned nodes_that_hold(const SearchProblem *problem, const SearchVm *vm,
				const SearchSlice *slice, const SearchRoom *like)
{
	g_autofree uint64_t *cores = g_new0(uint64_t, problem->n_nodes);
	g_autofree bool *barred = g_new0(bool, problem->n_nodes);
	unsigned found = 0;

	for (unsigned r = 0; r < problem->n_rooms; r++)
		if (problem->rooms[r].class == like->class) {
			cores[problem->rooms[r].node] += problem->rooms[r].cores;
			barred[problem->rooms[r].node] |= !vm_allowed(problem, vm, r);
		}
	for (unsigned n = 0; n < problem->n_nodes; n++)
		found += !barred[n] && slice->memory <= problem->memory[n] &&
			 cores[n] >= slice->cores;
	return found;
}

/* Are there K nodes whose cores of the class of room LIKE hold a share each? What holds one holds
 * those that ask for less. */
static bool fits_empty_nodes(const SearchProblem *problem, const SearchVm *vm, unsigned k,
			     const SearchRoom *like)
{
	SearchSlice slices[SEARCH_SLICES];
	unsigned n = search_slices(vm, like->threads, k, slices), wanted = 0;

	for (unsigned i = 0; i < n; i++) {
		wanted += slices[i].n;
		if (nodes_that_hold(problem, vm, &slices[i], like) < wanted)
			return false;
	}
	return n > 0;
}

bool search_fits_empty(const SearchProblem *problem, const SearchVm *vm, unsigned level)
{
	unsigned k = MAX(level, 1);

	if (level == 0)
		return fits_empty_room(problem, vm);
	if (k > 1 && !vm_can_share(problem, vm, k))
		return false;
	for (unsigned r = 0; r < problem->n_rooms; r++) {
		unsigned seen = 0;

		while (problem->rooms[seen].class != problem->rooms[r].class)
			seen++;
		if (seen == r && fits_empty_nodes(problem, vm, k, &problem->rooms[r]))
			return true;
	}
	return false;
}

unsigned natural_level(const SearchProblem *problem, const SearchVm *vm)
{
	for (unsigned level = 0; level <= problem->n_nodes; level++)
		if (search_fits_empty(problem, vm, level))
			return level;
	return SEARCH_NEVER;
}

uint64_t nodes_distance(const Model *model, uint64_t nodes)
{
	const SearchProblem *problem = model->problem;
	uint64_t sum = 0;

	for (unsigned a = 0; problem->distance && a < MIN(problem->n_nodes, SEARCH_MAX_SPAN); a++)
		for (unsigned b = 0; nodes >> a & 1 && b < a; b++)
			sum += nodes >> b & 1 ? problem->distance[a * problem->n_nodes + b] : 0;
	return sum;
}

/* Where they may sit: NULL, which is anywhere, comes first. */
static int rooms_compare(const SearchProblem *problem, const bool *a, const bool *b)
{
	if (a && b)
		return memcmp(a, b, problem->n_rooms * sizeof *a);
	return (a != NULL) - (b != NULL);
}

static bool same_kind(const Model *model, const SearchVm *a, const SearchVm *b)
{
	return a->vcpus == b->vcpus && a->isolate == b->isolate && a->node == b->node &&
	       a->whole == b->whole && a->helpers == b->helpers && a->floating == b->floating &&
	       !rooms_compare(model->problem, a->rooms, b->rooms) &&
	       !rooms_compare(model->problem, a->apart, b->apart) &&
	       (!model->memory || (a->memory == b->memory && a->page == b->page));
}

static unsigned find_kind(const Model *model, const SearchVm *vm)
{
	unsigned k = 0;

	while (k < model->n_kinds && !same_kind(model, &model->kinds[k].vm, vm))
		k++;
	return k;
}

static Kind *add_kind(Model *model, const SearchVm *vm)
{
	unsigned k = find_kind(model, vm);

	if (k == model->n_kinds)
		model->kinds[model->n_kinds++] = (Kind){.vm = *vm};
	return &model->kinds[k];
}

/* Does every set of VMs that NODE's cores can hold fit its memory? So it is if each VM alone, per
 * core it takes, asks for no more than the node has per core. */
static bool memory_is_slack(const Model *model, const Kind *kind, unsigned node, unsigned k)
{
	uint64_t limit = model->problem->memory[node], cores = 0;

	for (unsigned c = 0; c < model->n_classes; c++) {
		unsigned g = model->group_at[node * model->n_classes + c];

		cores += g == SEARCH_NEVER ? 0 : model->groups[g].cores;
	}
	for (unsigned c = 0; c < model->n_classes; c++) {
		SearchSlice slices[SEARCH_SLICES];
		unsigned n = search_slices(&kind->vm, model->threads[c], k, slices);

		for (unsigned i = 0; i < n; i++)
			if ((unsigned __int128)slices[i].memory * cores >
			    (unsigned __int128)limit * slices[i].cores)
				return false;
	}
	return true;
}

static bool memory_matters(const Model *model)
{
	for (unsigned i = 0; i < model->n_kinds; i++)
		for (unsigned k = 1; k <= model->problem->n_nodes; k++) {
			if (k > 1 && !vm_can_share(model->problem, &model->kinds[i].vm, k))
				continue;
			for (unsigned n = 0; n < model->problem->n_nodes; n++)
				if (model->problem->memory[n] != UINT64_MAX &&
				    !memory_is_slack(model, &model->kinds[i], n, k))
					return true;
		}
	return false;
}

/* Where memory cannot run short, VMs that differ in nothing else are one kind. */
static void merge_kinds(Model *model)
{
	unsigned n = model->n_kinds;

	model->memory = memory_matters(model);
	if (model->memory)
		return;
	model->n_kinds = 0;
	for (unsigned k = 0; k < n; k++) {
		Kind kind = model->kinds[k];

		add_kind(model, &kind.vm)->count += kind.count;
	}
}

/* Most cores first; the rest only makes the order the same whatever order the VMs come in. */
static int compare_kinds(const void *pa, const void *pb, void *data)
{
	const Kind *a = pa, *b = pb;
	int order;

#define BY(field, sign)                                                                            \
	if (a->field != b->field)                                                                  \
		return a->field < b->field ? -(sign) : (sign);
	BY(least, -1)
	BY(vm.vcpus, -1)
	BY(vm.isolate, -1)
	BY(vm.helpers, -1)
	BY(vm.floating, -1)
	BY(memory, -1)
	BY(vm.memory, -1)
	BY(vm.page, -1)
	BY(vm.node, 1)
	BY(vm.whole, 1)
#undef BY
	order = rooms_compare(data, a->vm.rooms, b->vm.rooms);
	return order ? order : rooms_compare(data, a->vm.apart, b->vm.apart);
}

static void finish_kind(const Model *model, Kind *kind)
{
	kind->value = search_vm_worth(model->problem, &kind->vm);
	kind->memory = model->memory ? search_share_memory(&kind->vm, kind->vm.vcpus) : 0;
	kind->natural = natural_level(model->problem, &kind->vm);
	kind->extra = kind->natural <= 1 && vm_anywhere(&kind->vm) ? kind->natural : SEARCH_NEVER;
	kind->least = SEARCH_NEVER;
	for (unsigned c = 0; c < model->n_classes; c++)
		kind->least = MIN(kind->least, search_vm_cores(&kind->vm, model->threads[c]));
}

static void find_kinds(Model *model)
{
	const SearchProblem *problem = model->problem;
	unsigned n;

	model->memory = true;
	for (unsigned i = 0; i < problem->n_vms; i++)
		add_kind(model, &problem->vms[i])->count++;
	merge_kinds(model);
	/* Further copies may sit in any node. */
	n = model->n_kinds;
	for (unsigned k = 0; k < n; k++) {
		SearchVm anywhere = model->kinds[k].vm;

		anywhere.node = G_MAXUINT;
		anywhere.rooms = anywhere.apart = NULL;
		add_kind(model, &anywhere);
	}
	for (unsigned k = 0; k < model->n_kinds; k++)
		finish_kind(model, &model->kinds[k]);
	if (model->n_kinds > 1)
		g_sort_array(model->kinds, model->n_kinds, sizeof(Kind), compare_kinds,
			     (gpointer)problem);
	for (unsigned i = 0; i < problem->n_vms; i++)
		model->kind_of[i] = find_kind(model, &problem->vms[i]);
}

static void find_needs(Model *model)
{
	for (unsigned k = 0; k < model->n_kinds; k++)
		for (unsigned c = 0; c < model->n_classes; c++)
			model->needs[(size_t)k * model->n_classes + c] =
				search_vm_cores(&model->kinds[k].vm, model->threads[c]);
}

/* Which rooms and groups each kind may have; nothing where all may have all. */
static void find_allowed(Model *model)
{
	const SearchProblem *problem = model->problem;
	bool any = false;

	for (unsigned k = 0; k < model->n_kinds; k++)
		any |= !vm_anywhere(&model->kinds[k].vm);
	if (!any)
		return;
	model->in_room = g_new0(bool, (size_t)model->n_kinds * problem->n_rooms + 1);
	model->in_group = g_new0(bool, (size_t)model->n_kinds * model->n_groups + 1);
	for (unsigned k = 0; k < model->n_kinds; k++)
		for (unsigned g = 0; g < model->n_groups; g++) {
			const SearchVm *vm = &model->kinds[k].vm;
			const Group *group = &model->groups[g];
			unsigned allowed = 0;

			for (unsigned i = group->first; i < group->first + group->n_rooms; i++) {
				unsigned room = model->rooms[i];
				bool may = vm_allowed(problem, vm, room) &&
					   (!vm->apart || vm->apart[room]);

				model->in_room[(size_t)k * problem->n_rooms + room] = may;
				allowed += may;
			}
			model->in_group[(size_t)k * model->n_groups + g] =
				allowed == group->n_rooms;
			model->ragged |= allowed > 0 && allowed < group->n_rooms;
		}
}

Model *model_new(const SearchProblem *problem)
{
	Model *model = g_new0(Model, 1);
	g_autofree unsigned *class_of = g_new0(unsigned, problem->n_rooms + 1);
	size_t places;

	model->problem = problem;
	model->threads = g_new0(unsigned, problem->n_rooms + 1);
	find_classes(model, class_of);
	places = (size_t)problem->n_nodes * model->n_classes + 1;
	model->group_of = g_new0(unsigned, problem->n_rooms + 1);
	model->rooms = g_new0(unsigned, problem->n_rooms + 1);
	model->group_at = g_new0(unsigned, places);
	model->groups = g_new0(Group, places);
	find_groups(model, class_of);
	model->kinds = g_new0(Kind, 2 * (size_t)problem->n_vms + 1);
	model->kind_of = g_new0(unsigned, problem->n_vms + 1);
	find_kinds(model);
	model->needs = g_new0(unsigned, (size_t)model->n_kinds * model->n_classes + 1);
	find_needs(model);
	find_allowed(model);
	return model;
}

void model_free(Model *model)
{
	g_free(model->threads);
	g_free(model->group_of);
	g_free(model->group_at);
	g_free(model->rooms);
	g_free(model->kind_of);
	g_free(model->needs);
	g_free(model->in_room);
	g_free(model->in_group);
	g_free(model->groups);
	g_free(model->kinds);
	g_free(model);
}
