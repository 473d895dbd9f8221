/* SPDX-License-Identifier: MIT */
#include "planner/search_internal.h"

unsigned search_cores(unsigned vcpus, unsigned threads, bool isolate)
{
	return isolate ? vcpus : vcpus / threads + (vcpus % threads != 0);
}

uint64_t share_memory(const SearchVm *vm, unsigned k)
{
	uint64_t share = vm->memory / k + (vm->memory % k != 0);
	uint64_t pages = share / vm->page + (share % vm->page != 0);

	/* What cannot be counted fits no node with a limit. */
	return pages > UINT64_MAX / vm->page ? UINT64_MAX : pages * vm->page;
}

unsigned share_cores(const Model *model, const Kind *kind, unsigned class, unsigned k)
{
	if (k == 1)
		return model->needs[(size_t)(kind - model->kinds) * model->n_classes + class];
	return search_cores(kind->vm.vcpus / k, model->threads[class], kind->vm.isolate);
}

static bool vm_can_share(const SearchProblem *problem, const SearchVm *vm, unsigned k)
{
	return vm->node == G_MAXUINT && vm->vcpus % k == 0 && k <= problem->n_nodes &&
	       problem->n_nodes <= SEARCH_MAX_SPAN;
}

bool share_possible(const Model *model, const Kind *kind, unsigned k)
{
	return vm_can_share(model->problem, &kind->vm, k);
}

static bool node_allowed(const SearchVm *vm, unsigned node)
{
	return vm->node == G_MAXUINT || vm->node == node;
}

/* The classes, threads of each and each room's dense class. */
static void find_classes(Model *model, unsigned *class_of)
{
	const SearchProblem *problem = model->problem;

	for (unsigned i = 0; i < problem->n_rooms; i++) {
		unsigned j = 0;

		while (j < i && problem->rooms[j].class != problem->rooms[i].class)
			j++;
		if (j < i) {
			class_of[i] = class_of[j];
			continue;
		}
		class_of[i] = model->n_classes++;
		model->threads[class_of[i]] = problem->rooms[i].threads;
	}
}

static void find_groups(Model *model, const unsigned *class_of)
{
	const SearchProblem *problem = model->problem;
	unsigned next = 0;

	for (unsigned i = 0; i < problem->n_nodes * model->n_classes; i++) {
		Group *group = &model->groups[model->n_groups];

		*group = (Group){.node = i / model->n_classes, .class = i % model->n_classes};
		group->first = next;
		for (unsigned r = 0; r < problem->n_rooms; r++) {
			if (problem->rooms[r].node != group->node || class_of[r] != group->class)
				continue;
			model->rooms[next++] = r;
			model->group_of[r] = model->n_groups;
			group->cores += problem->rooms[r].cores;
		}
		group->n_rooms = next - group->first;
		model->group_at[i] = group->n_rooms ? model->n_groups++ : SEARCH_NEVER;
	}
}

static bool fits_empty_room(const SearchProblem *problem, const SearchVm *vm)
{
	uint64_t memory = share_memory(vm, 1);

	for (unsigned r = 0; r < problem->n_rooms; r++) {
		const SearchRoom *room = &problem->rooms[r];

		if (node_allowed(vm, room->node) && memory <= problem->memory[room->node] &&
		    search_cores(vm->vcpus, room->threads, vm->isolate) <= room->cores)
			return true;
	}
	return false;
}

/* Cores of CLASS in NODE. */
static uint64_t class_cores(const SearchProblem *problem, unsigned node, unsigned class)
{
	uint64_t cores = 0;

	for (unsigned r = 0; r < problem->n_rooms; r++)
		if (problem->rooms[r].node == node && problem->rooms[r].class == class)
			cores += problem->rooms[r].cores;
	return cores;
}

/* Are there K nodes whose cores of the class of room R hold a share each? */
static bool fits_empty_nodes(const SearchProblem *problem, const SearchVm *vm, unsigned k,
			     const SearchRoom *room)
{
	unsigned need = search_cores(vm->vcpus / k, room->threads, vm->isolate), found = 0;
	uint64_t memory = share_memory(vm, k);

	for (unsigned n = 0; n < problem->n_nodes; n++)
		if (node_allowed(vm, n) && memory <= problem->memory[n] &&
		    class_cores(problem, n, room->class) >= need)
			found++;
	return found >= k;
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

static unsigned natural_level(const SearchProblem *problem, const SearchVm *vm)
{
	for (unsigned level = 0; level <= problem->n_nodes; level++)
		if (search_fits_empty(problem, vm, level))
			return level;
	return SEARCH_NEVER;
}

static bool same_kind(const SearchVm *a, const SearchVm *b)
{
	return a->vcpus == b->vcpus && a->isolate == b->isolate && a->node == b->node &&
	       share_memory(a, 1) == share_memory(b, 1) &&
	       (a->page == b->page || a->memory == b->memory) && (a->page == b->page);
}

/* Most cores first; the rest only makes the order the same whatever order the VMs come in. */
static int compare_kinds(const void *pa, const void *pb)
{
	const Kind *a = pa, *b = pb;

#define BY(field, sign)                                                                            \
	if (a->field != b->field)                                                                  \
		return a->field < b->field ? -(sign) : (sign);
	BY(least, -1)
	BY(vm.vcpus, -1)
	BY(vm.isolate, -1)
	BY(memory, -1)
	BY(vm.page, -1)
	BY(vm.node, 1)
#undef BY
	return 0;
}

static void finish_kind(const Model *model, Kind *kind)
{
	SearchVm anywhere = kind->vm;
	unsigned level;

	anywhere.node = G_MAXUINT;
	kind->memory = share_memory(&kind->vm, 1);
	kind->natural = natural_level(model->problem, &kind->vm);
	level = natural_level(model->problem, &anywhere);
	kind->extra = level <= 1 ? level : SEARCH_NEVER;
	kind->least = SEARCH_NEVER;
	for (unsigned c = 0; c < model->n_classes; c++)
		kind->least = MIN(kind->least, search_cores(kind->vm.vcpus, model->threads[c],
							    kind->vm.isolate));
}

static unsigned find_kind(const Model *model, const SearchVm *vm)
{
	unsigned k = 0;

	while (k < model->n_kinds && !same_kind(&model->kinds[k].vm, vm))
		k++;
	return k;
}

static void find_kinds(Model *model)
{
	const SearchProblem *problem = model->problem;

	for (unsigned i = 0; i < problem->n_vms; i++) {
		unsigned k = find_kind(model, &problem->vms[i]);

		if (k == model->n_kinds) {
			model->kinds[model->n_kinds++] = (Kind){.vm = problem->vms[i]};
			finish_kind(model, &model->kinds[k]);
		}
		model->kinds[k].count++;
	}
	if (model->n_kinds > 1)
		qsort(model->kinds, model->n_kinds, sizeof(Kind), compare_kinds);
	for (unsigned i = 0; i < problem->n_vms; i++)
		model->kind_of[i] = find_kind(model, &problem->vms[i]);
}

static void find_needs(Model *model)
{
	for (unsigned k = 0; k < model->n_kinds; k++)
		for (unsigned c = 0; c < model->n_classes; c++)
			model->needs[(size_t)k * model->n_classes + c] =
				search_cores(model->kinds[k].vm.vcpus, model->threads[c],
					     model->kinds[k].vm.isolate);
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
	model->kinds = g_new0(Kind, problem->n_vms + 1);
	model->kind_of = g_new0(unsigned, problem->n_vms + 1);
	find_kinds(model);
	model->needs = g_new0(unsigned, (size_t)model->n_kinds * model->n_classes + 1);
	find_needs(model);
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
	g_free(model->groups);
	g_free(model->kinds);
	g_free(model);
}

uint64_t kind_value(const Model *model, const Kind *kind)
{
	return model->problem->prefer == PREFER_VCPUS ? kind->vm.vcpus : 1;
}
