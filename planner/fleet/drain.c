/* SPDX-License-Identifier: MIT */
#include "planner/fleet/drain_internal.h"
#include "planner/fleet/loss.h"

#include <string.h>

#define DRAIN_OWN_MOST 64 /* of one NUMA node: those are bits of a number */

/* What is made, and with what. */
typedef struct DrainMaking {
	Drain *drain;
	Yard *yard;
	DrainProgram *program;
	GPtrArray *grounds_of; /* by node: GArray of unsigned, the ground of each of its rooms */
	unsigned stay;	       /* VMs that may go nowhere */
	guint64 open;	       /* grounds of nodes that take VMs */
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

static DrainProgram *drain_program_new(Yard *yard, unsigned moves)
{
	DrainProgram *program = g_new0(DrainProgram, 1);

	program->yard = yard;
	program->grounds = drain_grounds_new();
	program->moves = MIN(moves, DRAIN_MOVES_MOST);
	program->types = g_array_new(FALSE, TRUE, sizeof(DrainType));
	program->ones = g_ptr_array_new_with_free_func(g_free);
	program->bins = g_array_new(FALSE, TRUE, sizeof(DrainBin));
	g_array_set_clear_func(program->bins, drain_bin_clear);
	program->touched = g_new0(unsigned, yard->standings->len + 1);
	program->tables = g_new0(DrainTable, DRAIN_GROUNDS_MOST);
	return program;
}

static void drain_program_free(DrainProgram *program)
{
	for (unsigned g = 0; g < DRAIN_GROUNDS_MOST; g++) {
		g_free(program->tables[g].worth);
		g_free(program->tables[g].last);
	}
	g_free(program->tables);
	g_free(program->touched);
	g_array_unref(program->bins);
	g_ptr_array_unref(program->ones);
	g_array_unref(program->types);
	drain_grounds_free(program->grounds);
	g_free(program);
}

/* The type of VM, which may go to GROUNDS: new or known. */
static unsigned drain_type_of(DrainProgram *program, const StandingVm *vm, guint64 grounds)
{
	DrainType type = {.vcpus = vm_spec_pinned(vm->spec),
			  .helpers = vm_spec_helpers(vm->spec),
			  .isolate = vm->spec->threads == THREADS_ISOLATE,
			  .memory = vm->memory,
			  .grounds = grounds,
			  .row = -1};

	for (unsigned t = 0; t < program->types->len; t++) {
		const DrainType *known = drain_type(program, t);

		if (known->vcpus == type.vcpus && known->helpers == type.helpers &&
		    known->isolate == type.isolate && known->memory == type.memory &&
		    known->grounds == type.grounds)
			return t;
	}
	g_array_append_val(program->types, type);
	return program->types->len - 1;
}

static DrainOne *drain_add_one(DrainProgram *program, DrainVm *vm, guint64 grounds)
{
	DrainOne *one = g_new0(DrainOne, 1);

	one->vm = vm;
	one->type = drain_type_of(program, vm->vm, grounds);
	one->home = one->bin = DRAIN_NOWHERE;
	one->waits = vm->leaves;
	drain_type(program, one->type)->leave += vm->leaves;
	g_ptr_array_add(program->ones, one);
	return one;
}

/* Grounds */

static void drain_open_ground(DrainMaking *making, unsigned standing, unsigned ground)
{
	if (ground < DRAIN_GROUNDS_MOST && !making->yard->lost[standing] &&
	    yard_standing(making->yard, standing)->bid->open)
		making->open |= (guint64)1 << ground;
}

static void drain_find_grounds(DrainMaking *making)
{
	for (unsigned s = 0; s < making->yard->standings->len; s++) {
		const Standing *standing = yard_standing(making->yard, s);
		GArray *grounds = g_array_new(FALSE, FALSE, sizeof(unsigned));
		const GArray *rooms = standing->bid->rooms;

		for (unsigned r = 0; rooms && r < rooms->len; r++) {
			unsigned ground = drain_ground_of(making->program->grounds, standing,
							  g_array_index(rooms, BidRoom, r).threads);

			g_array_append_val(grounds, ground);
			drain_open_ground(making, s, ground);
		}
		if (!grounds->len) {
			unsigned ground = drain_ground_of(making->program->grounds, standing, 1);

			g_array_append_val(grounds, ground);
		}
		g_ptr_array_add(making->grounds_of, grounds);
	}
}

static unsigned drain_ground_at(const DrainMaking *making, unsigned standing, unsigned room)
{
	return g_array_index((const GArray *)g_ptr_array_index(making->grounds_of, standing),
			     unsigned, room);
}

/* Where VM, of the node FROM, gets so, or better. */
static guint64 drain_may_reach(const DrainMaking *making, const StandingVm *vm, unsigned from,
			       MigrateVerdict most)
{
	unsigned room = vm->room == STANDING_NO_ROOM ? 0 : vm->room;
	unsigned ground = drain_ground_at(making, from, room);

	if (vm->device || ground >= DRAIN_GROUNDS_MOST)
		return 0;
	return drain_passages(making->program->grounds, vm, ground, most) & making->open;
}

/* Where VM, of the node FROM, may go: surely live; where there is none, perhaps; where it leaves
 * and cannot, powered off and on. */
static guint64 drain_may_go(const DrainMaking *making, const StandingVm *vm, unsigned from,
			    bool leaves)
{
	guint64 grounds = drain_may_reach(making, vm, from, MIGRATE_LIVE);

	if (!grounds)
		grounds = drain_may_reach(making, vm, from, MIGRATE_UNKNOWN);
	if (!grounds && leaves)
		grounds = drain_may_reach(making, vm, from, MIGRATE_RESTART);
	return grounds;
}

static bool drain_goes_to(const DrainMaking *making, guint64 grounds, unsigned standing)
{
	unsigned ground = drain_ground_at(making, standing, 0);

	return ground < DRAIN_GROUNDS_MOST && grounds >> ground & 1;
}

/* VMs that nobody makes room for */

/* Could it be in one NUMA node of a node that it may go to, were that empty? */
static bool drain_sits_in_bin(const DrainMaking *making, const StandingVm *vm, guint64 grounds)
{
	const Yard *yard = making->yard;

	for (unsigned r = 0; r < yard->rooms->len; r++) {
		const YardRoom *room = yard_room(yard, r);

		if (!yard->lost[room->standing] && drain_goes_to(making, grounds, room->standing) &&
		    room->bid->cores >= standing_cores(vm->spec, room->bid->threads) &&
		    room->bid->capacity >= vm->memory)
			return true;
	}
	return false;
}

/* Until memcpy()ed back, nodes that VM may not go to are lost, too; what was before: yours. */
static bool *drain_close(const DrainMaking *making, const DrainVm *vm, guint64 grounds)
{
	Yard *yard = making->yard;
	bool *before = g_memdup2(yard->lost, (yard->standings->len + 1) * sizeof *yard->lost);

	for (unsigned s = 0; s < yard->standings->len; s++)
		yard->lost[s] |= s == vm->from || !drain_goes_to(making, grounds, s);
	return before;
}

/* Where VM goes as things are, if anywhere: that is taken. */
static void drain_find_place(const DrainMaking *making, DrainVm *vm, guint64 grounds)
{
	Yard *yard = making->yard;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(YardPart));
	g_autofree bool *lost = drain_close(making, vm, grounds);
	bool found;

	found = yard_find_room(yard, vm->vm, parts) || yard_find_span(yard, vm->vm, parts);
	memcpy(yard->lost, lost, yard->standings->len * sizeof *yard->lost);
	if (!found)
		return;
	yard_take(yard, vm->vm, parts);
	vm->to = yard_room(yard, g_array_index(parts, YardPart, 0).room)->standing;
}

/* A shared VM takes memory alone: to the node that has most of it free. */
static void drain_place_shared(const DrainMaking *making, DrainVm *vm, guint64 grounds)
{
	Yard *yard = making->yard;
	unsigned best = DRAIN_NOWHERE;
	uint64_t most = 0;

	for (unsigned s = 0; s < yard->standings->len; s++) {
		uint64_t memory = 0;

		if (!yard_allows(yard, vm->vm, s) || !drain_goes_to(making, grounds, s))
			continue;
		for (unsigned r = yard->first[s]; r < yard->first[s + 1]; r++)
			memory = MAX(memory, yard->memory[yard_room(yard, r)->slot]);
		if (memory >= vm->vm->memory && (best == DRAIN_NOWHERE || memory > most)) {
			best = s;
			most = memory;
		}
	}
	vm->to = best;
	if (best == DRAIN_NOWHERE)
		vm->why = g_strdup("no other node has as much memory free in one NUMA node");
	for (unsigned r = best == DRAIN_NOWHERE ? 0 : yard->first[best];
	     most != UINT64_MAX && best != DRAIN_NOWHERE && r < yard->first[best + 1]; r++)
		if (yard->memory[yard_room(yard, r)->slot] == most) {
			yard->memory[yard_room(yard, r)->slot] -= vm->vm->memory;
			return;
		}
}

/* Why VM may go nowhere. */
static char *drain_why_stays(const DrainMaking *making, const DrainVm *vm)
{
	const Yard *yard = making->yard;
	unsigned from = drain_ground_at(making, vm->from, 0);

	if (vm->vm->device)
		return g_strdup("it has devices of its node: near = names them");
	for (unsigned s = 0; s < yard->standings->len && from < DRAIN_GROUNDS_MOST; s++) {
		unsigned to = drain_ground_at(making, s, 0);

		if (!yard->lost[s] && yard_standing(yard, s)->bid->open && to < DRAIN_GROUNDS_MOST)
			return drain_passage_why(making->program->grounds, vm->vm, from, to);
	}
	return g_strdup("no other node takes VMs");
}

/* The VMs of MEMBERS: those that go like others wait, the rest has a place, or why not. */
static void drain_add_leaving_vms(DrainMaking *making, const GArray *members)
{
	for (unsigned m = 0; m < members->len; m++) {
		unsigned from = g_array_index(members, unsigned, m);
		const GPtrArray *vms = yard_standing(making->yard, from)->vms;

		for (unsigned i = 0; i < vms->len; i++)
			g_ptr_array_add(making->drain->vms,
					drain_vm_new(g_ptr_array_index(vms, i), from, true));
	}
}

static void drain_sort_out(DrainMaking *making)
{
	for (unsigned i = 0; i < making->drain->vms->len; i++) {
		DrainVm *vm = g_ptr_array_index(making->drain->vms, i);
		guint64 grounds = drain_may_go(making, vm->vm, vm->from, true);
		bool alike = vm->vm->spec->kind == CORE_KIND_ANY && !vm->vm->spec->apart.group;

		if (!grounds) {
			making->stay++;
			vm->why = drain_why_stays(making, vm);
		} else if (vm->vm->shared) {
			drain_place_shared(making, vm, grounds);
		} else if (alike && drain_sits_in_bin(making, vm->vm, grounds)) {
			drain_add_one(making->program, vm, grounds);
		} else {
			making->drain->unsure = true;
			drain_find_place(making, vm, grounds);
		}
	}
	making->program->n_leave = making->program->ones->len;
}

/* Bins */

/* Rooms of one slot share its memory: then only the first is one. */
static void drain_add_bins(DrainMaking *making)
{
	const Yard *yard = making->yard;

	for (unsigned r = 0; r < yard->rooms->len; r++) {
		const YardRoom *room = yard_room(yard, r);
		DrainBin bin = {.room = r, .standing = room->standing, .row = -1};

		bin.ground =
			drain_ground_at(making, room->standing, r - yard->first[room->standing]);
		if (yard->lost[room->standing] || bin.ground >= DRAIN_GROUNDS_MOST)
			continue;
		if (r && room[-1].slot == room->slot) {
			making->drain->unsure = true;
			continue;
		}
		bin.cores = room->left;
		bin.memory = yard->memory[room->slot];
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
	const GPtrArray *vms = yard_standing(making->yard, bin->standing)->vms;

	for (unsigned i = 0; i < vms->len && bin->own->len < DRAIN_OWN_MOST; i++) {
		const StandingVm *vm = g_ptr_array_index(vms, i);
		DrainOwn own = {.cores = vm->cores};
		guint64 grounds;

		if (vm->room == STANDING_NO_ROOM ||
		    making->yard->first[bin->standing] + vm->room != bin->room)
			continue;
		grounds = drain_may_go(making, vm, bin->standing, false);
		if (!grounds)
			continue;
		own.one = drain_add_one(program, drain_vm_new(vm, bin->standing, false), grounds);
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

		g_string_append_printf(text, "%u %u %" G_GUINT64_FORMAT ":", bin->ground,
				       bin->cores, bin->memory);
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

/* The yard as it is when all have moved. */
static void drain_fill_yard(const DrainMaking *making)
{
	const DrainProgram *program = making->program;
	Yard *yard = making->yard;

	for (unsigned i = program->n_leave; i < program->ones->len; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);
		YardRoom *room = yard_room(yard, drain_bin(program, one->home)->room);

		if (one->bin == DRAIN_NOWHERE)
			continue;
		room->left += one->vm->vm->cores;
		if (yard->memory[room->slot] != UINT64_MAX)
			yard->memory[room->slot] += one->vm->vm->memory;
	}
	for (unsigned i = 0; i < program->ones->len; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);
		g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(YardPart));
		const DrainBin *bin;
		YardPart part;

		if (one->bin == DRAIN_NOWHERE)
			continue;
		bin = drain_bin(program, one->bin);
		part = (YardPart){bin->room,
				  drain_cores(program, drain_type(program, one->type), bin->ground),
				  one->vm->vm->memory};
		g_array_append_val(parts, part);
		yard_take(yard, one->vm->vm, parts);
	}
}

/* What the search left: over several NUMA nodes of a node there may still be a place, or where it
 * is not sure that it goes live. */
static void drain_try_left(DrainMaking *making)
{
	const DrainProgram *program = making->program;

	drain_fill_yard(making);
	for (unsigned i = 0; i < program->n_leave; i++) {
		const DrainOne *one = g_ptr_array_index(program->ones, i);

		if (one->bin != DRAIN_NOWHERE)
			continue;
		drain_find_place(making, one->vm,
				 drain_type(program, one->type)->grounds |
					 drain_may_reach(making, one->vm->vm, one->vm->from,
							 MIGRATE_UNKNOWN));
		making->drain->unsure |= one->vm->to != DRAIN_NOWHERE;
	}
}

static void drain_say_why(const DrainMaking *making, const GArray *members)
{
	Yard *yard = making->yard;

	yard_lose(yard, members);
	for (unsigned i = 0; i < making->drain->vms->len; i++) {
		DrainVm *vm = g_ptr_array_index(making->drain->vms, i);
		g_autofree bool *lost = NULL;

		if (vm->to != DRAIN_NOWHERE || vm->why)
			continue;
		lost = drain_close(making, vm, drain_may_go(making, vm->vm, vm->from, true));
		vm->why = loss_why(yard, vm->vm);
		memcpy(yard->lost, lost, yard->standings->len * sizeof *yard->lost);
	}
}

/* Those of the program; and VMs that may go nowhere. */
static void drain_take_bounds(Drain *drain, const DrainProgram *program, unsigned stay)
{
	unsigned left = 0;

	for (unsigned i = 0; i < program->n_leave; i++)
		left += ((const DrainOne *)g_ptr_array_index(program->ones, i))->vm->to ==
			DRAIN_NOWHERE;
	for (unsigned i = 0; i < drain->vms->len; i++)
		drain->left +=
			((const DrainVm *)g_ptr_array_index(drain->vms, i))->to == DRAIN_NOWHERE;
	drain->left_bound = stay + MIN((unsigned)(program->bound / DRAIN_LEFT), left);
	if (program->bound / DRAIN_LEFT == left)
		drain->moves_bound = (unsigned)(program->bound % DRAIN_LEFT / DRAIN_PRICE);
}

static void drain_work_out(DrainMaking *making, const GArray *members)
{
	DrainProgram *program = making->program;

	yard_lose(making->yard, members);
	drain_find_grounds(making);
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

static void drain_grounds_list_free(gpointer grounds)
{
	g_array_unref(grounds);
}

Drain *drain_new(const GPtrArray *standings, const GArray *members, unsigned moves)
{
	g_autoptr(Yard) yard = yard_new(standings);
	DrainMaking making = {.yard = yard};

	making.drain = g_new0(Drain, 1);
	making.drain->vms = g_ptr_array_new_with_free_func(drain_vm_free);
	making.grounds_of = g_ptr_array_new_with_free_func(drain_grounds_list_free);
	making.program = drain_program_new(yard, moves);
	drain_work_out(&making, members);
	drain_take_bounds(making.drain, making.program, making.stay);
	drain_program_free(making.program);
	g_ptr_array_unref(making.grounds_of);
	return making.drain;
}
