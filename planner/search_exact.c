/* SPDX-License-Identifier: MIT */
/*
 * The exact search: fill room after room with every set of VMs that may lead to an answer.
 *
 * What keeps that small:
 * - VMs of a kind are only counted, so no two orders of the same VMs are tried.
 * - A set that leaves room for another VM still to be seated is never better than the one with it.
 * - Bounds (search_bound.c): a room must carry what the rooms after it cannot.
 * - A state (room, VMs not seated yet, cores owed to level 1 …) that led nowhere is remembered, so
 *   that rooms alike are not filled in every order.
 * - Large VMs first, as many as fit first: the first path down is first-fit-decreasing.
 *
 * VMs at level 1 are chosen before the rooms of their group are filled. They take any cores, so all
 * there is to say about them is how many cores the rooms must leave: what the group owes.
 */
#include "planner/search_finder.h"

#include <string.h>

/* What a room is being filled with. */
typedef struct Room {
	unsigned slot;
	uint64_t floor[2]; /* what it must carry at least, in the weights of Bounds.tail */
	uint64_t carried[2];
} Room;

static bool visit(Finder *f, unsigned slot);

bool finder_step(Finder *f)
{
	if (*f->steps == 0 || f->limit == 0)
		f->stopped = true;
	if (f->stopped)
		return false;
	--*f->steps;
	f->limit--;
	return true;
}

unsigned finder_may_leave(const Finder *f)
{
	return f->task->left == SEARCH_NEVER ? SEARCH_NEVER : f->task->left - f->left;
}

static uint64_t rest_at(const Finder *f, unsigned weight, unsigned slot)
{
	return f->rest[(size_t)weight * (f->layout->n_slots + 1) + slot];
}

/* Cores of the rooms from SLOT to the end of its group. */
static uint64_t group_cores(const Finder *f, unsigned slot)
{
	return rest_at(f, WEIGHT_CORES, slot) -
	       rest_at(f, WEIGHT_CORES, f->layout->slots[slot].group_end);
}

/* Is a group still owed cores while its rooms are being filled? Before that, rest counts it. */
static unsigned owed_at(const Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];

	return s->room == SEARCH_NEVER ? 0 : f->owed[s->group];
}

/*
 * The most VALUE or VCPUS that the slots from SLOT on carry: rooms by their fill, the rest of this
 * group no more than its cores less what it owes, the rest of this node no more than its memory.
 */
static uint64_t carry(const Finder *f, unsigned weight, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	unsigned owed = owed_at(f, slot);
	uint64_t most = rest_at(f, weight, slot), beyond, cores;

	if (owed > 0) {
		beyond = rest_at(f, weight, s->group_end);
		most = MIN(most, beyond + bounds_fill(f->bounds, FILL_GROUP, weight, s->class,
						      (unsigned)group_cores(f, slot) - owed));
	}
	if (!f->model->memory || f->memory[s->node] == UINT64_MAX)
		return most;
	beyond = f->later[(size_t)weight * f->model->problem->n_nodes + s->node];
	cores = rest_at(f, WEIGHT_CORES, slot) -
		f->later[(size_t)WEIGHT_CORES * f->model->problem->n_nodes + s->node] - owed;
	return MIN(most, beyond + bounds_memory_fill(f->bounds, FILL_GROUP, weight, (unsigned)cores,
						     f->memory[s->node]));
}

/* What the VMs not seated yet weigh. */
static uint64_t load(const Finder *f, unsigned weight)
{
	const uint64_t *weights = f->bounds->weight + (size_t)weight * f->model->n_kinds;
	uint64_t sum = 0;

	for (unsigned k = 0; k < f->model->n_kinds; k++)
		sum += f->left_over[k] * weights[k];
	return sum;
}

/* The most that VMs worth DROP in all weigh: those may stay outside. */
static uint64_t droppable(const Finder *f, unsigned weight, uint64_t drop)
{
	const uint64_t *weights = f->bounds->weight + (size_t)weight * f->model->n_kinds;
	uint64_t most = 0;

	for (unsigned k = 0; drop > 0 && k < f->model->n_kinds; k++)
		if (f->left_over[k] > 0)
			most = MAX(most, drop * weights[k] / f->model->kinds[k].value);
	return most;
}

/* The most that N of the VMs weigh: so many may sit coarser than in a room. */
static uint64_t leavable(const Finder *f, unsigned weight, unsigned n)
{
	const uint64_t *weights = f->bounds->weight + (size_t)weight * f->model->n_kinds;
	uint64_t most = 0;

	for (unsigned k = 0; n > 0 && k < f->model->n_kinds; k++)
		if (f->left_over[k] > 0)
			most = MAX(most, weights[k]);
	return most * n;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What SLOT and those after it must carry of WEIGHT if at most DROP of the value stays outside. */
static uint64_t must_carry(const Finder *f, unsigned slot, unsigned weight, uint64_t drop)
{
	unsigned leave = slot < f->layout->level1_end ? MIN(finder_may_leave(f), 1u << 20) : 0;
	uint64_t must = less(load(f, weight), droppable(f, weight, drop));

	if (weight == WEIGHT_VCPUS)
		return must + less(f->task->spare, f->spare);
	if (weight < WEIGHT_OTHER)
		return must;
	return less(must, leavable(f, weight, leave));
}

static bool memory_short(const Finder *f, unsigned slot)
{
	unsigned __int128 must = 0, there = 0;

	for (unsigned k = 0; k < f->model->n_kinds; k++)
		must += (unsigned __int128)f->left_over[k] * f->model->kinds[k].memory;
	for (unsigned n = f->layout->slots[slot].node; n < f->model->problem->n_nodes; n++) {
		if (f->memory[n] == UINT64_MAX)
			return false;
		there += f->memory[n];
	}
	return must > there;
}

static uint64_t wanted_value(const Finder *f)
{
	return less(f->task->value, f->value);
}

/* Can the slots from SLOT on not carry what they must? For a room, also sets ROOM's floors. */
static bool hopeless(const Finder *f, unsigned slot, Room *room)
{
	uint64_t wanted = wanted_value(f), all = 0, drop, cores;

	for (unsigned k = 0; k < f->model->n_kinds; k++)
		all += f->left_over[k] * f->model->kinds[k].value;
	if (all < wanted)
		return true;
	drop = all - wanted;
	cores = rest_at(f, WEIGHT_CORES, slot);
	if (owed_at(f, slot) > group_cores(f, slot))
		return true;
	cores -= owed_at(f, slot);
	if (drop == 0 ? load(f, WEIGHT_CORES) > cores
		      : bounds_cut(f->bounds, f->left_over, cores) < wanted)
		return true;
	if (drop == 0 && f->model->memory && memory_short(f, slot))
		return true;
	if (wanted * BOUND_UNIT > carry(f, WEIGHT_VALUE, slot))
		return true;
	for (unsigned w = WEIGHT_OTHER; w < f->bounds->n_weights; w++) {
		uint64_t must = must_carry(f, slot, w, drop);

		if (must > rest_at(f, w, slot))
			return true;
		if (w == WEIGHT_OTHER)
			room->floor[0] = less(must, rest_at(f, w, slot + 1));
	}
	if (f->task->copies) {
		uint64_t must = must_carry(f, slot, WEIGHT_VCPUS, drop);

		room->floor[1] = less(must, rest_at(f, WEIGHT_VCPUS, slot + 1));
		return must > carry(f, WEIGHT_VCPUS, slot);
	}
	return false;
}

static bool node_allowed(const Kind *kind, unsigned node)
{
	return kind->vm.node == G_MAXUINT || kind->vm.node == node;
}

/* May copies of KIND, as LEVEL, be added without end? */
static bool has_copies(const Finder *f, const Kind *kind, unsigned level)
{
	return f->task->copies && kind->extra == level;
}

/* How many of KIND fit in so many cores of the slot's node. */
static unsigned fitting(const Finder *f, const Slot *slot, const Kind *kind, unsigned level,
			unsigned cores)
{
	unsigned most = cores / share_cores(f->model, kind, slot->class, 1);
	unsigned k = (unsigned)(kind - f->model->kinds);

	if (!node_allowed(kind, slot->node))
		return 0;
	if (!has_copies(f, kind, level))
		most = MIN(most, f->left_over[k]);
	if (kind->memory > 0 && f->memory[slot->node] != UINT64_MAX)
		most = (unsigned)MIN(most, f->memory[slot->node] / kind->memory);
	return most;
}

/* Seat COUNT of kind K in SLOT, VMs first, then copies; returns how many VMs that are. */
static unsigned put(Finder *f, unsigned slot, unsigned k, unsigned count)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned vms = MIN(count, f->left_over[k]), node = f->layout->slots[slot].node;

	f->in_slot[(size_t)slot * f->model->n_kinds + k] = count;
	f->left_over[k] -= vms;
	f->value += vms * kind->value;
	f->spare += (uint64_t)(count - vms) * kind->vm.vcpus;
	if (f->memory[node] != UINT64_MAX)
		f->memory[node] -= count * kind->memory;
	return vms;
}

static void unput(Finder *f, unsigned slot, unsigned k, unsigned vms)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned *count = &f->in_slot[(size_t)slot * f->model->n_kinds + k];
	unsigned node = f->layout->slots[slot].node;

	f->left_over[k] += vms;
	f->value -= vms * kind->value;
	f->spare -= (uint64_t)(*count - vms) * kind->vm.vcpus;
	if (f->memory[node] != UINT64_MAX)
		f->memory[node] += *count * kind->memory;
	*count = 0;
}

/*
 * Could one more VM sit in the cores a room leaves to nobody? Then filling it so is no better than
 * with that VM in it. Where memory runs short that holds only once the node has no further use for
 * its memory: in its last room.
 */
static bool wastes(const Finder *f, const Slot *s, unsigned slot, unsigned cores)
{
	bool last = slot + 1 == s->node_end || f->memory[s->node] == UINT64_MAX;

	for (unsigned i = f->bounds->n_list; i-- > 0;) {
		const Kind *kind = &f->model->kinds[f->bounds->list[i]];

		if (share_cores(f->model, kind, s->class, 1) <= cores &&
		    (last || kind->memory == 0) && fitting(f, s, kind, 0, cores) > 0)
			return true;
	}
	return false;
}

/* The room is full: CORES of it are left, first for what its group owes. */
static bool close_room(Finder *f, const Room *room, unsigned cores)
{
	const Slot *s = &f->layout->slots[room->slot];
	unsigned paid = MIN(cores, f->owed[s->group]);
	bool found;

	if (wastes(f, s, room->slot, cores - paid))
		return false;
	if (room->slot + 1 == s->group_end && paid < f->owed[s->group])
		return false;
	f->owed[s->group] -= paid;
	found = visit(f, room->slot + 1);
	f->owed[s->group] += paid;
	return found;
}

/* Fill CORES of the room with kinds I … of the list, in every way that may do. */
static bool fill_room(Finder *f, const Room *room, unsigned i, unsigned cores)
{
	const Slot *s = &f->layout->slots[room->slot];
	const Bounds *b = f->bounds;
	unsigned most = 0, k = 0;

	for (; i < b->n_list && most == 0; i++) {
		k = b->list[i];
		most = fitting(f, s, &f->model->kinds[k], 0, cores);
	}
	if (most == 0)
		return room->carried[0] >= room->floor[0] && room->carried[1] >= room->floor[1] &&
		       close_room(f, room, cores);
	if (room->carried[0] + bounds_tail(b, 0, s->class, i - 1, cores) < room->floor[0] ||
	    room->carried[1] + bounds_tail(b, 1, s->class, i - 1, cores) < room->floor[1] ||
	    !finder_step(f))
		return false;
	for (unsigned count = most + 1; count-- > 0;) {
		Room more = *room;
		unsigned vms = put(f, room->slot, k, count);

		more.carried[0] += vms * b->weight[WEIGHT_OTHER * f->model->n_kinds + k];
		more.carried[1] += (uint64_t)count * f->model->kinds[k].vm.vcpus;
		if (fill_room(f, &more, i,
			      cores - count * share_cores(f->model, &f->model->kinds[k], s->class,
							  1)))
			return true;
		unput(f, room->slot, k, vms);
		if (f->stopped)
			return false;
	}
	return false;
}

/* Choose the VMs that sit at level 1 of a group, kinds K …, CORES of it being free. */
static bool fill_group(Finder *f, unsigned slot, unsigned k, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	const Kind *kind = &f->model->kinds[k];
	unsigned need, most;

	while (k < f->model->n_kinds && kind->natural != 1 &&
	       (kind->natural != 0 || finder_may_leave(f) == 0 || f->left_over[k] == 0)) {
		k++;
		kind++;
	}
	if (k == f->model->n_kinds)
		return visit(f, slot + 1);
	if (!finder_step(f))
		return false;
	most = fitting(f, s, kind, 1, cores);
	if (kind->natural == 0)
		most = MIN(most, finder_may_leave(f));
	need = share_cores(f->model, kind, s->class, 1);
	for (unsigned i = 0; i <= most; i++) {
		/* What belongs here comes in large numbers first, what is left in small ones. */
		unsigned count = kind->natural == 0 ? i : most - i;
		unsigned vms = put(f, slot, k, count);
		bool found;

		f->owed[s->group] += count * need;
		f->left += kind->natural == 0 ? count : 0;
		found = fill_group(f, slot, k + 1, cores - count * need);
		if (found)
			return true;
		f->left -= kind->natural == 0 ? count : 0;
		f->owed[s->group] -= count * need;
		unput(f, slot, k, vms);
		if (f->stopped)
			return false;
	}
	return false;
}

static const uint32_t *state(Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	uint64_t memory = f->memory[s->node];
	uint32_t *w = f->words;

	*w++ = slot;
	*w++ = f->stage;
	*w++ = f->left;
	*w++ = owed_at(f, slot);
	*w++ = (uint32_t)memory;
	*w++ = (uint32_t)(memory >> 32);
	memcpy(w, f->left_over, f->model->n_kinds * sizeof(*w));
	return f->words;
}

/* Is the question answered, whatever else may still be seated? */
static bool satisfied(const Finder *f, unsigned slot)
{
	return f->value >= f->task->value && (!f->task->copies || f->spare >= f->task->spare) &&
	       (slot == f->layout->n_slots || owed_at(f, slot) <= group_cores(f, slot));
}

static bool visit(Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	Room room = {.slot = slot};

	if (satisfied(f, slot))
		return true;
	if (slot == f->layout->n_slots || !finder_step(f) || hopeless(f, slot, &room) ||
	    memo_knows(f->memo, state(f, slot), f->spare))
		return false;
	if (s->room == SEARCH_NEVER ? fill_group(f, slot, 0, f->cap[slot])
				    : fill_room(f, &room, 0, f->cap[slot]))
		return true;
	if (!f->stopped)
		memo_add(f->memo, state(f, slot), f->spare);
	return false;
}

/* Where VMs may sit at level 1 of a group, its rooms' fills do not bound it. */
static bool level1_possible(const Finder *f)
{
	bool possible = finder_may_leave(f) > 0;

	for (unsigned k = 0; k < f->model->n_kinds; k++)
		possible = possible || f->model->kinds[k].natural == 1;
	return possible;
}

/* What the group that begins at SLOT carries in all. */
static uint64_t group_rest(const Finder *f, unsigned weight, unsigned slot, bool level1)
{
	const Slot *s = &f->layout->slots[slot];
	uint64_t beyond = rest_at(f, weight, s->group_end), rooms, most;

	rooms = rest_at(f, weight, slot + 1) - beyond;
	if (weight >= WEIGHT_OTHER)
		return beyond + rooms;
	most = bounds_fill(f->bounds, FILL_GROUP, weight, s->class, f->cap[slot]);
	return beyond + (level1 ? most : MIN(rooms, most));
}

static void find_rest(Finder *f, unsigned weight, unsigned slot, bool level1)
{
	const Slot *s = &f->layout->slots[slot];
	uint64_t *rest = f->rest + (size_t)weight * (f->layout->n_slots + 1);
	size_t nodes = f->model->problem->n_nodes;

	if (slot + 1 == s->node_end)
		f->later[weight * nodes + s->node] = rest[slot + 1];
	rest[slot] = s->room == SEARCH_NEVER
			     ? group_rest(f, weight, slot, level1)
			     : rest[slot + 1] + bounds_fill(f->bounds, FILL_ROOM, weight, s->class,
							    f->cap[slot]);
	if ((slot > 0 && f->layout->slots[slot - 1].node == s->node) ||
	    (weight != WEIGHT_VALUE && weight != WEIGHT_VCPUS))
		return;
	rest[slot] = carry(f, weight, slot);
}

/* The rooms as the base and the spans leave them, and what they can carry. */
static void prepare(Finder *f)
{
	const Layout *layout = f->layout;
	bool level1 = level1_possible(f);

	for (unsigned g = 0; g < f->model->n_groups; g++)
		f->owed[g] = 0;
	for (unsigned i = 0; i < layout->n_slots; i++) {
		const Slot *s = &layout->slots[i];

		f->cap[i] = f->space->group[s->group];
		if (s->room == SEARCH_NEVER)
			f->owed[s->group] -= f->cap[i];
		else if (f->model->groups[s->group].n_rooms > 1 && !f->bounds->merged)
			f->owed[s->group] += f->cap[i] = f->task->base->room[s->room];
	}
	for (unsigned w = 0; w < f->bounds->n_weights; w++)
		for (unsigned i = layout->n_slots; i-- > 0;)
			find_rest(f, w, i, level1);
}

bool finder_fill(Finder *f)
{
	bool found;

	/* Who needs several nodes and has not got them by now stays outside. */
	for (unsigned k = 0; k < f->model->n_kinds; k++) {
		f->outside[k] = f->model->kinds[k].natural >= 2 ? f->left_over[k] : 0;
		f->left_over[k] -= f->outside[k];
	}
	f->stage++;
	prepare(f);
	found = visit(f, 0);
	for (unsigned k = 0; k < f->model->n_kinds; k++)
		f->left_over[k] += f->outside[k];
	return found;
}

static void layout_init(Layout *layout, const Model *model, bool merged)
{
	layout->bounds = bounds_new(model, merged);
	layout->slots = g_new0(Slot, model->problem->n_rooms + model->n_groups + 1);
	for (unsigned g = 0; g < model->n_groups; g++) {
		const Group *group = &model->groups[g];
		bool whole = merged || group->n_rooms == 1;
		unsigned first = layout->n_slots, n = whole ? 1 : group->n_rooms + 1;

		for (unsigned i = 0; i < n; i++) {
			Slot slot = {g, group->node, group->class, SEARCH_NEVER, first + n, 0};

			if (whole || i > 0)
				slot.room = model->rooms[group->first + i - !whole];
			layout->slots[layout->n_slots++] = slot;
		}
		if (!whole)
			layout->level1_end = first + 1;
	}
	for (unsigned i = layout->n_slots; i-- > 0;) {
		Slot *slot = &layout->slots[i];
		bool last = i + 1 == layout->n_slots || slot[1].node != slot->node;

		slot->node_end = last ? i + 1 : slot[1].node_end;
	}
}

static const Layout *layout_get(Finder *f, bool merged)
{
	Layout *layout = &f->layouts[merged];

	if (!layout->bounds)
		layout_init(layout, f->model, merged);
	return layout;
}

const Bounds *finder_bounds(Finder *f, bool merged)
{
	return layout_get(f, merged)->bounds;
}

Finder *finder_new(const Model *model, uint64_t *steps)
{
	Finder *f = g_new0(Finder, 1);
	size_t kinds = model->n_kinds, slots = model->problem->n_rooms + model->n_groups + 1;

	f->model = model;
	f->steps = steps;
	f->memo = memo_new(model->n_kinds + 6);
	f->words = g_new0(uint32_t, kinds + 6);
	f->cap = g_new0(unsigned, slots);
	f->rest = g_new0(uint64_t, WEIGHT_MAX * slots);
	f->later = g_new0(uint64_t, WEIGHT_MAX * (model->problem->n_nodes + 1));
	f->left_over = g_new0(unsigned, kinds + 1);
	f->outside = g_new0(unsigned, kinds + 1);
	f->owed = g_new0(unsigned, model->n_groups + 1);
	f->in_slot = g_new0(unsigned, slots *kinds + 1);
	return f;
}

static void layout_clear(Layout *layout)
{
	g_clear_pointer(&layout->bounds, bounds_free);
	g_free(layout->slots);
}

void finder_free(Finder *f)
{
	layout_clear(&f->layouts[0]);
	layout_clear(&f->layouts[1]);
	memo_free(f->memo);
	g_free(f->words);
	g_free(f->cap);
	g_free(f->rest);
	g_free(f->later);
	g_free(f->left_over);
	g_free(f->outside);
	g_free(f->owed);
	g_free(f->in_slot);
	g_free(f);
}

/* What the slots hold, beside the base. */
static Packing *harvest(const Finder *f)
{
	const Model *model = f->model;
	Packing *packing = packing_beside(model, f->task->base);

	for (unsigned i = 0; i < f->space->spans->len; i++)
		packing_add_span(model, packing, g_array_index(f->space->spans, Span, i));
	for (unsigned i = 0; i < f->layout->n_slots; i++) {
		const Slot *s = &f->layout->slots[i];

		for (unsigned k = 0; k < model->n_kinds; k++) {
			unsigned count = f->in_slot[(size_t)i * model->n_kinds + k];

			if (count == 0)
				continue;
			if (s->room == SEARCH_NEVER || f->bounds->merged)
				packing_add_group(model, packing, k, s->group, (int)count);
			else
				packing_add_room(model, packing, k, s->room, (int)count);
		}
	}
	return packing;
}

static void begin(Finder *f, const Task *task, Packing *space)
{
	size_t slots;

	f->task = task;
	f->layout = layout_get(f, task->merged);
	f->bounds = f->layout->bounds;
	f->space = space;
	f->memory = space->memory;
	f->stopped = false;
	f->value = f->spare = 0;
	f->left = f->stage = 0;
	slots = f->layout->n_slots;
	memset(f->rest, 0, WEIGHT_MAX * (slots + 1) * sizeof(*f->rest));
	memset(f->in_slot, 0, slots * f->model->n_kinds * sizeof(unsigned));
	memcpy(f->left_over, task->count, f->model->n_kinds * sizeof(unsigned));
	memo_clear(f->memo);
}

Outcome finder_run(Finder *f, const Task *task, uint64_t limit, Packing **found)
{
	g_autoptr(Packing) space = packing_beside(f->model, task->base);
	bool yes;

	begin(f, task, space);
	f->limit = limit;
	yes = finder_span(f);
	if (yes)
		*found = harvest(f);
	return yes ? OUTCOME_FOUND : f->stopped ? OUTCOME_UNKNOWN : OUTCOME_NONE;
}

uint64_t finder_vcpus(Finder *f, const Packing *base, unsigned left)
{
	g_autoptr(Packing) space = packing_beside(f->model, base);
	g_autofree unsigned *none = g_new0(unsigned, f->model->n_kinds + 1);
	Task task = {.base = base, .count = none, .left = left, .copies = true};

	begin(f, &task, space);
	prepare(f);
	return f->layout->n_slots ? carry(f, WEIGHT_VCPUS, 0) : 0;
}
