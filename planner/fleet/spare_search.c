/* SPDX-License-Identifier: MIT */
/*
 * All choices of rooms for all losses of a small fleet, one after the other; what is kept grows as
 * they go, and a choice that keeps as much as the best so far is given up. VMs over several NUMA
 * nodes are not tried: where one may be, less may be found, but nothing is proved.
 */
#include "planner/fleet/spare.h"
#include "planner/place/problem.h"

#include <string.h>

#define SPARE_SEARCH_ROOMS 48
#define SPARE_SEARCH_STEPS 200000

typedef struct SpareTry {
	SpareKept *best;
	Space *space;
	uint64_t bound;
	unsigned steps;
	unsigned *cores; /* by room: kept on the way here */
	uint64_t total;
	GPtrArray *parts; /* of GArray of SpacePart: of the VMs on the way here, loss by loss */
} SpareTry;

typedef struct SpareOption {
	unsigned room, need, growth;
} SpareOption;

static int spare_option_compare(gconstpointer a, gconstpointer b)
{
	const SpareOption *x = a, *y = b;

	if (x->growth != y->growth)
		return x->growth < y->growth ? -1 : 1;
	return x->room < y->room ? -1 : x->room > y->room;
}

static const SpareLoss *spare_try_loss(const SpareTry *try, unsigned loss)
{
	return &g_array_index(try->best->losses, SpareLoss, loss);
}

static const StandingVm *spare_try_vm(const SpareTry *try, unsigned loss, unsigned i)
{
	return loss_vm_at(spare_try_loss(try, loss)->loss->vms, i)->vm;
}

/* The memory that each loss takes of each slot, at most. */
static void spare_try_memory(const SpareTry *try, uint64_t *memory)
{
	g_autofree uint64_t *taken = g_new(uint64_t, try->space->slots + 1);
	unsigned at = 0;

	for (unsigned l = 0; l < try->best->losses->len; l++) {
		memset(taken, 0, try->space->slots * sizeof *taken);
		for (unsigned i = 0; i < spare_try_loss(try, l)->loss->vms->len; i++) {
			const GArray *parts = g_ptr_array_index(try->parts, at++);
			const SpacePart *part = &g_array_index(parts, SpacePart, 0);

			taken[space_room(try->space, part->room)->slot] += part->memory;
		}
		for (unsigned s = 0; s < try->space->slots; s++)
			if (try->space->memory[s] != UINT64_MAX)
				memory[s] = MAX(memory[s], taken[s]);
	}
}

static void spare_try_keep(SpareTry *try)
{
	SpareKept *best = try->best;

	memcpy(best->cores, try->cores, try->space->rooms->len * sizeof *best->cores);
	memset(best->memory, 0, try->space->slots * sizeof *best->memory);
	spare_try_memory(try, best->memory);
	best->total = try->total;
}

/* A VM like the one before it goes no lower: the two may change places. */
static unsigned spare_try_first(const SpareTry *try, unsigned loss, unsigned i)
{
	const StandingVm *vm = spare_try_vm(try, loss, i);
	const StandingVm *before = i ? spare_try_vm(try, loss, i - 1) : NULL;
	const GArray *parts = i ? g_ptr_array_index(try->parts, try->parts->len - 1) : NULL;

	if (!before || before->cpu_pm != vm->cpu_pm ||
	    before->spec->cpu_mode != vm->spec->cpu_mode ||
	    !problem_specs_alike(before->spec, vm->spec) ||
	    g_hash_table_contains(try->space->repeated, vm->spec->name) ||
	    g_hash_table_contains(try->space->repeated, before->spec->name))
		return 0;
	return g_array_index(parts, SpacePart, 0).room;
}

static GArray *spare_try_options(const SpareTry *try, unsigned loss, unsigned i)
{
	const StandingVm *vm = spare_try_vm(try, loss, i);
	GArray *options = g_array_new(FALSE, FALSE, sizeof(SpareOption));

	for (unsigned r = spare_try_first(try, loss, i); r < try->space->rooms->len; r++) {
		const SpaceRoom *room = space_room(try->space, r);
		SpareOption option = {r, standing_cores(vm->spec, room->bid->threads), 0};
		unsigned taken = room->bid->free - room->left + option.need;

		if (!space_allows(try->space, vm, room->standing) ||
		    !space_holds(try->space, vm, r))
			continue;
		option.growth = taken > try->cores[r] ? taken - try->cores[r] : 0;
		g_array_append_val(options, option);
	}
	g_array_sort(options, spare_option_compare);
	return options;
}

static void spare_try_next(SpareTry *try, unsigned loss, unsigned i);

static void spare_try_in(SpareTry *try, unsigned loss, unsigned i, const SpareOption *option)
{
	const StandingVm *vm = spare_try_vm(try, loss, i);
	GArray *parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	SpacePart part = {option->room, option->need, vm->memory};

	g_array_append_val(parts, part);
	g_ptr_array_add(try->parts, parts);
	space_take(try->space, vm, parts);
	try->cores[option->room] += option->growth;
	try->total += option->growth;
	spare_try_next(try, loss, i + 1);
	try->total -= option->growth;
	try->cores[option->room] -= option->growth;
	space_give_back(try->space, vm, parts);
	g_ptr_array_set_size(try->parts, (int)try->parts->len - 1);
}

/* The next loss: this one's hosts are there again, and its VMs take nothing. */
static void spare_try_loss_after(SpareTry *try, unsigned loss)
{
	unsigned n = spare_try_loss(try, loss)->loss->vms->len, first = try->parts->len - n;

	if (loss + 1 == try->best->losses->len) {
		spare_try_keep(try);
		return;
	}
	space_lose(try->space, spare_try_loss(try, loss + 1)->members);
	spare_try_next(try, loss + 1, 0);
	space_lose(try->space, spare_try_loss(try, loss)->members);
	for (unsigned i = 0; i < n; i++)
		space_take(try->space, spare_try_vm(try, loss, i),
			   g_ptr_array_index(try->parts, first + i));
}

static void spare_try_next(SpareTry *try, unsigned loss, unsigned i)
{
	g_autoptr(GArray) options = NULL;

	if (try->total >= try->best->total || try->best->total <= try->bound || !try->steps)
		return;
	if (i == spare_try_loss(try, loss)->loss->vms->len) {
		spare_try_loss_after(try, loss);
		return;
	}
	try->steps--;
	options = spare_try_options(try, loss, i);
	for (unsigned o = 0; o < options->len; o++)
		spare_try_in(try, loss, i, &g_array_index(options, SpareOption, o));
}

/* May a VM of any loss be over several NUMA nodes? */
static bool spare_may_span(const SpareTry *try)
{
	for (unsigned l = 0; l < try->best->losses->len; l++) {
		space_lose(try->space, spare_try_loss(try, l)->members);
		if (loss_may_span(try->space, spare_try_loss(try, l)->loss->vms))
			return true;
	}
	return false;
}

static void spare_parts_free(gpointer parts)
{
	g_array_unref(parts);
}

bool spare_search(SpareKept *kept, uint64_t bound)
{
	g_autofree unsigned *cores = g_new0(unsigned, kept->space->rooms->len + 1);
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(spare_parts_free);
	SpareTry try = {kept, kept->space, bound, SPARE_SEARCH_STEPS, cores, 0, parts};

	if (kept->space->rooms->len > SPARE_SEARCH_ROOMS || !kept->losses->len)
		return false;
	space_lose(kept->space, spare_try_loss(&try, 0)->members);
	spare_try_next(&try, 0, 0);
	return try.steps && !spare_may_span(&try);
}
