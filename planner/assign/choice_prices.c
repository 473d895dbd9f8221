/* SPDX-License-Identifier: MIT */
/*
 * Prices of types. A column of the linear program is what all nodes of a kind answer at some
 * prices; it has a row for each type, one for how many are asked for, and one for each kind. Any
 * prices give a bound that holds: a type is worth at most its price and what its value is more, and
 * a room at most what its table says.
 */
#include "planner/assign/choice.h"
#include "planner/search/search_simplex.h"

#include <math.h>
#include <string.h>

#define ROUNDS_MOST 120
#define STEPS_EACH 20000
#define STEPS_WORK 1000000000u /* entries of the program's matrix, in all steps */
#define PROPORTIONS 24	       /* of the price of memory to that of vCPUs */
#define FAR 50	   /* prices alone say what is taken where the program is less than that near */
#define NEAR 20000 /* rounds end where the bound is within so small a part of what is reached */

typedef struct Pricing {
	Choice *a;
	Simplex *simplex;
	unsigned rounds;
	int64_t least;	 /* bound so far */
	int64_t best;	 /* of prices */
	int64_t *prices; /* that gave it */
} Pricing;

/* Worth: each kind's table, all that fits into so many cores and so much memory. */
static void choice_tabulate(ChoiceKind *kind)
{
	unsigned width = kind->memory + 1;
	size_t cells = (size_t)(kind->cores + 1) * width;

	if (!kind->worth) {
		kind->worth = g_new(int64_t, cells);
		kind->last = g_new(int16_t, cells);
	}
	memset(kind->worth, 0, cells * sizeof *kind->worth);
	memset(kind->last, 0xff, cells * sizeof *kind->last);
	for (unsigned i = 0; i < kind->items->len; i++) {
		const ChoiceItem *item = &g_array_index(kind->items, ChoiceItem, i);

		for (unsigned c = item->cores; item->gain > 0 && c <= kind->cores; c++) {
			int64_t *to = kind->worth + (size_t)c * width;
			int16_t *last = kind->last + (size_t)c * width;
			const int64_t *from = kind->worth + (size_t)(c - item->cores) * width;

			for (unsigned m = item->memory; m < width; m++)
				if (from[m - item->memory] + item->gain > to[m]) {
					to[m] = from[m - item->memory] + item->gain;
					last[m] = (int16_t)i;
				}
		}
	}
}

uint64_t choice_round_work(const Choice *a)
{
	uint64_t work = 0;

	for (unsigned k = 0; k < a->kinds->len; k++) {
		const ChoiceKind *kind = choice_kind(a, k);

		work += (uint64_t)(kind->items->len + 1) * (kind->cores + 1) * (kind->memory + 1);
	}
	return work;
}

static void choice_tabulate_all(Choice *a)
{
	a->work += choice_round_work(a);
	for (unsigned k = 0; k < a->kinds->len; k++) {
		ChoiceKind *kind = choice_kind(a, k);

		for (unsigned i = 0; i < kind->items->len; i++) {
			ChoiceItem *item = &g_array_index(kind->items, ChoiceItem, i);
			int64_t price = choice_type(a, item->type)->price;

			item->gain = (price * item->cores + item->need - 1) / item->need;
		}
		choice_tabulate(kind);
	}
}

/* The cell of ROOM as it is: its memory rounded up, as that of items is rounded down. */
static size_t choice_cell(const Choice *a, const ChoiceRoom *room)
{
	const ChoiceKind *kind = choice_kind(a, room->kind);
	uint64_t memory = a->memory[room->slot];
	uint64_t steps = memory == UINT64_MAX ? kind->memory : (memory + a->step - 1) / a->step;

	return (size_t)room->cores * (kind->memory + 1) + MIN(steps, kind->memory);
}

static int64_t choice_bound(const Choice *a)
{
	int64_t bound = 0;

	for (unsigned t = 0; t < a->types->len; t++) {
		const ChoiceType *type = choice_type(a, t);

		bound += MAX(0, type->value - type->price) * type->demand;
	}
	for (unsigned r = 0; r < a->rooms->len; r++) {
		const ChoiceRoom *room = choice_room(a, r);

		bound += choice_kind(a, room->kind)->worth[choice_cell(a, room)];
	}
	return bound;
}

/* Add to COUNTS, by item, what is in the best of ROOM. */
static void choice_trace(const Choice *a, const ChoiceRoom *room, unsigned *counts)
{
	const ChoiceKind *kind = choice_kind(a, room->kind);
	size_t cell = choice_cell(a, room);

	while (kind->last[cell] >= 0) {
		unsigned i = (unsigned)kind->last[cell];
		const ChoiceItem *item = &g_array_index(kind->items, ChoiceItem, i);

		counts[i]++;
		cell -= (size_t)item->cores * (kind->memory + 1) + item->memory;
	}
}

/* What all rooms of the kind K answer, as a column. Counts are whole: the order of rooms changes no
 * digit of it. */
static void choice_add_column(Pricing *p, unsigned k)
{
	Choice *a = p->a;
	const ChoiceKind *kind = choice_kind(a, k);
	g_autofree unsigned *counts = g_new0(unsigned, kind->items->len + 1);
	double *column = simplex_add(p->simplex, 0);

	for (unsigned r = 0; r < a->rooms->len; r++)
		if (choice_room(a, r)->kind == k)
			choice_trace(a, choice_room(a, r), counts);
	column[2 * a->types->len + k] = 1;
	for (unsigned i = 0; i < kind->items->len; i++) {
		const ChoiceItem *item = &g_array_index(kind->items, ChoiceItem, i);

		column[item->type] -= (double)counts[i] * item->cores / item->need;
	}
}

/* The prices that types have: their bound, and columns at them. */
static void choice_try_prices(Pricing *p)
{
	Choice *a = p->a;
	int64_t bound, reached = (int64_t)(simplex_value(p->simplex) * CHOICE_UNIT);

	choice_tabulate_all(a);
	bound = choice_bound(a);
	if (bound < p->best)
		for (unsigned t = 0; t < a->types->len; t++)
			p->prices[t] = choice_type(a, t)->price;
	p->best = MIN(p->best, bound);
	p->least = MIN(p->least, bound);
	if (++p->rounds < ROUNDS_MOST && a->work + 2 * choice_round_work(a) <= CHOICE_WORK &&
	    p->least - reached > p->least / NEAR)
		for (unsigned k = 0; k < a->kinds->len; k++)
			choice_add_column(p, k);
}

/* The prices that the program is at; before them those to begin with. */
static void choice_price(void *data)
{
	Pricing *p = data;
	const double *prices = simplex_prices(p->simplex);

	if (!p->rounds) {
		for (unsigned t = 0; t < p->a->types->len; t++)
			choice_type(p->a, t)->price = p->prices[t];
		choice_try_prices(p);
	}
	for (unsigned t = 0; t < p->a->types->len; t++)
		choice_type(p->a, t)->price = (int64_t)(MAX(prices[t], 0) * CHOICE_UNIT + 0.5);
	choice_try_prices(p);
}

/* Prices to begin with, the same for a vCPU and for a byte of any type: they need no tables, and
 * of many sizes the program alone gets nowhere near them in the time that it has. */
typedef struct ChoiceRates {
	double vcpu, byte;
} ChoiceRates;

static double choice_rated(const ChoiceType *type, const ChoiceRates *rates)
{
	return MIN((double)type->value,
		   rates->vcpu * type->pinned + rates->byte * (double)type->memory);
}

/* With RATES for memory, that of a vCPU at which no more are taken than there are VCPUS. */
static void choice_rate_vcpu(const Choice *a, double vcpus, ChoiceRates *rates)
{
	double low = 0, high = CHOICE_UNIT;

	for (unsigned i = 0; i < 40; i++) {
		double taken = 0;

		rates->vcpu = (low + high) / 2;
		for (unsigned t = 0; t < a->types->len; t++) {
			const ChoiceType *type = choice_type(a, t);

			if ((double)type->value > choice_rated(type, rates))
				taken += (double)type->demand * type->pinned;
		}
		*(taken > vcpus ? &low : &high) = rates->vcpu;
	}
	rates->vcpu = high;
}

/* The rates of which the sums over the fleet are a bound that is the least. */
static void choice_begin_prices(const Choice *a, int64_t *prices)
{
	double vcpus = 0, memory = 1, best = G_MAXDOUBLE;

	for (unsigned r = 0; r < a->rooms->len; r++)
		vcpus +=
			choice_room(a, r)->cores * choice_kind(a, choice_room(a, r)->kind)->threads;
	for (unsigned s = 0; s < a->slots; s++)
		memory += (double)a->memory[s];
	for (int i = 0; i < PROPORTIONS; i++) {
		/* All memory as much as all vCPUs if each were one, twice that, a half, a quarter
		 * and so on; at last nothing. */
		ChoiceRates rates = {.byte = i + 1 < PROPORTIONS
						     ? ldexp(CHOICE_UNIT * vcpus / memory, 1 - i)
						     : 0};
		double sum;

		choice_rate_vcpu(a, vcpus, &rates);
		sum = rates.vcpu * vcpus + rates.byte * memory;
		for (unsigned t = 0; t < a->types->len; t++)
			sum += ((double)choice_type(a, t)->value -
				choice_rated(choice_type(a, t), &rates)) *
			       choice_type(a, t)->demand;
		if (sum >= best)
			continue;
		best = sum;
		for (unsigned t = 0; t < a->types->len; t++)
			prices[t] = (int64_t)choice_rated(choice_type(a, t), &rates);
	}
}

/* How many of TYPE are taken: as the program says, or by its price alone if the program is FAR from
 * the bound. */
static unsigned choice_taken(const ChoiceType *type, double level, bool far)
{
	if (far)
		return type->value > type->price ? type->demand : 0;
	return (unsigned)(level + 1e-6);
}

void choice_find_prices(Choice *a)
{
	unsigned types = a->types->len, rows = 2 * types + a->kinds->len;
	g_autoptr(Simplex) simplex = simplex_new(rows);
	g_autofree int64_t *prices = g_new0(int64_t, types + 1);
	Pricing p = {.a = a, .simplex = simplex, .prices = prices, .best = G_MAXINT64};
	bool far;

	for (unsigned t = 0; t < types; t++) {
		const ChoiceType *type = choice_type(a, t);
		double *column = simplex_add(simplex, (double)type->value / CHOICE_UNIT);

		column[t] = column[types + t] = 1;
		simplex_limit(simplex, types + t, type->demand);
		p.least += type->value * type->demand;
	}
	for (unsigned k = 0; k < a->kinds->len; k++)
		simplex_limit(simplex, 2 * types + k, 1);
	choice_begin_prices(a, prices);
	simplex_run(simplex, MIN(STEPS_EACH, STEPS_WORK / (rows * rows + 1)), choice_price, &p);
	far = p.least - (int64_t)(simplex_value(simplex) * CHOICE_UNIT) > p.least / FAR;
	for (unsigned t = 0; t < types; t++) {
		ChoiceType *type = choice_type(a, t);

		type->price = prices[t];
		type->taken = choice_taken(type, simplex_level(simplex, t), far);
	}
	choice_tabulate_all(a);
	a->bound = (uint64_t)(p.least / CHOICE_UNIT);
}
