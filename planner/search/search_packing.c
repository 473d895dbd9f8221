/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

#include <string.h>

/* A packing of nothing in rooms of no size. */
static Packing *packing_alloc(const Model *model)
{
	size_t kinds = model->n_kinds, rooms = model->problem->n_rooms;
	Packing *packing = g_new0(Packing, 1);

	packing->in_room = g_new0(unsigned, rooms *kinds + 1);
	packing->in_group = g_new0(unsigned, model->n_groups *kinds + 1);
	packing->spans = g_array_new(FALSE, FALSE, sizeof(SearchSpan));
	packing->placed = g_new0(unsigned, kinds + 1);
	packing->room = g_new0(unsigned, rooms + 1);
	packing->group = g_new0(unsigned, model->n_groups + 1);
	packing->memory = g_new0(uint64_t, model->problem->n_nodes + 1);
	return packing;
}

Packing *packing_new(const Model *model)
{
	const SearchProblem *problem = model->problem;
	Packing *packing = packing_alloc(model);

	for (unsigned r = 0; r < problem->n_rooms; r++)
		packing->room[r] = problem->rooms[r].cores;
	for (unsigned g = 0; g < model->n_groups; g++)
		packing->group[g] = model->groups[g].cores;
	for (unsigned n = 0; n < problem->n_nodes; n++)
		packing->memory[n] = model->memory ? problem->memory[n] : UINT64_MAX;
	return packing;
}

Packing *packing_beside(const Model *model, const Packing *packing)
{
	Packing *beside = packing_alloc(model);

	memcpy(beside->room, packing->room, model->problem->n_rooms * sizeof(unsigned));
	memcpy(beside->group, packing->group, model->n_groups * sizeof(unsigned));
	memcpy(beside->memory, packing->memory, model->problem->n_nodes * sizeof(uint64_t));
	return beside;
}

Packing *packing_copy(const Model *model, const Packing *from)
{
	size_t kinds = model->n_kinds, rooms = model->problem->n_rooms;
	Packing *to = packing_beside(model, from);

	memcpy(to->in_room, from->in_room, rooms * kinds * sizeof(unsigned));
	memcpy(to->in_group, from->in_group, model->n_groups * kinds * sizeof(unsigned));
	memcpy(to->placed, from->placed, kinds * sizeof(unsigned));
	g_array_append_vals(to->spans, from->spans->data, from->spans->len);
	return to;
}

void packing_free(Packing *packing)
{
	g_free(packing->in_room);
	g_free(packing->in_group);
	g_array_unref(packing->spans);
	g_free(packing->placed);
	g_free(packing->room);
	g_free(packing->group);
	g_free(packing->memory);
	g_free(packing);
}

bool packing_fits_room(const Model *model, const Packing *packing, unsigned kind, unsigned room)
{
	unsigned g = model->group_of[room];
	const Kind *k = &model->kinds[kind];
	unsigned need = kind_cores(model, k, model->groups[g].class);

	return need <= packing->room[room] && need <= packing->group[g] &&
	       k->memory <= packing->memory[model->groups[g].node] && kind_in_room(model, k, room);
}

bool packing_fits_group(const Model *model, const Packing *packing, unsigned kind, unsigned group)
{
	const Kind *k = &model->kinds[kind];

	return kind_cores(model, k, model->groups[group].class) <= packing->group[group] &&
	       k->memory <= packing->memory[model->groups[group].node] &&
	       kind_in_group(model, k, group);
}

bool packing_fits_slice(const Model *model, const Packing *packing, unsigned kind, unsigned class,
			const SearchSlice *slice, unsigned node)
{
	unsigned g = model->group_at[node * model->n_classes + class];

	return g != SEARCH_NEVER && slice->cores <= packing->group[g] &&
	       slice->memory <= packing->memory[node] &&
	       kind_in_group(model, &model->kinds[kind], g);
}

/* COUNT times MEMORY less; the callers never take more than there is. */
static void packing_take_memory(Packing *packing, unsigned node, uint64_t memory, int count)
{
	if (packing->memory[node] != UINT64_MAX)
		packing->memory[node] -= memory * (uint64_t)(int64_t)count;
}

void packing_add_room(const Model *model, Packing *packing, unsigned kind, unsigned room, int count)
{
	unsigned g = model->group_of[room];
	unsigned need = kind_cores(model, &model->kinds[kind], model->groups[g].class);

	packing->in_room[(size_t)room * model->n_kinds + kind] += (unsigned)count;
	packing->placed[kind] += (unsigned)count;
	packing->room[room] -= need * (unsigned)count;
	packing->group[g] -= need * (unsigned)count;
	packing_take_memory(packing, model->groups[g].node, model->kinds[kind].memory, count);
}

void packing_add_group(const Model *model, Packing *packing, unsigned kind, unsigned group,
		       int count)
{
	const Group *g = &model->groups[group];
	unsigned need = kind_cores(model, &model->kinds[kind], g->class);

	packing->in_group[(size_t)group * model->n_kinds + kind] += (unsigned)count;
	packing->placed[kind] += (unsigned)count;
	packing->group[group] -= need * (unsigned)count;
	packing_take_memory(packing, g->node, model->kinds[kind].memory, count);
}

/* What COUNT spans like SPAN take. */
static void span_take(const Model *model, Packing *packing, const SearchSpan *span, int count)
{
	SearchSlice slices[SEARCH_SLICES];
	unsigned sorts =
		kind_slices(model, &model->kinds[span->kind], span->class, span->level, slices);

	packing->placed[span->kind] += (unsigned)count;
	for (unsigned i = 0; i < sorts; i++)
		for (unsigned n = 0; n < model->problem->n_nodes; n++) {
			if (!(span->nodes[i] >> n & 1))
				continue;
			packing->group[model->group_at[n * model->n_classes + span->class]] -=
				slices[i].cores * (unsigned)count;
			packing_take_memory(packing, n, slices[i].memory, count);
		}
}

void packing_add_span(const Model *model, Packing *packing, SearchSpan span)
{
	g_array_append_val(packing->spans, span);
	span_take(model, packing, &span, 1);
}

void packing_take_span(const Model *model, Packing *packing, unsigned index)
{
	SearchSpan span = g_array_index(packing->spans, SearchSpan, index);

	g_array_remove_index(packing->spans, index);
	span_take(model, packing, &span, -1);
}

uint64_t packing_value(const Model *model, const Packing *packing)
{
	uint64_t value = 0;

	for (unsigned k = 0; k < model->n_kinds; k++)
		value += packing->placed[k] * model->kinds[k].value;
	return value;
}

unsigned packing_far(const Model *model, const Packing *packing)
{
	unsigned far = 0;

	for (unsigned i = 0; i < packing->spans->len; i++) {
		const SearchSpan *span = &g_array_index(packing->spans, SearchSpan, i);

		far += span->level > MAX(model->kinds[span->kind].natural, 1);
	}
	return far;
}

unsigned packing_spread(const Model *model, const Packing *packing)
{
	unsigned spread = 0;

	for (unsigned g = 0; g < model->n_groups; g++)
		for (unsigned k = 0; k < model->n_kinds; k++)
			if (model->kinds[k].natural == 0)
				spread += packing->in_group[(size_t)g * model->n_kinds + k];
	return spread;
}

uint64_t packing_near(const Model *model, const Packing *packing)
{
	uint64_t near = 0;

	for (unsigned i = 0; i < packing->spans->len; i++)
		near += nodes_distance(model,
				       span_nodes(&g_array_index(packing->spans, SearchSpan, i)));
	return near;
}

/* Add copies of KIND as long as they fit. */
static uint64_t add_copies_of(const Model *model, Packing *packing, unsigned kind)
{
	unsigned extra = model->kinds[kind].extra, before = packing->placed[kind];

	for (unsigned r = 0; extra == 0 && r < model->problem->n_rooms; r++)
		while (packing_fits_room(model, packing, kind, r))
			packing_add_room(model, packing, kind, r, 1);
	for (unsigned g = 0; extra == 1 && g < model->n_groups; g++)
		while (packing_fits_group(model, packing, kind, g))
			packing_add_group(model, packing, kind, g, 1);
	return (uint64_t)(packing->placed[kind] - before) * model->kinds[kind].vm.vcpus;
}

uint64_t packing_add_copies(const Model *model, Packing *packing)
{
	uint64_t spare = 0;

	for (unsigned k = 0; k < model->n_kinds; k++)
		spare += add_copies_of(model, packing, k);
	return spare;
}
