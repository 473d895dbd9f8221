/* SPDX-License-Identifier: MIT */
/* From counts to seats: which VM gets which cores of which rooms. */
#include "planner/search_internal.h"

#include <string.h>

typedef struct Deal {
	const Model *model;
	const Packing *packing;
	unsigned *in_room, *in_group; /* what is still to be dealt out, as in the packing */
	unsigned *room;		      /* cores not dealt to VMs at level 0 */
	unsigned span;		      /* spans before this one are dealt */
} Deal;

static void add_share(GArray *seat, const SearchShare share)
{
	g_array_append_val(seat, share);
}

/* VCPUS of KIND in the group's rooms, the lowest first. */
static void fill_group(Deal *deal, GArray *seat, const Kind *kind, unsigned group, unsigned vcpus)
{
	const Group *g = &deal->model->groups[group];
	unsigned per_core = kind->vm.isolate ? 1 : deal->model->threads[g->class];
	unsigned need = search_cores(vcpus, per_core, false);

	for (unsigned i = g->first; need > 0 && i < g->first + g->n_rooms; i++) {
		unsigned r = deal->model->rooms[i];
		SearchShare share = {.room = r, .cores = MIN(need, deal->room[r])};

		if (share.cores == 0)
			continue;
		share.vcpus = MIN(vcpus, share.cores * per_core);
		add_share(seat, share);
		deal->room[r] -= share.cores;
		need -= share.cores;
		vcpus -= share.vcpus;
	}
}

static bool deal_room(Deal *deal, GArray *seat, unsigned kind)
{
	const Model *model = deal->model;
	const Kind *k = &model->kinds[kind];

	for (unsigned r = 0; r < model->problem->n_rooms; r++) {
		unsigned *count = &deal->in_room[(size_t)r * model->n_kinds + kind];
		unsigned class = model->groups[model->group_of[r]].class;

		if (*count == 0)
			continue;
		--*count;
		add_share(seat, (SearchShare){r, share_cores(model, k, class, 1), k->vm.vcpus});
		return true;
	}
	return false;
}

static bool deal_group(Deal *deal, GArray *seat, unsigned kind)
{
	const Model *model = deal->model;

	for (unsigned g = 0; g < model->n_groups; g++) {
		unsigned *count = &deal->in_group[(size_t)g * model->n_kinds + kind];

		if (*count == 0)
			continue;
		--*count;
		fill_group(deal, seat, &model->kinds[kind], g, model->kinds[kind].vm.vcpus);
		return true;
	}
	return false;
}

static int compare_shares(const void *a, const void *b)
{
	const SearchShare *x = a, *y = b;

	return x->room < y->room ? -1 : x->room > y->room;
}

static bool deal_span(Deal *deal, GArray *seat, const Span *span)
{
	const Model *model = deal->model;
	const Kind *kind = &model->kinds[span->kind];

	for (unsigned n = 0; n < model->problem->n_nodes; n++)
		if (span->nodes >> n & 1)
			fill_group(deal, seat, kind,
				   model->group_at[n * model->n_classes + span->class],
				   kind->vm.vcpus / span->level);
	qsort(seat->data, seat->len, sizeof(SearchShare), compare_shares);
	return true;
}

/* The I-th span of KIND. */
static const Span *nth_span(const Packing *packing, unsigned kind, unsigned i)
{
	for (unsigned s = 0; s < packing->spans->len; s++) {
		const Span *span = &g_array_index(packing->spans, Span, s);

		if (span->kind == kind && i-- == 0)
			return span;
	}
	return NULL;
}

static GArray *deal_vm(Deal *deal, unsigned kind, unsigned *spans)
{
	g_autoptr(GArray) seat = g_array_new(FALSE, FALSE, sizeof(SearchShare));
	const Span *span;

	if (deal_room(deal, seat, kind) || deal_group(deal, seat, kind))
		return g_steal_pointer(&seat);
	span = nth_span(deal->packing, kind, spans[kind]++);
	if (span && deal_span(deal, seat, span))
		return g_steal_pointer(&seat);
	return NULL;
}

static void free_seat(gpointer seat)
{
	if (seat)
		g_array_unref(seat);
}

GPtrArray *packing_seats(const Model *model, const Packing *packing)
{
	size_t rooms = model->problem->n_rooms, kinds = model->n_kinds;
	g_autofree unsigned *in_room = g_memdup2(packing->in_room, (rooms * kinds + 1) * 4);
	g_autofree unsigned *in_group =
		g_memdup2(packing->in_group, (model->n_groups * kinds + 1) * 4);
	g_autofree unsigned *room = g_memdup2(packing->room, (rooms + 1) * 4);
	g_autofree unsigned *spans = g_new0(unsigned, kinds + 1);
	Deal deal = {model, packing, in_room, in_group, room, 0};
	GPtrArray *seats = g_ptr_array_new_with_free_func(free_seat);

	for (unsigned i = 0; i < model->problem->n_vms; i++)
		g_ptr_array_add(seats, deal_vm(&deal, model->kind_of[i], spans));
	return seats;
}
