/* SPDX-License-Identifier: MIT */
/*
 * All choices of rooms for a few VMs in a small fleet: VM by VM, each in every room that differs
 * from those before it, or left out. VMs over several NUMA nodes are not tried: where one may be,
 * the search finds better answers, but proves none.
 */
#include "planner/fleet/loss.h"

#define LOSS_SEARCH_ROOMS 64
#define LOSS_SEARCH_STEPS 50000

typedef struct LossTry {
	Space *space;
	const GPtrArray *vms;	     /* of LossVm */
	GPtrArray *now, *best;	     /* by VM: of GArray of SpacePart; NULL = left out */
	unsigned most, least, steps; /* fewest left out so far; no fewer is possible */
} LossTry;

/* Is room A as good as B for any VM that comes? */
static bool loss_rooms_alike(const Space *space, unsigned a, unsigned b)
{
	const SpaceRoom *x = space_room(space, a), *y = space_room(space, b);
	unsigned one = x->standing, other = y->standing;

	return !space->touched[one] && !space->touched[other] &&
	       space->first[one + 1] - space->first[one] == 1 &&
	       space->first[other + 1] - space->first[other] == 1 &&
	       x->bid->threads == y->bid->threads && x->left == y->left &&
	       space->memory[x->slot] == space->memory[y->slot] &&
	       space_standing(space, one)->modes == space_standing(space, other)->modes;
}

static bool loss_room_new(const Space *space, const StandingVm *vm, unsigned room)
{
	for (unsigned r = 0; r < room; r++)
		if (space_allows(space, vm, space_room(space, r)->standing) &&
		    loss_rooms_alike(space, r, room))
			return false;
	return true;
}

static void loss_try_next(LossTry *try, unsigned i, unsigned left);

static void loss_try_in(LossTry *try, unsigned i, unsigned left, unsigned room)
{
	const StandingVm *vm = loss_vm_at(try->vms, i)->vm;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	unsigned threads = space_room(try->space, room)->bid->threads;
	SpacePart part = {room, standing_cores(vm->spec, threads), vm->memory};

	g_array_append_val(parts, part);
	space_take(try->space, vm, parts);
	try->now->pdata[i] = parts;
	loss_try_next(try, i + 1, left);
	try->now->pdata[i] = NULL;
	space_give_back(try->space, vm, parts);
}

static void loss_try_keep(LossTry *try, unsigned left)
{
	try->most = left;
	g_ptr_array_set_size(try->best, 0);
	for (unsigned i = 0; i < try->now->len; i++) {
		GArray *parts = try->now->pdata[i];

		g_ptr_array_add(try->best, parts ? g_array_copy(parts) : NULL);
	}
}

static void loss_try_next(LossTry *try, unsigned i, unsigned left)
{
	const StandingVm *vm;

	if (left >= try->most || try->most <= try->least || !try->steps)
		return;
	if (i == try->vms->len) {
		loss_try_keep(try, left);
		return;
	}
	try->steps--;
	vm = loss_vm_at(try->vms, i)->vm;
	for (unsigned r = 0; r < try->space->rooms->len; r++)
		if (space_allows(try->space, vm, space_room(try->space, r)->standing) &&
		    space_holds(try->space, vm, r) && loss_room_new(try->space, vm, r))
			loss_try_in(try, i, left, r);
	loss_try_next(try, i + 1, left + 1);
}

static void loss_parts_free(gpointer parts)
{
	g_clear_pointer((GArray **)&parts, g_array_unref);
}

bool loss_may_span(const Space *space, const GPtrArray *vms)
{
	for (unsigned s = 0; s < space->standings->len; s++)
		for (unsigned i = 0; i < vms->len; i++) {
			const StandingVm *vm = loss_vm_at(vms, i)->vm;

			if (space->first[s + 1] - space->first[s] > 1 &&
			    space_allows(space, vm, s) &&
			    !standing_whole(space_standing(space, s), vm))
				return true;
		}
	return false;
}

void loss_search(Space *space, Loss *loss)
{
	g_autoptr(GPtrArray) now = g_ptr_array_new();
	g_autoptr(GPtrArray) best = g_ptr_array_new_with_free_func(loss_parts_free);
	LossTry try = {space, loss->vms, now, best, loss->left, loss->least, LOSS_SEARCH_STEPS};

	if (space->rooms->len > LOSS_SEARCH_ROOMS)
		return;
	g_ptr_array_set_size(now, (int)loss->vms->len);
	loss_try_next(&try, 0, 0);
	for (unsigned i = 0; i < best->len; i++) {
		LossVm *lost = g_ptr_array_index(loss->vms, i);

		g_clear_pointer(&lost->parts, g_array_unref);
		lost->parts = g_steal_pointer(&best->pdata[i]);
	}
	loss->left = try.most;
	if (try.steps && !loss_may_span(space, loss->vms))
		loss->least = loss->left;
}
