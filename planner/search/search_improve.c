/* SPDX-License-Identifier: MIT */
/*
 * Where the exact search does not find what the bounds leave open: improve the packing at hand part
 * by part. A few rooms are emptied, with what sits coarser around them, and the exact search is
 * asked for something better for these alone. Which rooms is drawn by lot, always the same one.
 */
#include "planner/search/search_internal.h"

/* Steps for one part; and what an attempt costs besides. */
#define PART_STEPS 1500
#define PART_COST 10

typedef struct Part {
	Answer *answer;
	Packing *base;	 /* the packing without the part */
	unsigned *count; /* kind → VMs that are not in the base */
	bool *touched;	 /* group → has a room that is emptied */
	uint64_t lot;
} Part;

static unsigned improve_draw(Part *part, unsigned n)
{
	part->lot ^= part->lot << 13;
	part->lot ^= part->lot >> 7;
	part->lot ^= part->lot << 17;
	return (unsigned)(part->lot >> 16) % n;
}

static void empty_room(Part *part, unsigned room)
{
	const Model *model = part->answer->model;

	part->touched[model->group_of[room]] = true;
	for (unsigned k = 0; k < model->n_kinds; k++)
		packing_add_room(model, part->base, k, room,
				 -(int)part->base->in_room[(size_t)room * model->n_kinds + k]);
}

/* What sits at level 1 in groups of which rooms are emptied, and over such nodes only; once these
 * are the nearest it stays. */
static void empty_coarse(Part *part)
{
	const Model *model = part->answer->model;
	Packing *base = part->base;
	uint64_t nodes = 0;

	for (unsigned g = 0; g < model->n_groups; g++) {
		if (!part->touched[g])
			continue;
		nodes |= UINT64_C(1) << (model->groups[g].node % 64);
		for (unsigned k = 0; k < model->n_kinds; k++)
			packing_add_group(model, base, k, g,
					  -(int)base->in_group[(size_t)g * model->n_kinds + k]);
	}
	for (unsigned i = base->spans->len; i-- > 0 && !part->answer->nearest;)
		if (!(span_nodes(&g_array_index(base->spans, SearchSpan, i)) & ~nodes))
			packing_take_span(model, base, i);
}

static void empty_some_room(Part *part, unsigned group)
{
	const Group *g = &part->answer->model->groups[group];

	empty_room(part, part->answer->model->rooms[g->first + improve_draw(part, g->n_rooms)]);
}

/* Rooms around a VM that is far or spread, the I-th of them. */
static void empty_around_left(Part *part, unsigned i)
{
	const Model *model = part->answer->model;
	const Packing *base = part->base;

	for (unsigned s = 0; s < base->spans->len; s++) {
		const SearchSpan *span = &g_array_index(base->spans, SearchSpan, s);

		if (span->level <= MAX(model->kinds[span->kind].natural, 1) || i-- > 0)
			continue;
		for (unsigned g = 0; g < model->n_groups; g++)
			if (span_nodes(span) >> model->groups[g].node & 1 &&
			    model->groups[g].class == span->class)
				empty_some_room(part, g);
		return;
	}
	for (unsigned g = 0; g < model->n_groups; g++)
		for (unsigned k = 0; k < model->n_kinds; k++) {
			unsigned n = base->in_group[(size_t)g * model->n_kinds + k];

			if (model->kinds[k].natural != 0)
				continue;
			if (i < n) {
				empty_some_room(part, g);
				return;
			}
			i -= n;
		}
}

static SearchOutcome ask_part(Part *part, const Aim *aim, uint64_t limit)
{
	Answer *a = part->answer;
	Worth all = answer_worth(a, a->packing), base = answer_worth(a, part->base);
	SearchTask task = {
		.base = part->base,
		.count = part->count,
		.value = all.value + aim->value - base.value,
		.far = aim->merged && !aim->far ? SEARCH_NEVER : all.far - aim->far - base.far,
		.spread = aim->merged ? SEARCH_NEVER : all.spread - aim->spread - base.spread,
		.copies = aim->copies,
		.spare = all.spare + aim->spare - base.spare,
		.merged = aim->merged};
	Packing *found;
	SearchOutcome outcome;

	if ((!aim->merged && all.spread < aim->spread + base.spread) ||
	    ((!aim->merged || aim->far) && all.far < aim->far + base.far))
		return SEARCH_OUTCOME_NONE;
	for (unsigned k = 0; k < a->model->n_kinds; k++)
		part->count[k] = a->nearest && a->model->kinds[k].natural > 1
					 ? 0
					 : a->count[k] - MIN(a->count[k], part->base->placed[k]);
	outcome = finder_run(a->finder, &task, limit, &found);
	if (outcome != SEARCH_OUTCOME_FOUND)
		return outcome;
	bestfit_add(a->model, part->base, found);
	packing_free(found);
	answer_take(a, g_steal_pointer(&part->base));
	return outcome;
}

bool answer_improve(Answer *a, const Aim *aim, uint64_t floor)
{
	const Model *model = a->model;
	g_autofree unsigned *count = g_new0(unsigned, model->n_kinds + 1);
	g_autofree bool *touched = g_new0(bool, model->n_groups + 1);
	Part part = {a, NULL, count, touched, 88172645463325252};
	SearchOutcome outcome = SEARCH_OUTCOME_NONE;

	for (unsigned i = 0; outcome != SEARCH_OUTCOME_FOUND && a->steps > floor + PART_COST; i++) {
		unsigned rooms = 2 + i % 6;

		a->steps -= PART_COST;
		for (unsigned g = 0; g < model->n_groups; g++)
			touched[g] = false;
		part.base = packing_copy(model, a->packing);
		if (a->far + a->spread > 0)
			empty_around_left(
				&part, improve_draw(&part, aim->far ? a->far : a->far + a->spread));
		while (rooms-- > 0)
			empty_room(&part, improve_draw(&part, model->problem->n_rooms));
		empty_coarse(&part);
		outcome = ask_part(&part, aim, MIN(PART_STEPS, a->steps - floor));
		g_clear_pointer(&part.base, packing_free);
	}
	return outcome == SEARCH_OUTCOME_FOUND;
}
