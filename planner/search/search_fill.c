/* SPDX-License-Identifier: MIT */
/*
 * The exact search itself: fill room after room with every set of VMs that may lead to an answer.
 *
 * What keeps that small:
 * - VMs of a kind are only counted, so no two orders of the same VMs are tried.
 * - A set that leaves room for another VM to be assigned is never better than the one with it.
 * - Bounds (search_rows.c): a room must carry what the rooms after it cannot.
 * - A state (room, VMs not assigned yet, cores owed to level 1 …) that led nowhere is remembered,
 * so that rooms alike are not filled in every order.
 * - Large VMs first, as many as fit first: the first path down is first-fit-decreasing.
 *
 * What sits coarser than a room is chosen group by group, before its rooms are filled. It takes any
 * cores, so all there is to say about it is how many the rooms must leave: what the group owes.
 *
 * VMs over several nodes are counted as well: how many shares of a sort a group takes. Which VM has
 * which nodes is settled at the end: V VMs that have n shares of each sort of their way can be
 * dealt to the nodes if and only if each sort sums to n·V and no node takes more than V shares (an
 * edge colouring of nodes and sorts by V colours, each sort's edges evenly). So a way has, at any
 * time, as many VMs as its fullest node and its sums demand, and the shares that these still miss
 * are pending.
 */
#include "planner/search/search_finder.h"

#include <string.h>

/* Count a step. True: go on. */
static bool fill_step(Finder *f)
{
	if (*f->steps == 0 || f->limit == 0)
		f->stopped = true;
	if (f->stopped)
		return false;
	--*f->steps;
	f->limit--;
	return true;
}

static unsigned memory_fits(const Finder *f, unsigned node, uint64_t memory, unsigned most)
{
	if (memory == 0 || f->memory[node] == UINT64_MAX)
		return most;
	return (unsigned)MIN(most, f->memory[node] / memory);
}

/* May copies of KIND, at LEVEL, be added without end? */
static bool has_copies(const Finder *f, const Kind *kind, unsigned level)
{
	return f->task->copies && kind->extra == level;
}

/* How many of KIND fit in so many cores of the slot's node. */
static unsigned fill_fitting(const Finder *f, const Slot *slot, unsigned k, unsigned level,
			     unsigned cores)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned most = f->rem[k];

	if (has_copies(f, kind, level))
		most = UINT_MAX;
	if (most == 0 || (slot->whole || level > 0 ? !kind_in_group(f->model, kind, slot->group)
						   : !kind_in_room(f->model, kind, slot->room)))
		return 0;
	most = MIN(most, cores / kind_cores(f->model, kind, slot->class));
	return memory_fits(f, slot->node, kind->memory, most);
}

/* COUNT times MEMORY less; negative: more. */
static void fill_take_memory(Finder *f, unsigned node, uint64_t memory, int count)
{
	if (f->memory[node] != UINT64_MAX)
		f->memory[node] -= memory * (uint64_t)(int64_t)count;
}

/* Assign COUNT of kind K in SLOT, VMs first, then copies; returns how many VMs that are. */
static unsigned fill_put(Finder *f, unsigned slot, unsigned k, unsigned count)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned vms = MIN(count, f->rem[k]);

	f->in_slot[(size_t)slot * f->model->n_kinds + k] = count;
	f->rem[k] -= vms;
	f->value += vms * kind->value;
	f->spare += (uint64_t)(count - vms) * kind->vm.vcpus;
	fill_take_memory(f, f->layout->slots[slot].node, kind->memory, (int)count);
	return vms;
}

static void fill_unput(Finder *f, unsigned slot, unsigned k, unsigned vms)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned *count = &f->in_slot[(size_t)slot * f->model->n_kinds + k];

	f->rem[k] += vms;
	f->value -= vms * kind->value;
	f->spare -= (uint64_t)(*count - vms) * kind->vm.vcpus;
	fill_take_memory(f, f->layout->slots[slot].node, kind->memory, -(int)*count);
	*count = 0;
}

/*
 * Could one more VM sit in the cores a room leaves to nobody? Then filling it so is no better than
 * with that VM in it. Where memory runs short that holds only once the node has no further use for
 * its memory: in its last room.
 */
static bool fill_wastes(const Finder *f, unsigned slot, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	bool last = slot + 1 == s->node_end || f->memory[s->node] == UINT64_MAX;

	for (unsigned i = f->rows->n_list; cores > 0 && i-- > 0;) {
		unsigned k = f->rows->list[i];

		if ((last || f->model->kinds[k].memory == 0) && fill_fitting(f, s, k, 0, cores) > 0)
			return true;
	}
	return false;
}

/* The room is full: CORES of it are left, first for what its group owes. */
static bool close_room(Finder *f, unsigned slot, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	unsigned owed = f->owed[s->group], paid = s->whole ? owed : MIN(cores, owed);
	bool found;

	if (fill_wastes(f, slot, s->whole ? cores : cores - paid))
		return false;
	if (slot + 1 == s->group_end && paid < owed)
		return false;
	f->owed[s->group] -= paid;
	found = finder_visit(f, slot + 1);
	f->owed[s->group] += paid;
	return found;
}

/* Can what CORES of the room still hold, of kinds I … of the list, and the group's other rooms
 * carry what is missing? */
static bool tail_reaches(const Finder *f, const Room *room, unsigned i, unsigned cores)
{
	const Slot *s = &f->layout->slots[room->slot];
	size_t row_cells = (size_t)f->rows->most + 1;
	size_t at = ((size_t)s->class * (f->rows->n_list + 1) + i) * row_cells + cores;
	unsigned owed = s->whole ? 0 : (unsigned)saturating_less(f->owed[s->group], cores),
		 tail = 0;
	bool last = room->slot + 1 == s->group_end;

	if (last && owed > 0)
		return false;
	if (!last && owed > f->group_cores[room->slot + 1])
		return false;
	for (unsigned r = 0; r < f->rows->n; r++) {
		const Row *row = &f->rows->row[r];

		if (row->tail &&
		    row->tail[at] + (last ? 0 : finder_carry_rooms(f, r, room->slot + 1, owed)) <
			    room->missing[tail++])
			return false;
	}
	return true;
}

/* COUNT more of kind K, VMS of them VMs. */
static void room_carries(const Finder *f, Room *room, unsigned k, unsigned count, unsigned vms)
{
	unsigned tail = 0;

	for (unsigned r = 0; r < f->rows->n; r++) {
		const Row *row = &f->rows->row[r];

		if (row->tail)
			room->missing[tail++] -=
				row->phi[k] * vms - row->cost[k] * count +
				row->spare * f->model->kinds[k].vm.vcpus * (count - vms);
	}
}

/* Fill CORES of the room with kinds I … of the list, in every way that may do. */
static bool fill_room(Finder *f, const Room *room, unsigned i, unsigned cores)
{
	const Slot *s = &f->layout->slots[room->slot];
	unsigned most = 0, k = 0, need;

	for (; cores > 0 && i < f->rows->n_list && most == 0; i++) {
		k = f->rows->list[i];
		most = fill_fitting(f, s, k, 0, cores);
	}
	if (most == 0)
		return tail_reaches(f, room, f->rows->n_list, cores) &&
		       close_room(f, room->slot, cores);
	if (!tail_reaches(f, room, i - 1, cores) || !fill_step(f))
		return false;
	need = kind_cores(f->model, &f->model->kinds[k], s->class);
	for (unsigned count = most + 1; count-- > 0;) {
		Room more = *room;
		unsigned vms = fill_put(f, room->slot, k, count);

		room_carries(f, &more, k, count, vms);
		if (fill_room(f, &more, i, cores - count * need))
			return true;
		fill_unput(f, room->slot, k, vms);
		if (f->stopped)
			return false;
	}
	return false;
}

static bool fill_fill_group(Finder *f, unsigned slot, unsigned i, unsigned cores);

/* COUNT of kind K at level 1. */
static bool with_level1(Finder *f, unsigned slot, unsigned k, unsigned cores, unsigned count)
{
	const Slot *s = &f->layout->slots[slot];
	const Kind *kind = &f->model->kinds[k];
	unsigned need = count * kind_cores(f->model, kind, s->class);
	unsigned spread = kind->natural == 0 ? count : 0, vms = fill_put(f, slot, k, count);

	f->owed[s->group] += need;
	f->spread += spread;
	if (fill_fill_group(f, slot, k + 1, cores - need))
		return true;
	f->spread -= spread;
	f->owed[s->group] -= need;
	fill_unput(f, slot, k, vms);
	return false;
}

/* How many of kind K may sit at level 1 of a group that has so many cores free. */
static unsigned most_level1(const Finder *f, const Slot *s, unsigned k, unsigned cores)
{
	const Kind *kind = &f->model->kinds[k];

	if (s->whole || kind->natural > 1)
		return 0;
	return MIN(fill_fitting(f, s, k, 1, cores),
		   kind->natural == 0 ? finder_may_leave(f) : UINT_MAX);
}

/* Shares of sort I's way in the group. */
static unsigned shares_here(const Finder *f, unsigned group, unsigned i)
{
	const Sort *sort = &f->rows->sorts[i];
	unsigned sum = 0;

	for (unsigned j = sort->first; j < sort->end; j++)
		sum += f->share_slot[(size_t)group * f->rows->n_sorts + j];
	return sum;
}

unsigned finder_way_vms(const Finder *f, unsigned first)
{
	unsigned vms = f->shares[first].most;

	for (unsigned j = first; j < f->rows->sorts[first].end; j++) {
		unsigned n = f->rows->sorts[j].slice.n;

		vms = MAX(vms, (f->shares[j].sum + n - 1) / n);
	}
	return vms;
}

/* Can the shares that the way of sort I misses, all up to I being chosen here, be in later groups?
 */
static bool shares_can_follow(const Finder *f, unsigned group, unsigned i)
{
	const Sort *sort = &f->rows->sorts[i];
	unsigned vms = f->shares[sort->first].vms, sum = 0;

	for (unsigned j = sort->first; j < sort->end; j++) {
		unsigned missing = vms * f->rows->sorts[j].slice.n - f->shares[j].sum;

		sum += missing;
		if (missing > (f->shares[j].later[group] + (j > i)) * vms)
			return false;
	}
	return sum <= (f->shares[sort->end - 1].later[group] + (i + 1 < sort->end)) * vms;
}

/* COUNT shares of sort I more (less) in SLOT's group, which are VMS more of its way. */
static void shares_count(Finder *f, unsigned slot, unsigned i, int count, int vms)
{
	const Slot *s = &f->layout->slots[slot];
	const Sort *sort = &f->rows->sorts[i];

	f->shares[i].sum += (unsigned)count;
	f->shares[sort->first].vms += (unsigned)vms;
	f->pending += (unsigned)vms * sort->k - (unsigned)count;
	f->rem[sort->kind] -= (unsigned)vms;
	f->value += (uint64_t)(int64_t)vms * f->model->kinds[sort->kind].value;
	f->far += sort->coarse ? (unsigned)vms : 0;
	f->owed[s->group] += (unsigned)count * sort->slice.cores;
	fill_take_memory(f, s->node, sort->slice.memory, count);
	f->share_slot[(size_t)s->group * f->rows->n_sorts + i] += (unsigned)count;
}

/* COUNT shares of sort I in this group, if the VMs they take can be completed in later ones. */
static bool with_shares(Finder *f, unsigned slot, unsigned i, unsigned cores, unsigned count)
{
	const Slot *s = &f->layout->slots[slot];
	const Sort *sort = &f->rows->sorts[i];
	Shares *way = &f->shares[sort->first];
	unsigned most = way->most, vms;
	bool found = false;

	way->most = MAX(most, shares_here(f, s->group, i) + count);
	f->shares[i].sum += count;
	vms = finder_way_vms(f, sort->first) - way->vms;
	f->shares[i].sum -= count;
	if (vms <= f->rem[sort->kind] && (!sort->coarse || vms <= finder_may_part(f))) {
		shares_count(f, slot, i, (int)count, (int)vms);
		found = shares_can_follow(f, s->group, i) &&
			fill_fill_group(f, slot, f->model->n_kinds + i + 1,
					cores - count * sort->slice.cores);
		if (!found)
			shares_count(f, slot, i, -(int)count, -(int)vms);
	}
	if (!found)
		way->most = most;
	return found;
}

static unsigned most_shares(const Finder *f, const Slot *s, unsigned i, unsigned cores)
{
	const Sort *sort = &f->rows->sorts[i];
	unsigned vms = f->rem[sort->kind];

	if (!f->spans || sort->class != s->class ||
	    !kind_in_group(f->model, &f->model->kinds[sort->kind], s->group))
		return 0;
	if (sort->coarse)
		vms = MIN(vms, finder_may_part(f));
	vms += f->shares[sort->first].vms - shares_here(f, s->group, i);
	return memory_fits(f, s->node, sort->slice.memory, MIN(cores / sort->slice.cores, vms));
}

/* Must a decision about sort I be made here even if no share of it can be? */
static bool has_pending(const Finder *f, const Slot *s, unsigned i)
{
	const Sort *sort = &f->rows->sorts[i];

	return f->spans && sort->class == s->class &&
	       f->shares[sort->first].vms * sort->slice.n > f->shares[i].sum;
}

/* Slice I of the partly placed VM more (less) in the slot's group. */
static void half_count(Finder *f, const Slot *s, unsigned i, int count)
{
	const SearchSlice *slice = &f->task->half[i].slice;

	f->half[i] -= (unsigned)count;
	f->half_nodes[i] ^= UINT64_C(1) << s->node;
	f->owed[s->group] += (unsigned)count * slice->cores;
	fill_take_memory(f, s->node, slice->memory, count);
}

static bool half_can_follow(const Finder *f, const Slot *s)
{
	for (unsigned i = 0; i < SEARCH_SLICES; i++)
		if (f->half[i] > f->half_later[s->group * SEARCH_SLICES + i])
			return false;
	return true;
}

/* Last, a share of the VM that is partly placed, or none. */
static bool with_half(Finder *f, unsigned slot, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	const Sort *sort = f->task->half;

	if (!finder_half_misses(f))
		return finder_visit(f, slot + 1);
	for (unsigned i = 0; i < SEARCH_SLICES; i++) {
		if (f->half[i] == 0 ||
		    !kind_in_group(f->model, &f->model->kinds[sort->kind], s->group) ||
		    s->class != sort->class || s->node < f->task->half_from ||
		    cores < sort[i].slice.cores || f->memory[s->node] < sort[i].slice.memory)
			continue;
		half_count(f, s, i, 1);
		if (finder_visit(f, slot + 1))
			return true;
		half_count(f, s, i, -1);
	}
	return half_can_follow(f, s) && finder_visit(f, slot + 1);
}

/*
 * Choose what sits coarser in a group, CORES of it being free: kinds, then sorts, from the I-th on.
 * What belongs there comes in large numbers first, what does not in small ones.
 */
static bool fill_fill_group(Finder *f, unsigned slot, unsigned i, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	unsigned n = f->model->n_kinds, most = 0, kind = 0, level = 1;

	for (; i < n + f->rows->n_sorts; i++) {
		most = i < n ? most_level1(f, s, i, cores) : most_shares(f, s, i - n, cores);
		if (most > 0 || (i >= n && has_pending(f, s, i - n)))
			break;
	}
	if (i == n + f->rows->n_sorts)
		return with_half(f, slot, cores);
	if (!fill_step(f))
		return false;
	kind = i < n ? i : f->rows->sorts[i - n].kind;
	level = i < n ? 1 : f->rows->sorts[i - n].k;
	for (unsigned c = 0; c <= most && !f->stopped; c++) {
		unsigned count = f->model->kinds[kind].natural == level ? most - c : c;

		if (i < n ? with_level1(f, slot, i, cores, count)
			  : with_shares(f, slot, i - n, cores, count))
			return true;
	}
	return false;
}

static const uint32_t *fill_state(Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	uint64_t memory = f->memory[s->node];
	uint32_t *w = f->words;

	*w++ = slot;
	*w++ = f->spread;
	*w++ = f->far;
	*w++ = finder_owed(f, slot);
	*w++ = f->half[0] | f->half[1] << 8 | f->half[2] << 16;
	*w++ = (uint32_t)memory;
	*w++ = (uint32_t)(memory >> 32);
	memcpy(w, f->rem, f->model->n_kinds * sizeof(*w));
	w += f->model->n_kinds;
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		*w++ = f->shares[i].sum << 16 | f->shares[i].most;
	return f->words;
}

/* Is the question answered, whatever else may still be assigned? */
static bool fill_satisfied(const Finder *f, unsigned slot)
{
	return f->pending == 0 && !finder_half_misses(f) && f->value >= f->task->value &&
	       (!f->task->copies || f->spare >= f->task->spare) &&
	       (slot == f->layout->n_slots || finder_owed(f, slot) <= f->group_cores[slot]);
}

bool finder_visit(Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	Room room = {.slot = slot};

	if (fill_satisfied(f, slot))
		return true;
	if (slot == f->layout->n_slots || !fill_step(f) || finder_hopeless(f, slot, &room) ||
	    memo_knows(f->memo, fill_state(f, slot), f->spare))
		return false;
	if (s->room == SEARCH_NEVER
		    ? fill_fill_group(f, slot, 0, f->cap[slot])
		    : fill_room(f, &room, 0, f->cap[slot] - (s->whole ? f->owed[s->group] : 0)))
		return true;
	if (!f->stopped)
		memo_add(f->memo, fill_state(f, slot), f->spare);
	return false;
}
