/* SPDX-License-Identifier: MIT */
/*
 * The exact search's first stage: which VMs sit over several nodes, and over which.
 *
 * Two rules keep equal choices from being tried twice. VMs of a kind take their spans in ascending
 * order (level, class, nodes). And of nodes that are alike so far a span takes the lowest: whatever
 * follows, swapping two such nodes in all that is still to be decided changes nothing, and of all
 * answers the one whose list of spans comes first obeys both rules.
 */
#include "planner/search_finder.h"

static bool span_from(Finder *f, unsigned k, const Span *after);

static bool same_rooms(const Finder *f, const Group *a, const Group *b)
{
	const unsigned *rooms = f->model->rooms, *free = f->task->base->room;

	if (a->n_rooms != b->n_rooms)
		return false;
	for (unsigned i = 0; i < a->n_rooms; i++)
		if (free[rooms[a->first + i]] != free[rooms[b->first + i]])
			return false;
	return true;
}

static bool wanted_by_name(const Finder *f, unsigned node)
{
	for (unsigned k = 0; k < f->model->n_kinds; k++)
		if (f->model->kinds[k].vm.node == node && f->left_over[k] > 0)
			return true;
	return false;
}

/* Can nodes A and B be swapped in all that is still to be decided? */
static bool nodes_alike(const Finder *f, unsigned a, unsigned b)
{
	const Model *model = f->model;

	if (f->memory[a] != f->memory[b] || wanted_by_name(f, a) || wanted_by_name(f, b))
		return false;
	for (unsigned c = 0; c < model->n_classes; c++) {
		unsigned x = model->group_at[a * model->n_classes + c];
		unsigned y = model->group_at[b * model->n_classes + c];

		if (x == SEARCH_NEVER && y == SEARCH_NEVER)
			continue;
		if (x == SEARCH_NEVER || y == SEARCH_NEVER ||
		    f->space->group[x] != f->space->group[y] ||
		    f->task->base->group[x] != f->task->base->group[y] ||
		    !same_rooms(f, &model->groups[x], &model->groups[y]))
			return false;
	}
	return true;
}

/* Is there a lower node just like NODE that SPAN passed over? */
static bool passed_over(const Finder *f, const Span *span, unsigned node)
{
	for (unsigned n = 0; n < node; n++)
		if (!(span->nodes >> n & 1) && nodes_alike(f, n, node))
			return true;
	return false;
}

/* Level, class, then the nodes as a list. */
static bool comes_before(const Span *a, const Span *b)
{
	uint64_t differ = a->nodes ^ b->nodes;

	if (a->level != b->level)
		return a->level < b->level;
	if (a->class != b->class)
		return a->class < b->class;
	return differ && (a->nodes & (differ & -differ));
}

/* Can the nodes still carry the value that is missing? */
static bool value_in_reach(const Finder *f)
{
	uint64_t missing = f->task->value > f->value ? f->task->value - f->value : 0;
	Filling filling = finder_may_leave(f) > 0 ? FILL_SHARES : FILL_GROUP;

	for (unsigned k = 0; k < f->model->n_kinds; k++)
		if (f->model->kinds[k].natural >= 2 && f->left_over[k] > 0)
			filling = FILL_SHARES;
	return missing * BOUND_UNIT <= bounds_all(f->bounds, f->space, filling, WEIGHT_VALUE);
}

static bool with_span(Finder *f, const Span *span)
{
	const Kind *kind = &f->model->kinds[span->kind];
	unsigned coarse = span->level > kind->natural;

	if (coarse > finder_may_leave(f) || !finder_step(f))
		return false;
	packing_add_span(f->model, f->space, *span);
	f->left_over[span->kind]--;
	f->value += kind->value;
	f->left += coarse;
	if (value_in_reach(f) && span_from(f, span->kind, span))
		return true;
	f->left -= coarse;
	f->value -= kind->value;
	f->left_over[span->kind]++;
	packing_take_span(f->model, f->space, f->space->spans->len - 1);
	return false;
}

/* Take MISSING more nodes, from NODE on, into SPAN. */
static bool pick_nodes(Finder *f, Span span, unsigned node, unsigned missing, const Span *after)
{
	if (missing == 0)
		return !(after && comes_before(&span, after)) && with_span(f, &span);
	for (unsigned n = node; n + missing <= f->model->problem->n_nodes; n++) {
		Span more = span;

		if (!packing_fits_share(f->model, f->space, &span, n) || passed_over(f, &span, n))
			continue;
		more.nodes |= UINT64_C(1) << n;
		if (pick_nodes(f, more, n + 1, missing - 1, after))
			return true;
		if (f->stopped)
			return false;
	}
	return false;
}

/* One more VM of kind K over several nodes, not before AFTER. */
static bool span_one(Finder *f, unsigned k, const Span *after)
{
	const Kind *kind = &f->model->kinds[k];
	unsigned first = MAX(kind->natural, 2);

	for (unsigned level = first; level <= f->model->problem->n_nodes; level++) {
		if (!share_possible(f->model, kind, level))
			continue;
		for (unsigned c = 0; c < f->model->n_classes; c++)
			if (pick_nodes(f, (Span){k, c, level, 0}, 0, level, after))
				return true;
	}
	return false;
}

/* Choose the spans of kinds K …; those of K that are chosen end with AFTER. */
static bool span_from(Finder *f, unsigned k, const Span *after)
{
	const Kind *kind = &f->model->kinds[k];
	bool possible, needed;

	if (k == f->model->n_kinds)
		return finder_fill(f);
	possible = f->left_over[k] > 0 && (kind->natural >= 2 || finder_may_leave(f) > 0);
	if (!possible)
		return span_from(f, k + 1, NULL);
	/* What fits no node is tried over several first; what does, last. */
	needed = kind->natural >= 2;
	if (!needed && span_from(f, k + 1, NULL))
		return true;
	if (span_one(f, k, after))
		return true;
	return needed && !f->stopped && span_from(f, k + 1, NULL);
}

bool finder_span(Finder *f)
{
	return value_in_reach(f) && span_from(f, 0, NULL);
}
