/* SPDX-License-Identifier: MIT */
/* Bounds of the exact search: what the rooms to come carry, and what they must. */
#include "planner/search/search_finder.h"

unsigned finder_may_leave(const Finder *f)
{
	return f->task->spread == SEARCH_NEVER ? SEARCH_NEVER : f->task->spread - f->spread;
}

unsigned finder_may_part(const Finder *f)
{
	return f->task->far == SEARCH_NEVER ? SEARCH_NEVER : f->task->far - f->far;
}

bool finder_half_misses(const Finder *f)
{
	return f->half[0] || f->half[1] || f->half[2];
}

static int64_t rest_at(const Finder *f, unsigned row, unsigned slot)
{
	return f->rest[(size_t)row * (f->layout->n_slots + 1) + slot];
}

/* By ROW, what the node's memory, as far as it is free, and those carry that may be far or spread
 * of VMS not assigned yet. */
static int64_t carry_besides(const Finder *f, const Row *row, unsigned slot, uint64_t vms)
{
	unsigned node = f->layout->slots[slot].node;
	int64_t carry = 0;
	double memory;

	if (row->mu > 0 && slot < f->leave_end)
		carry = row->mu * (int64_t)MIN((uint64_t)finder_may_part(f) +
						       (f->task->merged ? 0 : finder_may_leave(f)),
					       vms);
	if (row->price == 0)
		return carry;
	memory = (f->later_memory[node] + (double)f->memory[node]) * row->price + 1;
	return memory < 0x1p60 ? carry + (int64_t)memory : INT64_MAX / 4;
}

/* What the group's rooms from that of SLOT on carry if they give up so many cores. */
int64_t finder_carry_rooms(const Finder *f, unsigned r, unsigned slot, unsigned cores)
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
int64_t finder_carry(const Finder *f, unsigned r, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];
	const Row *row = &f->rows->row[r];
	int64_t most = rest_at(f, r, slot);

	if (s->room != SEARCH_NEVER)
		most = rest_at(f, r, s->group_end) +
		       finder_carry_rooms(f, r, slot, f->owed[s->group]);
	if (row->node[0] && f->memory[s->node] != UINT64_MAX)
		most = MIN(most, rest_at(f, r, s->node_end) + carry_node(f, row, slot));
	return most;
}

/* How much of the first goal is still WANTED, how much of the rest may be dropped; VMs of the rest.
 */
typedef struct CarryWant {
	uint64_t wanted, drop, vms;
} CarryWant;

/* What must still be carried by ROW. */
static int64_t carry_demand(const Finder *f, const Row *row, const CarryWant *want)
{
	int64_t sum = row->spare *
		      (int64_t)(f->task->copies ? saturating_less(f->task->spare, f->spare) : 0);

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
		const Sort *sort = &f->rows->sorts[i];
		int64_t all = (int64_t)f->shares[sort->first].vms * sort->slice.n;

		sum += row->psi[i] * (all - (int64_t)f->shares[i].sum);
	}
	for (unsigned i = 0; i < SEARCH_SLICES && f->half_sort >= 0; i++)
		if (f->half[i] > 0)
			sum += row->psi[f->half_sort + (int)i] * f->half[i];
	return sum;
}

unsigned finder_owed(const Finder *f, unsigned slot)
{
	const Slot *s = &f->layout->slots[slot];

	return s->room == SEARCH_NEVER ? 0 : f->owed[s->group];
}

static uint64_t rest_value(const Finder *f, uint64_t *vms)
{
	uint64_t value = 0;

	*vms = 0;
	for (unsigned k = 0; k < f->model->n_kinds; k++) {
		*vms += f->rem[k];
		value += f->rem[k] * f->model->kinds[k].value;
	}
	return value;
}

/* What ROW says the rooms from SLOT on must carry. */
static int64_t must_carry(const Finder *f, const Row *row, unsigned slot, const CarryWant *want)
{
	return carry_demand(f, row, want) - carry_besides(f, row, slot, want->vms);
}

/* Can the slots from SLOT on not carry what they must? Also says what ROOM must carry. */
bool finder_hopeless(Finder *f, unsigned slot, Room *room)
{
	CarryWant want = {.wanted = saturating_less(f->task->value, f->value)};
	uint64_t value = rest_value(f, &want.vms);
	unsigned tail = 0, last = f->last_row;

	if (value < want.wanted || finder_owed(f, slot) > f->group_cores[slot])
		return true;
	want.drop = value - want.wanted;
	/* What said no last time often does again. */
	if (must_carry(f, &f->rows->row[last], slot, &want) > finder_carry(f, last, slot))
		return true;
	for (unsigned r = 0; r < f->rows->n; r++) {
		const Row *row = &f->rows->row[r];
		int64_t must;

		if (r == last && !row->tail)
			continue;
		must = must_carry(f, row, slot, &want);
		if (must > finder_carry(f, r, slot)) {
			f->last_row = r;
			return true;
		}
		if (row->tail)
			room->missing[tail++] =
				must - rest_at(f, r, f->layout->slots[slot].group_end);
	}
	return false;
}
