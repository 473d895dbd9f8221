/* SPDX-License-Identifier: MIT */
#include "planner/search_internal.h"

#include <string.h>

Packing *packing_new(const Model *model)
{
	const SearchProblem *problem = model->problem;
	size_t kinds = model->n_kinds;
	Packing *packing = g_new0(Packing, 1);

	packing->in_room = g_new0(unsigned, problem->n_rooms *kinds + 1);
	packing->in_group = g_new0(unsigned, model->n_groups *kinds + 1);
	packing->spans = g_array_new(FALSE, FALSE, sizeof(Span));
	packing->placed = g_new0(unsigned, kinds + 1);
	packing->room = g_new0(unsigned, problem->n_rooms + 1);
	packing->group = g_new0(unsigned, model->n_groups + 1);
	packing->memory = g_new0(uint64_t, problem->n_nodes + 1);
	for (unsigned r = 0; r < problem->n_rooms; r++)
		packing->room[r] = problem->rooms[r].cores;
	for (unsigned g = 0; g < model->n_groups; g++)
		packing->group[g] = model->groups[g].cores;
	for (unsigned n = 0; n < problem->n_nodes; n++)
		packing->memory[n] = problem->memory[n];
	return packing;
}

Packing *packing_copy(const Model *model, const Packing *from)
{
	const SearchProblem *problem = model->problem;
	size_t kinds = model->n_kinds;
	Packing *to = packing_new(model);

	memcpy(to->in_room, from->in_room, problem->n_rooms * kinds * sizeof(unsigned));
	memcpy(to->in_group, from->in_group, model->n_groups * kinds * sizeof(unsigned));
	g_array_append_vals(to->spans, from->spans->data, from->spans->len);
	memcpy(to->placed, from->placed, kinds * sizeof(unsigned));
	memcpy(to->room, from->room, problem->n_rooms * sizeof(unsigned));
	memcpy(to->group, from->group, model->n_groups * sizeof(unsigned));
	memcpy(to->memory, from->memory, problem->n_nodes * sizeof(uint64_t));
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

static bool fits_node(const Packing *packing, const Kind *kind, unsigned node, uint64_t memory)
{
	return (kind->vm.node == G_MAXUINT || kind->vm.node == node) &&
	       memory <= packing->memory[node];
}

bool packing_fits_room(const Model *model, const Packing *packing, unsigned kind, unsigned room)
{
	unsigned g = model->group_of[room];
	const Kind *k = &model->kinds[kind];
	unsigned need = share_cores(model, k, model->groups[g].class, 1);

	return need <= packing->room[room] && need <= packing->group[g] &&
	       fits_node(packing, k, model->groups[g].node, k->memory);
}

bool packing_fits_group(const Model *model, const Packing *packing, unsigned kind, unsigned group)
{
	const Kind *k = &model->kinds[kind];

	return share_cores(model, k, model->groups[group].class, 1) <= packing->group[group] &&
	       fits_node(packing, k, model->groups[group].node, k->memory);
}

bool packing_fits_share(const Model *model, const Packing *packing, unsigned kind, unsigned class,
			unsigned k, unsigned node)
{
	unsigned g = model->group_at[node * model->n_classes + class];

	return g != SEARCH_NEVER &&
	       share_cores(model, &model->kinds[kind], class, k) <= packing->group[g] &&
	       fits_node(packing, &model->kinds[kind], node,
			 share_memory(&model->kinds[kind].vm, k));
}

static void take_memory(Packing *packing, unsigned node, uint64_t memory)
{
	if (packing->memory[node] != UINT64_MAX)
		packing->memory[node] -= memory;
}

void packing_add_room(const Model *model, Packing *packing, unsigned kind, unsigned room)
{
	unsigned g = model->group_of[room];
	unsigned need = share_cores(model, &model->kinds[kind], model->groups[g].class, 1);

	packing->in_room[(size_t)room * model->n_kinds + kind]++;
	packing->placed[kind]++;
	packing->room[room] -= need;
	packing->group[g] -= need;
	take_memory(packing, model->groups[g].node, model->kinds[kind].memory);
}

void packing_add_group(const Model *model, Packing *packing, unsigned kind, unsigned group)
{
	const Group *g = &model->groups[group];

	packing->in_group[(size_t)group * model->n_kinds + kind]++;
	packing->placed[kind]++;
	packing->group[group] -= share_cores(model, &model->kinds[kind], g->class, 1);
	take_memory(packing, g->node, model->kinds[kind].memory);
}

void packing_add_span(const Model *model, Packing *packing, Span span)
{
	const Kind *kind = &model->kinds[span.kind];

	g_array_append_val(packing->spans, span);
	packing->placed[span.kind]++;
	for (unsigned n = 0; n < model->problem->n_nodes; n++) {
		if (!(span.nodes >> n & 1))
			continue;
		packing->group[model->group_at[n * model->n_classes + span.class]] -=
			share_cores(model, kind, span.class, span.level);
		take_memory(packing, n, share_memory(&kind->vm, span.level));
	}
}

uint64_t packing_value(const Model *model, const Packing *packing)
{
	uint64_t value = 0;

	for (unsigned k = 0; k < model->n_kinds; k++)
		value += packing->placed[k] * kind_value(model, &model->kinds[k]);
	return value;
}

unsigned packing_left(const Model *model, const Packing *packing)
{
	unsigned left = 0;

	for (unsigned g = 0; g < model->n_groups; g++)
		for (unsigned k = 0; k < model->n_kinds; k++)
			if (model->kinds[k].natural == 0)
				left += packing->in_group[(size_t)g * model->n_kinds + k];
	for (unsigned i = 0; i < packing->spans->len; i++) {
		const Span *span = &g_array_index(packing->spans, Span, i);

		left += span->level > model->kinds[span->kind].natural;
	}
	return left;
}

/* Add copies of KIND, wherever it stands, as long as they fit. */
static uint64_t fill_with(const Model *model, Packing *packing, unsigned kind)
{
	uint64_t added = 0;
	unsigned node = model->kinds[kind].vm.node;

	model->kinds[kind].vm.node = G_MAXUINT;
	for (unsigned r = 0; model->kinds[kind].extra == 0 && r < model->problem->n_rooms; r++)
		for (; packing_fits_room(model, packing, kind, r); added++)
			packing_add_room(model, packing, kind, r);
	for (unsigned g = 0; model->kinds[kind].extra == 1 && g < model->n_groups; g++)
		for (; packing_fits_group(model, packing, kind, g); added++)
			packing_add_group(model, packing, kind, g);
	model->kinds[kind].vm.node = node;
	return added * model->kinds[kind].vm.vcpus;
}

uint64_t packing_spare_greedy(const Model *model, const Packing *packing)
{
	g_autoptr(Packing) copy = packing_copy(model, packing);
	uint64_t spare = 0;

	for (unsigned k = 0; k < model->n_kinds; k++)
		spare += fill_with(model, copy, k);
	return spare;
}
