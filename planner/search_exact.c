/* SPDX-License-Identifier: MIT */
/*
 * The exact search: fill room after room with every set of VMs that may lead to an answer.
 *
 * What keeps that small:
 * - VMs of a kind are only counted, so no two orders of the same VMs are tried.
 * - A set that leaves room for another VM still to be seated is never better than the one with it.
 * - Bounds (search_rows.c): a room must carry what the rooms after it cannot.
 * - A state (room, VMs not seated yet, cores owed to level 1 …) that led nowhere is remembered, so
 *   that rooms alike are not filled in every order.
 * - Large VMs first, as many as fit first: the first path down is first-fit-decreasing.
 *
 * What sits coarser than a room is chosen group by group, before its rooms are filled. It takes any
 * cores, so all there is to say about it is how many the rooms must leave: what the group owes.
 *
 * VMs over several nodes are counted as well: how many shares of a sort a group takes. Which VM has
 * which nodes is settled at the end: V VMs of k shares each can be dealt to nodes that take s
 * shares if and only if the s sum to k·V and none is above V (deal the fullest nodes first). So a
 * sort has, at any time, as many VMs as its largest s and its sum demand, and the shares that these
 * still miss are pending.
 */
#include "planner/search_internal.h"

#include <math.h>
#include <string.h>

/* Most questions are answered in so many steps. */
#define SHORT_RUN 500
/* What a task costs before its first step, and how much work on its bounds is worth a step. */
#define RUN_COST 10
#define WORK_PER_STEP 200
#define LP_WORK_PER_STEP 6
/* Rows made for tasks without copies, and all rows with tails. */
#define OPTIMIZE_MOST 3
#define TAILS_MOST ROWS_MOST

/* One decision: what sits coarser in a group (room is SEARCH_NEVER), then, what fills a room. */
typedef struct Slot {
	unsigned group, node, class, room;
	unsigned group_end, node_end; /* the first slot of the next group, node */
	bool whole;		      /* the group's only room */
} Slot;

/* The order of decisions: by node, then group, then room. */
typedef struct Layout {
	Rows *rows;
	GroupFill *fills; /* of each group */
	Slot *slots;
	unsigned n_slots;
	unsigned optimized; /* how often, without and with copies */
	bool optimized_copies;
} Layout;

/* The shares of a sort that are seated. */
typedef struct Shares {
	unsigned sum, most, vms;
	unsigned *later; /* group → groups after it that could hold one */
} Shares;

struct Finder {
	const Model *model;
	uint64_t *steps, limit;
	bool stopped; /* the limit is reached: what is not found is not disproved */
	Layout layouts[2];
	Memo *memo;
	uint32_t *words;

	/* of the task */
	const Task *task;
	const Layout *layout;
	const Rows *rows;
	bool spans;	       /* may VMs span nodes? */
	unsigned leave_end;    /* no VM can be left from this slot on */
	unsigned *cap;	       /* slot → cores; of the group at its first slot */
	unsigned *cap_line;    /* of a group */
	unsigned *group_cores; /* slot → cores of the group's rooms from there on */
	unsigned *node_cores;  /* slot → cores of the node's groups after this one */
	int64_t *rest;	       /* row × slot → what slots from there on carry */
	double *later_memory;  /* node → bytes in the nodes after it */
	unsigned *half_later;  /* group → groups after it that could hold such a share */
	int half_sort;	       /* its number, -1 = none of the rows' */

	/* where it stands */
	unsigned *rem;	/* kind → VMs not seated yet */
	unsigned *owed; /* group → cores its coarser VMs still need of the rooms to come */
	Shares *shares; /* of each sort */
	unsigned half;	/* shares the half seated VM misses */
	uint64_t half_nodes;
	unsigned last_row; /* that said no */
	unsigned pending;  /* shares missing, of all sorts */
	uint64_t *memory;
	uint64_t value, spare;
	unsigned left;
	unsigned *in_slot;    /* slot × kind → VMs and copies seated there */
	unsigned *share_slot; /* group × sort → shares */
};

/* What a room is being filled with: what it must carry, and does, by the rows with a tail. */
typedef struct Room {
	unsigned slot;
	int64_t missing[TAILS_MOST];
} Room;

static bool visit(Finder *f, unsigned slot);

/* Count a step. True: go on. */
static bool step(Finder *f)
{
	if (*f->steps == 0 || f->limit == 0)
		f->stopped = true;
	if (f->stopped)
		return false;
	--*f->steps;
	f->limit--;
	return true;
}

void finder_charge(Finder *f, uint64_t steps)
{
	*f->steps -= MIN(*f->steps, steps);
}

static unsigned may_leave(const Finder *f)
{
	return f->task->left == SEARCH_NEVER ? SEARCH_NEVER : f->task->left - f->left;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static int64_t rest_at(const Finder *f, unsigned row, unsigned slot)
{
	return f->rest[(size_t)row * (f->layout->n_slots + 1) + slot];
}

/* By ROW, what the node's memory, as far as it is free, and the VMs that may be left carry. */
static int64_t carry_besides(const Finder *f, const Row *row, unsigned slot)
{
	unsigned node = f->layout->slots[slot].node;
	int64_t carry = 0;
	double memory;

	if (row->mu > 0 && slot < f->leave_end)
		carry = row->mu * (int64_t)MIN(may_leave(f), f->model->problem->n_vms);
	if (row->price == 0)
		return carry;
	memory = (f->later_memory[node] + (double)f->memory[node]) * row->price + 1;
	return memory < 0x1p60 ? carry + (int64_t)memory : INT64_MAX / 4;
}

/* What the group's rooms from that of SLOT on carry if they give up so many cores. */
static int64_t carry_rooms(const Finder *f, unsigned r, unsigned slot, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	const GroupFill *fill = &f->layout->fills[s->group];
	unsigned i = fill->n_rooms - (s->group_end - slot);

	return fill->suffix[r][i * fill->stride + cores];
}

/* What the node's rooms from SLOT on carry if memory comes in pieces. */
static int64_t carry_node(const Finder *f, const Row *row, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	unsigned cores = f->group_cores[slot] + f->node_cores[slot];

	if (s->room != SEARCH_NEVER)
		cores -= f->owed[s->group];
	return row->node[f->spans][memory_cell(f->rows->memory, cores, f->memory[s->node])];
}

/* What all rooms from SLOT on carry. */
static int64_t carry(const Finder *f, unsigned r, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	const Row *row = &f->rows->row[r];
	int64_t most = rest_at(f, r, slot);

	if (s->room != SEARCH_NEVER)
		most = rest_at(f, r, s->group_end) + carry_rooms(f, r, slot, f->owed[s->group]);
	if (row->node[0] && f->memory[s->node] != UINT64_MAX)
		most = MIN(most, rest_at(f, r, s->node_end) + carry_node(f, row, slot));
	return most;
}

/* How much of the first goal is still WANTED, how much of the rest may be dropped. */
typedef struct Want {
	uint64_t wanted, drop;
} Want;

/* What must still be carried by ROW. */
static int64_t demand(const Finder *f, const Row *row, const Want *want)
{
	int64_t sum = row->spare * (int64_t)(f->task->copies ? less(f->task->spare, f->spare) : 0);

	if (want->drop > 0)
		sum += row->theta * (int64_t)want->wanted;
	for (unsigned k = 0; k < f->model->n_kinds; k++) {
		int64_t phi = row->phi[k];

		/* Who is worth more than he weighs is placed, or pays for it by staying outside. */
		if (want->drop > 0)
			phi = MIN(phi - row->theta * (int64_t)f->model->kinds[k].value, 0);
		sum += f->rem[k] * phi;
	}
	for (unsigned i = 0; f->pending > 0 && i < f->rows->n_sorts; i++) {
		const Shares *shares = &f->shares[i];

		sum += row->psi[i] *
		       ((int64_t)shares->vms * f->rows->sorts[i].k - (int64_t)shares->sum);
	}
	if (f->half > 0 && f->half_sort >= 0)
		sum += row->psi[f->half_sort] * f->half;
	return sum;
}

static unsigned owed_at(const Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];

	return s->room == SEARCH_NEVER ? 0 : f->owed[s->group];
}

static uint64_t rest_value(const Finder *f)
{
	uint64_t value = 0;

	for (unsigned k = 0; k < f->model->n_kinds; k++)
		value += f->rem[k] * f->model->kinds[k].value;
	return value;
}

/* What ROW says the rooms from SLOT on must carry. */
static int64_t must_carry(const Finder *f, const Row *row, unsigned slot, const Want *want)
{
	return demand(f, row, want) - carry_besides(f, row, slot);
}

/* Can the slots from SLOT on not carry what they must? Also says what ROOM must carry. */
static bool hopeless(Finder *f, unsigned slot, Room *room)
{
	uint64_t value = rest_value(f);
	Want want = {.wanted = less(f->task->value, f->value)};
	unsigned tail = 0, last = f->last_row;

	if (value < want.wanted || owed_at(f, slot) > f->group_cores[slot])
		return true;
	want.drop = value - want.wanted;
	/* What said no last time often does again. */
	if (must_carry(f, &f->rows->row[last], slot, &want) > carry(f, last, slot))
		return true;
	for (unsigned r = 0; r < f->rows->n; r++) {
		const Row *row = &f->rows->row[r];
		int64_t must;

		if (r == last && !row->tail)
			continue;
		must = must_carry(f, row, slot, &want);
		if (must > carry(f, r, slot)) {
			f->last_row = r;
			return true;
		}
		if (row->tail)
			room->missing[tail++] =
				must - rest_at(f, r, f->layout->slots[slot].group_end);
	}
	return false;
}

static bool node_allowed(const Kind *kind, unsigned node)
{
	return kind->vm.node == G_MAXUINT || kind->vm.node == node;
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
static unsigned fitting(const Finder *f, const Slot *slot, unsigned k, unsigned level,
			unsigned cores)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned most = f->rem[k];

	if (has_copies(f, kind, level))
		most = UINT_MAX;
	if (most == 0 || !node_allowed(kind, slot->node))
		return 0;
	most = MIN(most, cores / share_cores(f->model, kind, slot->class, 1));
	return memory_fits(f, slot->node, kind->memory, most);
}

/* COUNT times MEMORY less; negative: more. */
static void take_memory(Finder *f, unsigned node, uint64_t memory, int count)
{
	if (f->memory[node] != UINT64_MAX)
		f->memory[node] -= memory * (uint64_t)(int64_t)count;
}

/* Seat COUNT of kind K in SLOT, VMs first, then copies; returns how many VMs that are. */
static unsigned put(Finder *f, unsigned slot, unsigned k, unsigned count)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned vms = MIN(count, f->rem[k]);

	f->in_slot[(size_t)slot * f->model->n_kinds + k] = count;
	f->rem[k] -= vms;
	f->value += vms * kind->value;
	f->spare += (uint64_t)(count - vms) * kind->vm.vcpus;
	take_memory(f, f->layout->slots[slot].node, kind->memory, (int)count);
	return vms;
}

static void unput(Finder *f, unsigned slot, unsigned k, unsigned vms)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned *count = &f->in_slot[(size_t)slot * f->model->n_kinds + k];

	f->rem[k] += vms;
	f->value -= vms * kind->value;
	f->spare -= (uint64_t)(*count - vms) * kind->vm.vcpus;
	take_memory(f, f->layout->slots[slot].node, kind->memory, -(int)*count);
	*count = 0;
}

/*
 * Could one more VM sit in the cores a room leaves to nobody? Then filling it so is no better than
 * with that VM in it. Where memory runs short that holds only once the node has no further use for
 * its memory: in its last room.
 */
static bool wastes(const Finder *f, unsigned slot, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	bool last = slot + 1 == s->node_end || f->memory[s->node] == UINT64_MAX;

	for (unsigned i = f->rows->n_list; cores > 0 && i-- > 0;) {
		unsigned k = f->rows->list[i];

		if ((last || f->model->kinds[k].memory == 0) && fitting(f, s, k, 0, cores) > 0)
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

	if (wastes(f, slot, s->whole ? cores : cores - paid))
		return false;
	if (slot + 1 == s->group_end && paid < owed)
		return false;
	f->owed[s->group] -= paid;
	found = visit(f, slot + 1);
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
	unsigned owed = s->whole ? 0 : (unsigned)less(f->owed[s->group], cores), tail = 0;
	bool last = room->slot + 1 == s->group_end;

	if (last && owed > 0)
		return false;
	if (!last && owed > f->group_cores[room->slot + 1])
		return false;
	for (unsigned r = 0; r < f->rows->n; r++) {
		const Row *row = &f->rows->row[r];

		if (row->tail &&
		    row->tail[at] + (last ? 0 : carry_rooms(f, r, room->slot + 1, owed)) <
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
		most = fitting(f, s, k, 0, cores);
	}
	if (most == 0)
		return tail_reaches(f, room, f->rows->n_list, cores) &&
		       close_room(f, room->slot, cores);
	if (!tail_reaches(f, room, i - 1, cores) || !step(f))
		return false;
	need = share_cores(f->model, &f->model->kinds[k], s->class, 1);
	for (unsigned count = most + 1; count-- > 0;) {
		Room more = *room;
		unsigned vms = put(f, room->slot, k, count);

		room_carries(f, &more, k, count, vms);
		if (fill_room(f, &more, i, cores - count * need))
			return true;
		unput(f, room->slot, k, vms);
		if (f->stopped)
			return false;
	}
	return false;
}

static bool fill_group(Finder *f, unsigned slot, unsigned i, unsigned cores);

/* COUNT of kind K at level 1. */
static bool with_level1(Finder *f, unsigned slot, unsigned k, unsigned cores, unsigned count)
{
	const Slot *s = &f->layout->slots[slot];
	const Kind *kind = &f->model->kinds[k];
	unsigned need = count * share_cores(f->model, kind, s->class, 1);
	unsigned left = kind->natural == 0 ? count : 0, vms = put(f, slot, k, count);

	f->owed[s->group] += need;
	f->left += left;
	if (fill_group(f, slot, k + 1, cores - need))
		return true;
	f->left -= left;
	f->owed[s->group] -= need;
	unput(f, slot, k, vms);
	return false;
}

/* How many of kind K may sit at level 1 of a group that has so many cores free. */
static unsigned most_level1(const Finder *f, const Slot *s, unsigned k, unsigned cores)
{
	const Kind *kind = &f->model->kinds[k];

	if (s->whole || kind->natural > 1)
		return 0;
	return MIN(fitting(f, s, k, 1, cores), kind->natural == 0 ? may_leave(f) : UINT_MAX);
}

/* COUNT shares of sort I in this group, if the VMs they take can be completed in later ones. */
static bool with_shares(Finder *f, unsigned slot, unsigned i, unsigned cores, unsigned count)
{
	const Slot *s = &f->layout->slots[slot];
	const Sort *sort = &f->rows->sorts[i];
	Shares *now = &f->shares[i], then = *now, before = *now;
	unsigned vms, missing;

	then.sum += count;
	then.most = MAX(then.most, count);
	then.vms = MAX(then.most, (then.sum + sort->k - 1) / sort->k);
	vms = then.vms - now->vms;
	missing = then.vms * sort->k - then.sum;
	if (vms > f->rem[sort->kind] || (sort->coarse && vms > may_leave(f)) ||
	    missing > then.later[s->group] * then.vms)
		return false;
	f->pending += missing - (before.vms * sort->k - before.sum);
	*now = then;
	f->rem[sort->kind] -= vms;
	f->value += vms * f->model->kinds[sort->kind].value;
	f->left += sort->coarse ? vms : 0;
	f->owed[s->group] += count * sort->cores;
	take_memory(f, s->node, sort->memory, (int)count);
	f->share_slot[(size_t)s->group * f->rows->n_sorts + i] += count;
	if (fill_group(f, slot, f->model->n_kinds + i + 1, cores - count * sort->cores))
		return true;
	f->share_slot[(size_t)s->group * f->rows->n_sorts + i] -= count;
	take_memory(f, s->node, sort->memory, -(int)count);
	f->owed[s->group] -= count * sort->cores;
	f->left -= sort->coarse ? vms : 0;
	f->value -= vms * f->model->kinds[sort->kind].value;
	f->rem[sort->kind] += vms;
	*now = before;
	f->pending -= missing - (before.vms * sort->k - before.sum);
	return false;
}

static unsigned most_shares(const Finder *f, const Slot *s, unsigned i, unsigned cores)
{
	const Sort *sort = &f->rows->sorts[i];
	unsigned vms = f->rem[sort->kind];

	if (!f->spans || sort->class != s->class)
		return 0;
	if (sort->coarse)
		vms = MIN(vms, may_leave(f));
	return memory_fits(f, s->node, sort->memory,
			   MIN(cores / sort->cores, vms + f->shares[i].vms));
}

/* Must a decision about sort I be made here even if no share of it can be? */
static bool has_pending(const Finder *f, const Slot *s, unsigned i)
{
	return f->spans && f->rows->sorts[i].class == s->class &&
	       f->shares[i].vms * f->rows->sorts[i].k > f->shares[i].sum;
}

/* Last, a share of the VM that is half seated, or none. */
static bool with_half(Finder *f, unsigned slot, unsigned cores)
{
	const Slot *s = &f->layout->slots[slot];
	const Sort *sort = f->task->half;
	bool fits = f->half > 0 && s->class == sort->class && s->node >= f->task->half_from &&
		    cores >= sort->cores && f->memory[s->node] >= sort->memory;

	if (fits) {
		f->half--;
		f->half_nodes |= UINT64_C(1) << s->node;
		f->owed[s->group] += sort->cores;
		take_memory(f, s->node, sort->memory, 1);
		if (visit(f, slot + 1))
			return true;
		take_memory(f, s->node, sort->memory, -1);
		f->owed[s->group] -= sort->cores;
		f->half_nodes &= ~(UINT64_C(1) << s->node);
		f->half++;
	}
	return f->half <= f->half_later[s->group] && visit(f, slot + 1);
}

/*
 * Choose what sits coarser in a group, CORES of it being free: kinds, then sorts, from the I-th on.
 * What belongs there comes in large numbers first, what does not in small ones.
 */
static bool fill_group(Finder *f, unsigned slot, unsigned i, unsigned cores)
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
	if (!step(f))
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

static const uint32_t *state(Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	uint64_t memory = f->memory[s->node];
	uint32_t *w = f->words;

	*w++ = slot;
	*w++ = f->left;
	*w++ = owed_at(f, slot);
	*w++ = f->half;
	*w++ = (uint32_t)memory;
	*w++ = (uint32_t)(memory >> 32);
	memcpy(w, f->rem, f->model->n_kinds * sizeof(*w));
	w += f->model->n_kinds;
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		*w++ = f->shares[i].sum << 16 | f->shares[i].most;
	return f->words;
}

/* Is the question answered, whatever else may still be seated? */
static bool satisfied(const Finder *f, unsigned slot)
{
	return f->pending == 0 && f->half == 0 && f->value >= f->task->value &&
	       (!f->task->copies || f->spare >= f->task->spare) &&
	       (slot == f->layout->n_slots || owed_at(f, slot) <= f->group_cores[slot]);
}

static bool visit(Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	Room room = {.slot = slot};

	if (satisfied(f, slot))
		return true;
	if (slot == f->layout->n_slots || !step(f) || hopeless(f, slot, &room) ||
	    memo_knows(f->memo, state(f, slot), f->spare))
		return false;
	if (s->room == SEARCH_NEVER
		    ? fill_group(f, slot, 0, f->cap[slot])
		    : fill_room(f, &room, 0, f->cap[slot] - (s->whole ? f->owed[s->group] : 0)))
		return true;
	if (!f->stopped)
		memo_add(f->memo, state(f, slot), f->spare);
	return false;
}

/*
 * Before a search: the rooms as the base leaves them, and what they carry.
 */
static void find_rest(Finder *f, unsigned r)
{
	const Layout *layout = f->layout;
	int64_t *rest = f->rest + (size_t)r * (layout->n_slots + 1);

	for (unsigned i = layout->n_slots; i-- > 0;) {
		const Slot *s = &layout->slots[i];

		if (s->room != SEARCH_NEVER)
			continue;
		rest[i] = rest[s->group_end] + layout->fills[s->group].best[r][f->spans];
		/* Of a whole node no more than its memory has pieces for. */
		if (i == 0 || layout->slots[i - 1].node != s->node)
			rest[i] = carry(f, r, i);
	}
}

/* What the groups carry, as far as the last task's did not tell. */
static void find_fills(Finder *f)
{
	const Layout *layout = f->layout;
	uint64_t work = layout->n_slots * (uint64_t)(layout->rows->n + f->model->n_kinds);

	for (unsigned i = 0; i < layout->n_slots; i = layout->slots[i].group_end) {
		const Slot *s = &layout->slots[i];
		unsigned n = s->group_end - i - 1;

		/* The rooms' cores, then the group's. */
		memcpy(f->cap_line, f->cap + i + 1, n * sizeof(unsigned));
		f->cap_line[n] = f->cap[i];
		work += group_fill_update(&layout->fills[s->group], layout->rows, s->class,
					  f->cap_line, n);
	}
	finder_charge(f, RUN_COST + work / WORK_PER_STEP);
}

static void find_caps(Finder *f)
{
	const Layout *layout = f->layout;
	const Packing *base = f->task->base;

	for (unsigned g = 0; g < f->model->n_groups; g++)
		f->owed[g] = 0;
	f->leave_end = 0;
	for (unsigned i = layout->n_slots; i-- > 0;) {
		const Slot *s = &layout->slots[i];
		bool first = s->room == SEARCH_NEVER, last = i + 1 == s->group_end;
		bool more = s->group_end < s->node_end;

		f->cap[i] = s->whole || first ? base->group[s->group] : base->room[s->room];
		f->group_cores[i] =
			first ? f->cap[i] : f->cap[i] + (last ? 0 : f->group_cores[i + 1]);
		f->node_cores[i] = more ? f->node_cores[s->group_end] + f->cap[s->group_end] : 0;
		/* What is free in a group's rooms but not in the group is somebody's already. */
		if (!s->whole && !first)
			f->owed[s->group] += f->cap[i];
		else if (!s->whole)
			f->owed[s->group] -= f->cap[i];
		if (first && f->leave_end == 0 && (f->spans || !s->whole))
			f->leave_end = i + 1;
	}
}

static void find_later(Finder *f)
{
	const SearchProblem *problem = f->model->problem;

	for (unsigned n = problem->n_nodes; n-- > 0;) {
		bool last = n + 1 == problem->n_nodes;
		f->later_memory[n] = last ? 0
				     : f->memory[n + 1] == UINT64_MAX
					     ? INFINITY
					     : f->later_memory[n + 1] + (double)f->memory[n + 1];
	}
}

/* Which later groups could hold a share. */
static void find_share_groups(Finder *f)
{
	for (unsigned i = 0; i < f->rows->n_sorts; i++) {
		const Sort *sort = &f->rows->sorts[i];
		unsigned n = 0;

		for (unsigned g = f->model->n_groups; g-- > 0;) {
			const Group *group = &f->model->groups[g];

			f->shares[i].later[g] = n;
			n += group->class == sort->class &&
			     f->task->base->group[g] >= sort->cores &&
			     f->memory[group->node] >= sort->memory;
		}
	}
}

/* Which later groups could hold a share of the VM that is half seated, and which sort that is. */
static void find_half_groups(Finder *f)
{
	const Sort *sort = f->task->half;
	unsigned n = 0;

	f->half_sort = -1;
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		if (f->rows->sorts[i].kind == sort->kind && f->rows->sorts[i].k == sort->k &&
		    f->rows->sorts[i].class == sort->class)
			f->half_sort = (int)i;
	for (unsigned g = f->model->n_groups; g-- > 0;) {
		const Group *group = &f->model->groups[g];

		f->half_later[g] = n;
		n += group->class == sort->class && group->node >= f->task->half_from &&
		     f->task->base->group[g] >= sort->cores &&
		     f->memory[group->node] >= sort->memory;
	}
}

/* May any VM of the task span nodes, belonging there or left? */
static bool may_span(const Finder *f)
{
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		if (f->task->count[f->rows->sorts[i].kind] > 0 &&
		    (!f->rows->sorts[i].coarse || may_leave(f) > 0))
			return true;
	return false;
}

static void prepare(Finder *f)
{
	f->spans = may_span(f) || f->task->half_missing > 0 || f->task->shares;
	find_caps(f);
	find_later(f);
	if (f->spans)
		find_share_groups(f);
	if (f->task->half_missing > 0)
		find_half_groups(f);
	find_fills(f);
	for (unsigned r = 0; r < f->rows->n; r++)
		find_rest(f, r);
}

static void layout_init(Layout *layout, const Model *model, bool merged)
{
	layout->rows = rows_new(model, merged);
	layout->fills = g_new0(GroupFill, model->n_groups + 1);
	layout->slots = g_new0(Slot, model->problem->n_rooms + model->n_groups + 1);
	for (unsigned g = 0; g < model->n_groups; g++) {
		const Group *group = &model->groups[g];
		bool whole = rows_is_whole(layout->rows, g);
		unsigned first = layout->n_slots, n = 1 + (whole ? 1 : group->n_rooms);

		for (unsigned i = 0; i < n; i++) {
			Slot slot = {g,		group->node, group->class, SEARCH_NEVER,
				     first + n, 0,	     whole};

			if (i > 0)
				slot.room = model->rooms[group->first + i - 1];
			layout->slots[layout->n_slots++] = slot;
		}
	}
	for (unsigned i = layout->n_slots; i-- > 0;) {
		Slot *slot = &layout->slots[i];
		bool last = i + 1 == layout->n_slots || slot[1].node != slot->node;

		slot->node_end = last ? i + 1 : slot[1].node_end;
	}
}

static Layout *layout_get(Finder *f, bool merged)
{
	Layout *layout = &f->layouts[merged];

	if (!layout->rows)
		layout_init(layout, f->model, merged);
	return layout;
}

static void free_shares(Finder *f)
{
	for (unsigned i = 0; f->rows && i < f->rows->n_sorts; i++)
		g_free(f->shares[i].later);
	g_clear_pointer(&f->shares, g_free);
	g_clear_pointer(&f->share_slot, g_free);
	g_clear_pointer(&f->memo, memo_free);
	g_clear_pointer(&f->words, g_free);
}

/* What depends on the layout's rows. */
static void take_layout(Finder *f, bool merged)
{
	const Layout *layout = layout_get(f, merged);
	unsigned sorts = layout->rows->n_sorts, words = f->model->n_kinds + 6 + sorts;

	if (f->layout == layout)
		return;
	free_shares(f);
	f->layout = layout;
	f->rows = layout->rows;
	f->shares = g_new0(Shares, sorts + 1);
	for (unsigned i = 0; i < sorts; i++)
		f->shares[i].later = g_new0(unsigned, f->model->n_groups + 1);
	f->share_slot = g_new0(unsigned, (size_t)f->model->n_groups *sorts + 1);
	f->memo = memo_new(words);
	f->words = g_new0(uint32_t, words);
}

Finder *finder_new(const Model *model, uint64_t *steps)
{
	Finder *f = g_new0(Finder, 1);
	size_t kinds = model->n_kinds, slots = model->problem->n_rooms + model->n_groups + 1;
	size_t nodes = model->problem->n_nodes + 1;

	f->model = model;
	f->steps = steps;
	f->cap = g_new0(unsigned, slots);
	f->cap_line = g_new0(unsigned, slots);
	f->group_cores = g_new0(unsigned, slots);
	f->node_cores = g_new0(unsigned, slots);
	f->rest = g_new0(int64_t, ROWS_MOST * slots);
	f->later_memory = g_new0(double, nodes);
	f->rem = g_new0(unsigned, kinds + 1);
	f->owed = g_new0(unsigned, model->n_groups + 1);
	f->half_later = g_new0(unsigned, model->n_groups + 1);
	f->in_slot = g_new0(unsigned, slots *kinds + 1);
	return f;
}

static void layout_clear(Layout *layout, const Model *model)
{
	for (unsigned g = 0; layout->fills && g < model->n_groups; g++)
		group_fill_clear(&layout->fills[g]);
	g_free(layout->fills);
	g_clear_pointer(&layout->rows, rows_free);
	g_free(layout->slots);
}

void finder_free(Finder *f)
{
	free_shares(f);
	layout_clear(&f->layouts[0], f->model);
	layout_clear(&f->layouts[1], f->model);
	g_free(f->cap);
	g_free(f->cap_line);
	g_free(f->group_cores);
	g_free(f->node_cores);
	g_free(f->rest);
	g_free(f->later_memory);
	g_free(f->rem);
	g_free(f->owed);
	g_free(f->half_later);
	g_free(f->in_slot);
	g_free(f);
}

/* The node whose group takes most shares of sort I that are not dealt, outside SPAN. */
static unsigned fullest_node(const Finder *f, unsigned i, const Span *span)
{
	unsigned best = SEARCH_NEVER, most = 0;

	for (unsigned g = 0; g < f->model->n_groups; g++) {
		unsigned node = f->model->groups[g].node;
		unsigned shares = f->share_slot[(size_t)g * f->rows->n_sorts + i];

		if (shares > most && !(span->nodes >> node & 1)) {
			most = shares;
			best = g;
		}
	}
	f->share_slot[(size_t)best * f->rows->n_sorts + i]--;
	return f->model->groups[best].node;
}

static void harvest_spans(const Finder *f, Packing *packing)
{
	for (unsigned i = 0; f->spans && i < f->rows->n_sorts; i++) {
		const Sort *sort = &f->rows->sorts[i];

		for (unsigned v = 0; v < f->shares[i].vms; v++) {
			Span span = {sort->kind, sort->class, sort->k, 0};

			for (unsigned n = 0; n < sort->k; n++)
				span.nodes |= UINT64_C(1) << fullest_node(f, i, &span);
			packing_add_span(f->model, packing, span);
		}
	}
}

/* What the slots hold, beside the base. */
static Packing *harvest(const Finder *f)
{
	const Model *model = f->model;
	Packing *packing = packing_beside(model, f->task->base);

	harvest_spans(f, packing);
	for (unsigned i = 0; i < f->layout->n_slots; i++) {
		const Slot *s = &f->layout->slots[i];

		for (unsigned k = 0; k < model->n_kinds; k++) {
			unsigned count = f->in_slot[(size_t)i * model->n_kinds + k];

			if (count == 0)
				continue;
			if (s->room == SEARCH_NEVER || f->task->merged)
				packing_add_group(model, packing, k, s->group, (int)count);
			else
				packing_add_room(model, packing, k, s->room, (int)count);
		}
	}
	return packing;
}

/* The VMs whose shares the base has, and what these still miss. */
static void begin_shares(Finder *f)
{
	unsigned n = f->rows->n_sorts;

	memcpy(f->share_slot, f->task->shares, (size_t)f->model->n_groups * n * sizeof(unsigned));
	for (unsigned i = 0; i < n; i++) {
		const Sort *sort = &f->rows->sorts[i];
		Shares *shares = &f->shares[i];

		for (unsigned g = 0; g < f->model->n_groups; g++) {
			unsigned count = f->share_slot[(size_t)g * n + i];

			shares->sum += count;
			shares->most = MAX(shares->most, count);
		}
		shares->vms = MAX(shares->most, (shares->sum + sort->k - 1) / sort->k);
		f->pending += shares->vms * sort->k - shares->sum;
		f->rem[sort->kind] -= shares->vms;
		f->value += shares->vms * f->model->kinds[sort->kind].value;
		f->left += sort->coarse ? shares->vms : 0;
	}
}

static void begin(Finder *f, const Task *task, Packing *space)
{
	take_layout(f, task->merged);
	f->task = task;
	f->memory = space->memory;
	f->stopped = false;
	f->value = f->spare = 0;
	f->left = f->pending = f->last_row = 0;
	f->half = task->half_missing;
	f->half_nodes = 0;
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		f->shares[i].sum = f->shares[i].most = f->shares[i].vms = 0;
	memset(f->share_slot, 0, (size_t)f->model->n_groups * f->rows->n_sorts * sizeof(unsigned));
	memset(f->in_slot, 0, (size_t)f->layout->n_slots * f->model->n_kinds * sizeof(unsigned));
	memcpy(f->rem, task->count, f->model->n_kinds * sizeof(unsigned));
	memo_clear(f->memo);
	if (task->shares)
		begin_shares(f);
	prepare(f);
}

Outcome finder_run(Finder *f, const Task *task, uint64_t limit, Packing **found)
{
	g_autoptr(Packing) space = packing_beside(f->model, task->base);
	bool yes;

	begin(f, task, space);
	f->limit = limit;
	yes = visit(f, 0);
	if (yes)
		*found = harvest(f);
	return yes ? OUTCOME_FOUND : f->stopped ? OUTCOME_UNKNOWN : OUTCOME_NONE;
}

Outcome finder_prove(Finder *f, const Task *task, uint64_t limit, Packing **found)
{
	Outcome outcome = finder_run(f, task, MIN(limit, SHORT_RUN), found);
	Layout *layout = layout_get(f, task->merged);
	unsigned n = layout->rows->n;

	if (outcome != OUTCOME_UNKNOWN || limit <= SHORT_RUN)
		return outcome;
	finder_charge(f, rows_optimize(layout->rows, task) / LP_WORK_PER_STEP);
	outcome = finder_run(f, task, limit - SHORT_RUN, found);
	rows_drop(layout->rows, n);
	for (unsigned g = 0; g < f->model->n_groups; g++)
		group_fill_drop(&layout->fills[g], n);
	return outcome;
}

Outcome finder_find(Finder *f, const Task *task, uint64_t limit, Packing **found)
{
	Outcome outcome = finder_run(f, task, MIN(limit, SHORT_RUN), found);

	if (outcome != OUTCOME_UNKNOWN || limit <= SHORT_RUN)
		return outcome;
	if (finder_dive(f, task, limit / 4, found))
		return OUTCOME_FOUND;
	return finder_run(f, task, limit - SHORT_RUN, found);
}

uint64_t finder_half(const Finder *f)
{
	return f->half_nodes;
}

const Rows *finder_rows(Finder *f, bool merged)
{
	return layout_get(f, merged)->rows;
}

void finder_optimize(Finder *f, const Task *task)
{
	Layout *layout = layout_get(f, task->merged);

	if (task->copies ? layout->optimized_copies : layout->optimized == OPTIMIZE_MOST)
		return;
	finder_charge(f, rows_optimize(layout->rows, task) / LP_WORK_PER_STEP);
	layout->optimized_copies = layout->optimized_copies || task->copies;
	layout->optimized += !task->copies;
}

/* The highest value (else, spare) above FLOOR with which TASK is not hopeless from the start. */
static uint64_t bound(Finder *f, Task *task, uint64_t *asked, uint64_t floor, uint64_t ceiling)
{
	g_autoptr(Packing) space = packing_beside(f->model, task->base);
	Room room;

	while (floor < ceiling) {
		*asked = floor + (ceiling - floor + 1) / 2;
		begin(f, task, space);
		if (f->layout->n_slots == 0 || hopeless(f, 0, &room))
			ceiling = *asked - 1;
		else
			floor = *asked;
	}
	return floor;
}

uint64_t finder_value_bound(Finder *f, Task task, uint64_t floor, uint64_t ceiling)
{
	return bound(f, &task, &task.value, floor, ceiling);
}

uint64_t finder_spare_bound(Finder *f, Task task, uint64_t floor, uint64_t ceiling)
{
	return bound(f, &task, &task.spare, floor, ceiling);
}
