/* SPDX-License-Identifier: MIT */
/*
 * Best-fit-decreasing: the largest VM first, each at the finest level that has a place for it, in
 * the place it leaves least of. What the exact search starts from and never falls behind.
 */
#include "planner/search/search_internal.h"

/* In a room of GROUP; SEARCH_NEVER: of any. */
static bool bestfit_assign_in_room(const Model *model, Packing *packing, unsigned kind,
				   unsigned group)
{
	unsigned best = SEARCH_NEVER, least = SEARCH_NEVER;

	for (unsigned r = 0; r < model->problem->n_rooms; r++) {
		if (group != SEARCH_NEVER && model->group_of[r] != group)
			continue;
		if (packing->room[r] < least && packing_fits_room(model, packing, kind, r)) {
			least = packing->room[r];
			best = r;
		}
	}
	if (best != SEARCH_NEVER)
		packing_add_room(model, packing, kind, best, 1);
	return best != SEARCH_NEVER;
}

static bool assign_in_group(const Model *model, Packing *packing, unsigned kind)
{
	unsigned best = SEARCH_NEVER, least = SEARCH_NEVER;

	for (unsigned g = 0; g < model->n_groups; g++) {
		if (packing->group[g] < least && packing_fits_group(model, packing, kind, g)) {
			least = packing->group[g];
			best = g;
		}
	}
	if (best != SEARCH_NEVER)
		packing_add_group(model, packing, kind, best, 1);
	return best != SEARCH_NEVER;
}

/* The node that has room for a share and least left of the class, of those SPAN has not. */
static unsigned tightest_node(const Model *model, const Packing *packing, const SearchSpan *span,
			      const SearchSlice *slice)
{
	unsigned best = SEARCH_NEVER, least = SEARCH_NEVER;

	for (unsigned n = 0; n < model->problem->n_nodes; n++) {
		unsigned g = model->group_at[n * model->n_classes + span->class];

		if (span_nodes(span) >> n & 1 ||
		    !packing_fits_slice(model, packing, span->kind, span->class, slice, n) ||
		    packing->group[g] >= least)
			continue;
		least = packing->group[g];
		best = n;
	}
	return best;
}

static bool bestfit_assign_over_nodes(const Model *model, Packing *packing, SearchSpan span)
{
	SearchSlice slices[SEARCH_SLICES];
	unsigned n = kind_slices(model, &model->kinds[span.kind], span.class, span.level, slices);

	for (unsigned i = 0; i < n; i++)
		for (unsigned s = 0; s < slices[i].n; s++) {
			unsigned node = tightest_node(model, packing, &span, &slices[i]);

			if (node == SEARCH_NEVER)
				return false;
			span.nodes[i] |= UINT64_C(1) << node;
		}
	if (n > 0)
		packing_add_span(model, packing, span);
	return n > 0;
}

static bool assign_span(const Model *model, Packing *packing, unsigned kind)
{
	for (unsigned k = 2; k <= model->problem->n_nodes; k++) {
		for (unsigned c = 0; c < model->n_classes; c++) {
			SearchSpan span = {.kind = kind, .class = c, .level = k};

			if (bestfit_assign_over_nodes(model, packing, span))
				return true;
		}
	}
	return false;
}

static bool bestfit_assign_in_node(const Model *model, Packing *packing, unsigned kind)
{
	return bestfit_assign_in_room(model, packing, kind, SEARCH_NEVER) ||
	       assign_in_group(model, packing, kind);
}

bool bestfit_assign(const Model *model, Packing *packing, unsigned kind)
{
	return bestfit_assign_in_node(model, packing, kind) || assign_span(model, packing, kind);
}

/* Assign a VM of KIND, which fits GROUP, in the group's tightest room, else over its rooms. */
static void bestfit_assign_group(const Model *model, Packing *packing, unsigned kind,
				 unsigned group)
{
	if (!bestfit_assign_in_room(model, packing, kind, group))
		packing_add_group(model, packing, kind, group, 1);
}

/* The kind with most vCPUs first. */
static int compare_vcpus(const void *pa, const void *pb, void *data)
{
	const Kind *kinds = data;
	const Kind *a = kinds + *(const unsigned *)pa, *b = kinds + *(const unsigned *)pb;

	if (a->vm.vcpus != b->vm.vcpus)
		return a->vm.vcpus > b->vm.vcpus ? -1 : 1;
	return a->least < b->least ? -1 : a->least > b->least;
}

/* One way of it: kinds by cores or by vCPUs; SPANS_LAST: what needs several nodes after the rest.
 */
static Packing *bestfit_fill(const Model *model, const unsigned *count, bool by_vcpus,
			     bool spans_last)
{
	g_autoptr(GArray) order = g_array_sized_new(FALSE, FALSE, sizeof(unsigned), model->n_kinds);
	Packing *packing = packing_new(model);

	for (unsigned k = 0; k < model->n_kinds; k++)
		g_array_append_val(order, k);
	if (by_vcpus)
		g_array_sort_with_data(order, compare_vcpus, model->kinds);
	for (unsigned i = 0; i < model->n_kinds; i++) {
		unsigned k = g_array_index(order, unsigned, i);

		while (packing->placed[k] < count[k] &&
		       (bestfit_assign_in_node(model, packing, k) ||
			(!spans_last && assign_span(model, packing, k))))
			;
	}
	for (unsigned i = 0; i < model->n_kinds; i++) {
		unsigned k = g_array_index(order, unsigned, i);

		while (packing->placed[k] < count[k] && assign_span(model, packing, k))
			;
	}
	return packing;
}

Packing *bestfit(const Model *model, const unsigned *count)
{
	Packing *best = bestfit_fill(model, count, false, false);
	uint64_t all = 0, value = packing_value(model, best);

	for (unsigned k = 0; k < model->n_kinds; k++)
		all += count[k] * model->kinds[k].value;
	for (unsigned i = 1; i < 4 && value < all; i++) {
		g_autoptr(Packing) other = bestfit_fill(model, count, i / 2, i % 2);

		if (packing_value(model, other) <= value)
			continue;
		packing_free(best);
		best = g_steal_pointer(&other);
		value = packing_value(model, best);
	}
	return best;
}

void bestfit_add(const Model *model, Packing *packing, const Packing *added)
{
	size_t kinds = model->n_kinds;

	for (unsigned i = 0; i < added->spans->len; i++)
		packing_add_span(model, packing, g_array_index(added->spans, SearchSpan, i));
	for (unsigned r = 0; r < model->problem->n_rooms; r++)
		for (unsigned k = 0; k < kinds; k++)
			packing_add_room(model, packing, k, r, (int)added->in_room[r * kinds + k]);
	for (unsigned g = 0; g < model->n_groups; g++)
		for (unsigned k = 0; k < kinds; k++)
			for (unsigned i = 0; i < added->in_group[g * kinds + k]; i++)
				bestfit_assign_group(model, packing, k, g);
}
