/* SPDX-License-Identifier: MIT */
#include "planner/fleet/drain_internal.h"
#include "planner/fleet/loss.h"

#include <string.h>

/* What is made, and with what. */
typedef struct DrainMaking {
	Drain *drain;
	Space *space;
	DrainProgram *program;
	GPtrArray *classes_of; /* by node: GArray of unsigned, the class of each of its rooms */
	guint64 open;	       /* classes of nodes that take VMs */
} DrainMaking;

static void drain_vm_free(gpointer data)
{
	DrainVm *vm = data;

	g_free(vm->why);
	g_free(vm);
}

void drain_free(Drain *drain)
{
	g_ptr_array_unref(drain->vms);
	g_free(drain);
}

static DrainVm *drain_vm_new(const StandingVm *vm, unsigned from, bool leaves)
{
	DrainVm *drained = g_new0(DrainVm, 1);

	drained->vm = vm;
	drained->from = from;
	drained->leaves = leaves;
	drained->to = DRAIN_NOWHERE;
	return drained;
}

/* Programs */

static void drain_bin_clear(gpointer data)
{
	g_array_unref(((DrainBin *)data)->own);
}

static DrainProgram *drain_program_new(Space *space, unsigned moves)
{
	DrainProgram *program = g_new0(DrainProgram, 1);

	program->space = space;
	program->classes = drain_classes_new();
	program->moves = MIN(moves, DRAIN_MOVES_MOST);
	program->types = g_array_new(FALSE, TRUE, sizeof(DrainType));
	program->ones = g_ptr_array_new_with_free_func(g_free);
	program->bins = g_array_new(FALSE, TRUE, sizeof(DrainBin));
	g_array_set_clear_func(program->bins, drain_bin_clear);
	program->touched = g_new0(unsigned, space->standings->len + 1);
	program->tables = g_new0(DrainTable, DRAIN_CLASSES_MOST);
	return program;
}

static void drain_program_free(DrainProgram *program)
{
	for (unsigned g = 0; g < DRAIN_CLASSES_MOST; g++) {
		g_free(program->tables[g].worth);
		g_free(program->tables[g].last);
	}
	g_free(program->tables);
	g_free(program->touched);
	g_array_unref(program->bins);
	g_ptr_array_unref(program->ones);
	g_array_unref(program->types);
	drain_classes_free(program->classes);
	g_free(program);
}

/* The type of VM, which may go to REACH: new or known. */
static unsigned drain_type_of(DrainProgram *program, const StandingVm *vm, const DrainReach *reach)
{
	guint64 better = reach->live | reach->unsure;
	DrainType type = {.vcpus = vm_spec_pinned(vm->spec),
			  .helpers = vm_spec_helpers(vm->spec),
			  .isolate = vm->spec->threads == THREADS_ISOLATE,
			  .memory = vm->memory,
			  .classes = drain_reach_any(reach),
			  .unsure = reach->live ? reach->unsure : 0,
			  .stopped = better ? reach->stopped : 0,
			  .row = -1};

	for (unsigned t = 0; t < program->types->len; t++) {
		const DrainType *known = drain_type(program, t);

		if (known->vcpus == type.vcpus && known->helpers == type.helpers &&
		    known->isolate == type.isolate && known->memory == type.memory &&
		    known->classes == type.classes && known->unsure == type.unsure &&
		    known->stopped == type.stopped)
			return t;
	}
	g_array_append_val(program->types, type);
	return program->types->len - 1;
}

static DrainOne *drain_add_one(DrainProgram *program, DrainVm *vm, const DrainReach *reach)
{
	DrainOne *one = g_new0(DrainOne, 1);

	one->vm = vm;
	one->type = drain_type_of(program, vm->vm, reach);
	one->home = one->bin = DRAIN_NOWHERE;
	one->waits = vm->leaves;
	drain_type(program, one->type)->leave += vm->leaves;
	g_ptr_array_add(program->ones, one);
	return one;
}

/* Classes */

static void drain_open_class(DrainMaking *making, unsigned standing, unsigned class)
{
	if (class < DRAIN_CLASSES_MOST && !making->space->lost[standing] &&
	    space_standing(making->space, standing)->bid->open)
		making->open |= (guint64)1 << class;
}

static void drain_find_classes(DrainMaking *making)
{
	for (unsigned s = 0; s < making->space->standings->len; s++) {
		const Standing *standing = space_standing(making->space, s);
		GArray *classes = g_array_new(FALSE, FALSE, sizeof(unsigned));
		const GArray *rooms = standing->bid->rooms;

		for (unsigned r = 0; rooms && r < rooms->len; r++) {
			unsigned class = drain_class_of(making->program->classes, standing,
							g_array_index(rooms, BidRoom, r).threads);

			g_array_append_val(classes, class);
			drain_open_class(making, s, class);
		}
		if (!classes->len) {
			unsigned class = drain_class_of(making->program->classes, standing, 1);

			g_array_append_val(classes, class);
		}
		g_ptr_array_add(making->classes_of, classes);
	}
}

static unsigned drain_class_at(const DrainMaking *making, unsigned standing, unsigned room)
{
	return g_array_index((const GArray *)g_ptr_array_index(making->classes_of, standing),
			     unsigned, room);
}

/* Where VM, of the node FROM, may go. */
static DrainReach drain_may_go(const DrainMaking *making, const StandingVm *vm, unsigned from)
{
	unsigned room = vm->room == STANDING_NO_ROOM ? 0 : vm->room;
	DrainReach reach =
		drain_reach(making->program->classes, vm, drain_class_at(making, from, room));

	reach.live &= making->open;
	reach.unsure &= making->open;
	reach.stopped &= making->open;
	return reach;
}

static bool drain_goes_to(const DrainMaking *making, guint64 classes, unsigned standing)
{
	unsigned class = drain_class_at(making, standing, 0);

	return class < DRAIN_CLASSES_MOST && classes >> class & 1;
}

/* VMs that nobody makes room for */

/* Could it be in one NUMA node of a node that it may go to, were that empty? */
static bool drain_sits_in_bin(const DrainMaking *making, const StandingVm *vm, guint64 classes)
{
	const Space *space = making->space;

	for (unsigned r = 0; r < space->rooms->len; r++) {
		const SpaceRoom *room = space_room(space, r);

		if (!space->lost[room->standing] &&
		    drain_goes_to(making, classes, room->standing) &&
		    room->bid->cores >= standing_cores(vm->spec, room->bid->threads) &&
		    room->bid->capacity >= vm->memory)
			return true;
	}
	return false;
}

/* Until memcpy()ed back, nodes that VM may not go to are lost, too; what was before: yours. */
static bool *drain_close(const DrainMaking *making, const DrainVm *vm, guint64 classes)
{
	Space *space = making->space;
	bool *before = g_memdup2(space->lost, (space->standings->len + 1) * sizeof *space->lost);

	for (unsigned s = 0; s < space->standings->len; s++)
		space->lost[s] |= s == vm->from || !drain_goes_to(making, classes, s);
	return before;
}

/* Where VM goes as things are, among CLASSES: that is taken. False: nowhere. */
static bool drain_find_among(const DrainMaking *making, DrainVm *vm, guint64 classes)
{
	Space *space = making->space;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	g_autofree bool *lost = drain_close(making, vm, classes);
	bool found;

	found = space_find_room(space, vm->vm, parts) || space_find_span(space, vm->vm, parts);
	memcpy(space->lost, lost, space->standings->len * sizeof *space->lost);
	if (!found)
		return false;
	space_take(space, vm->vm, parts);
	vm->to = space_room(space, g_array_index(parts, SpacePart, 0).room)->standing;
	return true;
}

/* The same of a shared VM, which takes memory alone: where most of it is free. */
static bool drain_find_memory(const DrainMaking *making, DrainVm *vm, guint64 classes)
{
	Space *space = making->space;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	SpacePart part = {.memory = vm->vm->memory};
	uint64_t most = 0;

	for (unsigned s = 0; s < space->standings->len; s++) {
		unsigned room = space_roomiest(space, s);
		uint64_t memory;

		if (room == SPACE_NO_ROOM || !drain_goes_to(making, classes, s) ||
		    !space_allows(space, vm->vm, s))
			continue;
		memory = space->memory[space_room(space, room)->slot];
		if (memory < part.memory || (vm->to != DRAIN_NOWHERE && memory <= most))
			continue;
		vm->to = s;
		part.room = room;
		most = memory;
	}
	if (vm->to == DRAIN_NOWHERE)
		return false;
	g_array_append_val(parts, part);
	space_take(space, vm->vm, parts);
	return true;
}

/* Where VM goes as things are, if anywhere, in the best way that has room. */
static void drain_find_place(const DrainMaking *making, DrainVm *vm, const DrainReach *reach)
{
	const guint64 ways[] = {reach->live, reach->unsure, reach->stopped};

	for (unsigned w = 0; w < G_N_ELEMENTS(ways); w++)
		if (vm->vm->shared ? drain_find_memory(making, vm, ways[w])
				   : drain_find_among(making, vm, ways[w]))
			return;
}

/* Why VM, which is shared, has no place among CLASSES. */
static char *drain_why_no_memory(const DrainMaking *making, const DrainVm *vm, guint64 classes)
{
	const Space *space = making->space;

	for (unsigned s = 0; s < space->standings->len; s++) {
		unsigned room = space_roomiest(space, s);

		if (room != SPACE_NO_ROOM && !space->lost[s] && drain_goes_to(making, classes, s) &&
		    space_has_name(space, vm->vm, s) &&
		    space->memory[space_room(space, room)->slot] >= vm->vm->memory)
			return g_strdup("the other nodes with as much memory free have a VM of its "
					"name");
	}
	return g_strdup("no other node has as much memory free in one NUMA node");
}

/* Why VM may go nowhere. */
static char *drain_why_stays(const DrainMaking *making, const DrainVm *vm)
{
	const Space *space = making->space;
	unsigned from = drain_class_at(making, vm->from, 0);

	if (vm->vm->device)
		return g_strdup("it has devices of its node: near = names them");
	for (unsigned s = 0; s < space->standings->len && from < DRAIN_CLASSES_MOST; s++) {
		unsigned to = drain_class_at(making, s, 0);

		if (!space->lost[s] && space_standing(space, s)->bid->open &&
		    to < DRAIN_CLASSES_MOST)
			return drain_passage_why(making->program->classes, vm->vm, from, to);
	}
	return g_strdup("no other node takes VMs");
}

/* The VMs of MEMBERS: those that go like others wait, the rest has a place, or why not. */
static void drain_add_leaving_vms(DrainMaking *making, const GArray *members)
{
	for (unsigned m = 0; m < members->len; m++) {
		unsigned from = g_array_index(members, unsigned, m);
		const GPtrArray *vms = space_standing(making->space, from)->vms;

		for (unsigned i = 0; i < vms->len; i++)
			g_ptr_array_add(making->drain->vms,
					drain_vm_new(g_ptr_array_index(vms, i), from, true));
	}
}

/* A VM that is left costs more than all others, were each on its worst way. */
static void drain_set_left(DrainProgram *program)
{
	for (unsigned t = 0; t < program->types->len; t++) {
		const DrainType *type = drain_type(program, t);

		program->worse += type->leave * (type->stopped ? 2 : type->unsure ? 1 : 0);
	}
	program->left = DRAIN_WORSE * 2 * (1 + (int64_t)program->worse);
}

static void drain_sort_out(DrainMaking *making)
{
	for (unsigned i = 0; i < making->drain->vms->len; i++) {
		DrainVm *vm = g_ptr_array_index(making->drain->vms, i);
		DrainReach reach = drain_may_go(making, vm->vm, vm->from);
		guint64 classes = drain_reach_any(&reach);
		bool alike = vm->vm->spec->kind == CORE_KIND_ANY && !vm->vm->spec->apart.group;

		if (!classes) {
			making->drain->stuck++;
			vm->why = drain_why_stays(making, vm);
		} else if (vm->vm->shared) {
			drain_find_place(making, vm, &reach);
			if (vm->to == DRAIN_NOWHERE)
				vm->why = drain_why_no_memory(making, vm, classes);
		} else if (alike && drain_sits_in_bin(making, vm->vm, classes)) {
			drain_add_one(making->program, vm, &reach);
		} else {
			making->drain->unsure = true;
			drain_find_place(making, vm, &reach);
		}
	}
	making->program->n_leave = making->program->ones->len;
	drain_set_left(making->program);
}

/* Bins */

/* Rooms of one slot share its memory: then only the first is one. */
static void drain_add_bins(DrainMaking *making)
{
	const Space *space = making->space;

	for (unsigned r = 0; r < space->rooms->len; r++) {
		const SpaceRoom *room = space_room(space, r);
		DrainBin bin = {.room = r, .standing = room->standing, .row = -1};

		bin.class =
			drain_class_at(making, room->standing, r - space->first[room->standing]);
		if (space->lost[room->standing] || bin.class >= DRAIN_CLASSES_MOST)
			continue;
		if (r && room[-1].slot == room->slot) {
			making->drain->unsure = true;
			continue;
		}
		bin.cores = room->left;
		bin.memory = space->memory[room->slot];
		bin.own = g_array_new(FALSE, FALSE, sizeof(DrainOwn));
		g_array_append_val(making->program->bins, bin);
	}
}

static int drain_own_compare(gconstpointer a, gconstpointer b)
{
	const DrainOwn *x = a, *y = b;

	if (x->one->type != y->one->type)
		return x->one->type < y->one->type ? -1 : 1;
	return strcmp(x->one->vm->vm->spec->name, y->one->vm->vm->spec->name);
}

/* The VMs of BIN that may make room. */
static void drain_add_own(DrainMaking *making, unsigned b)
{
	DrainProgram *program = making->program;
	DrainBin *bin = drain_bin(program, b);
	const GPtrArray *vms = space_standing(making->space, bin->standing)->vms;

	for (unsigned i = 0; i < vms->len && bin->own->len < DRAIN_OWN_MOST; i++) {
		const StandingVm *vm = g_ptr_array_index(vms, i);
		DrainOwn own = {.cores = vm->cores};
		DrainReach reach;

		if (vm->room == STANDING_NO_ROOM ||
		    making->space->first[bin->standing] + vm->room != bin->room)
			continue;
		reach = drain_may_go(making, vm, bin->standing);
		reach.unsure = reach.live ? 0 : reach.unsure;
		reach.stopped = 0;
		if (!drain_reach_any(&reach))
			continue;
		own.one = drain_add_one(program, drain_vm_new(vm, bin->standing, false), &reach);
		own.one->home = b;
		g_array_append_val(bin->own, own);
	}
	g_array_sort(bin->own, drain_own_compare);
}

/* All that a VM which comes can tell of the node of the bins from FIRST on. Yours. */
static char *drain_looks(const DrainProgram *program, unsigned first)
{
	GString *text = g_string_new(NULL);

	for (unsigned b = first;
	     b < program->bins->len &&
	     drain_bin(program, b)->standing == drain_bin(program, first)->standing;
	     b++) {
		const DrainBin *bin = drain_bin(program, b);

		g_string_append_printf(text, "%u %u %" G_GUINT64_FORMAT ":", bin->class, bin->cores,
				       bin->memory);
		for (unsigned i = 0; i < bin->own->len; i++)
			g_string_append_printf(text, "%u.%u ",
					       g_array_index(bin->own, DrainOwn, i).one->type,
					       g_array_index(bin->own, DrainOwn, i).cores);
		g_string_append_c(text, '|');
	}
	return g_string_free(text, FALSE);
}

/* The first bin of a node that looks like that of the bin B, the first of its own. */
static unsigned drain_like(DrainProgram *program, GHashTable *known, unsigned b)
{
	g_autofree char *looks = drain_looks(program, b);
	gpointer like;

	if (g_hash_table_lookup_extended(known, looks, NULL, &like))
		return GPOINTER_TO_UINT(like);
	g_hash_table_insert(known, g_steal_pointer(&looks), GUINT_TO_POINTER(b));
	return b;
}

static void drain_find_alike(DrainProgram *program)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	unsigned first = 0;

	for (unsigned b = 0; b < program->bins->len; b++) {
		DrainBin *bin = drain_bin(program, b);

		if (!b || bin[-1].standing != bin->standing) {
			first = b;
			bin->like = drain_like(program, known, b);
		} else {
			bin->like = drain_bin(program, first)->like + (b - first);
		}
	}
}

/* The result */

/* The VMs of the program: those that leave are in the list already. */
static void drain_take_program(DrainMaking *making)
{
	const DrainProgram *program = making->program;
	Drain *drain = making->drain;

	for (unsigned i = 0; i < program->ones->len; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);

		if (one->bin != DRAIN_NOWHERE)
			one->vm->to = drain_bin(program, one->bin)->standing;
		if (i < program->n_leave)
			continue;
		if (one->bin == DRAIN_NOWHERE) {
			drain_vm_free(one->vm);
			continue;
		}
		drain->moves++;
		drain->memory += one->vm->vm->memory;
		g_ptr_array_add(drain->vms, one->vm);
	}
}

/* The space as it is when all have moved. */
static void drain_fill_space(const DrainMaking *making)
{
	const DrainProgram *program = making->program;
	Space *space = making->space;

	for (unsigned i = program->n_leave; i < program->ones->len; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);

		if (one->bin != DRAIN_NOWHERE)
			space_free_up(space, drain_bin(program, one->home)->room,
				      one->vm->vm->cores, one->vm->vm->memory);
	}
	for (unsigned i = 0; i < program->ones->len; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);
		g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
		const DrainBin *bin;
		SpacePart part;

		if (one->bin == DRAIN_NOWHERE)
			continue;
		bin = drain_bin(program, one->bin);
		part = (SpacePart){bin->room,
				   drain_cores(program, drain_type(program, one->type), bin->class),
				   one->vm->vm->memory};
		g_array_append_val(parts, part);
		space_take(space, one->vm->vm, parts);
	}
}

/* What the search left: over several NUMA nodes of a node there may still be a place. */
static void drain_try_left(DrainMaking *making)
{
	const DrainProgram *program = making->program;

	drain_fill_space(making);
	for (unsigned i = 0; i < program->n_leave; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);
		DrainReach reach = drain_may_go(making, one->vm->vm, one->vm->from);

		if (one->bin != DRAIN_NOWHERE)
			continue;
		drain_find_place(making, one->vm, &reach);
		making->drain->unsure |= one->vm->to != DRAIN_NOWHERE;
	}
}

static void drain_say_why(const DrainMaking *making, const GArray *members)
{
	Space *space = making->space;

	space_lose(space, members);
	for (unsigned i = 0; i < making->drain->vms->len; i++) {
		DrainVm *vm = g_ptr_array_index(making->drain->vms, i);
		g_autofree bool *lost = NULL;
		DrainReach reach;

		if (vm->to != DRAIN_NOWHERE || vm->why)
			continue;
		reach = drain_may_go(making, vm->vm, vm->from);
		lost = drain_close(making, vm, drain_reach_any(&reach));
		vm->why = loss_why(space, vm->vm);
		memcpy(space->lost, lost, space->standings->len * sizeof *space->lost);
	}
}

/* Those of the program; and VMs that are stuck. */
static void drain_take_bounds(Drain *drain, const DrainProgram *program)
{
	unsigned left = 0, worse = 0;

	for (unsigned i = 0; i < program->n_leave; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);

		left += one->vm->to == DRAIN_NOWHERE;
		if (one->bin != DRAIN_NOWHERE)
			worse += drain_worse(drain_type(program, one->type),
					     drain_bin(program, one->bin)->class);
	}
	for (unsigned i = 0; i < drain->vms->len; i++)
		drain->left +=
			((const DrainVm *)g_ptr_array_index(drain->vms, i))->to == DRAIN_NOWHERE;
	drain->left_bound = drain->stuck + MIN((unsigned)(program->bound / program->left), left);
	if (program->bound / DRAIN_WORSE == left * (program->left / DRAIN_WORSE) + worse)
		drain->moves_bound = (unsigned)(program->bound % DRAIN_WORSE / DRAIN_PRICE);
}

static void drain_work_out(DrainMaking *making, const GArray *members)
{
	DrainProgram *program = making->program;

	space_lose(making->space, members);
	drain_find_classes(making);
	drain_add_leaving_vms(making, members);
	drain_sort_out(making);
	drain_add_bins(making);
	for (unsigned b = 0; program->moves && b < program->bins->len; b++)
		drain_add_own(making, b);
	drain_find_alike(program);
	drain_price(program);
	drain_search(program);
	drain_try_left(making);
	drain_take_program(making);
	drain_say_why(making, members);
}

static void drain_classes_list_free(gpointer classes)
{
	g_array_unref(classes);
}

Drain *drain_new(const GPtrArray *standings, const GArray *members, unsigned moves)
{
	g_autoptr(Space) space = space_new(standings);
	DrainMaking making = {.space = space};

	making.drain = g_new0(Drain, 1);
	making.drain->vms = g_ptr_array_new_with_free_func(drain_vm_free);
	making.classes_of = g_ptr_array_new_with_free_func(drain_classes_list_free);
	making.program = drain_program_new(space, moves);
	drain_work_out(&making, members);
	drain_take_bounds(making.drain, making.program);
	drain_program_free(making.program);
	g_ptr_array_unref(making.classes_of);
	return making.drain;
}
