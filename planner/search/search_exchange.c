/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

/* Sets of VMs looked at for an exchange. */
#define MOST_EXCHANGES 256

/* To have a VM of KIND in ROOM, which the packing has in room OTHER, swap it for VMs of ROOM that
 * take its place there. */
typedef struct Exchange {
	const Model *model;
	Packing *rest;
	unsigned room, other;
	unsigned least, most;	      /* cores the VMs that move take */
	uint64_t least_mem, most_mem; /* and memory */
	unsigned looks;
	unsigned *moving; /* kind → VMs */
} Exchange;

/* How many more of kind K may move, CORES and MEMORY being what moves already. */
static unsigned most_moving(const Exchange *x, unsigned k, unsigned cores, uint64_t memory)
{
	const Model *model = x->model;
	const Kind *kind = &model->kinds[k];
	const Group *group = &model->groups[model->group_of[x->other]];
	unsigned most = x->rest->in_room[(size_t)x->room * model->n_kinds + k];

	if (kind->vm.node != G_MAXUINT && kind->vm.node != group->node)
		return 0;
	most = MIN(most, (x->most - cores) / share_cores(model, kind, group->class, 1));
	if (kind->memory > 0)
		most = (unsigned)MIN(most, (x->most_mem - memory) / kind->memory);
	return most;
}

/* Choose among kinds K …; CORES and MEMORY are what the chosen ones take already. */
static bool choose_moving(Exchange *x, unsigned k, unsigned cores, uint64_t memory)
{
	const Model *model = x->model;
	unsigned class = model->groups[model->group_of[x->room]].class, need;

	if (cores >= x->least && memory >= x->least_mem)
		return true;
	while (k < model->n_kinds && x->rest->in_room[(size_t)x->room * model->n_kinds + k] == 0)
		k++;
	if (k == model->n_kinds || x->looks == MOST_EXCHANGES)
		return false;
	x->looks++;
	need = share_cores(model, &model->kinds[k], class, 1);
	for (unsigned count = most_moving(x, k, cores, memory) + 1; count-- > 0;) {
		x->moving[k] = count;
		if (choose_moving(x, k + 1, cores + count * need,
				  memory + count * model->kinds[k].memory))
			return true;
	}
	return false;
}

static unsigned exchange_less(unsigned a, unsigned b)
{
	return a > b ? a - b : 0;
}

/* What may and must move so that both rooms, groups and nodes have enough afterwards. */
static void exchange_limits(Exchange *x, unsigned need, uint64_t memory)
{
	const Model *model = x->model;
	const Packing *rest = x->rest;
	unsigned g = model->group_of[x->room], h = model->group_of[x->other];
	unsigned m = model->groups[g].node, n = model->groups[h].node;

	x->least = exchange_less(need, rest->room[x->room]);
	x->most = need + rest->room[x->other];
	if (g != h) {
		x->least = MAX(x->least, exchange_less(need, rest->group[g]));
		x->most = MIN(x->most, need + rest->group[h]);
	}
	x->most_mem = UINT64_MAX;
	if (m == n)
		return;
	x->least_mem = memory > rest->memory[m] ? memory - rest->memory[m] : 0;
	if (rest->memory[n] != UINT64_MAX)
		x->most_mem = memory + rest->memory[n];
}

static bool exchange_rooms(const Model *model, Packing *rest, unsigned kind, unsigned room,
			   unsigned other)
{
	unsigned class = model->groups[model->group_of[room]].class;
	unsigned need = share_cores(model, &model->kinds[kind], class, 1);
	g_autofree unsigned *moving = NULL;
	Exchange x = {.model = model, .rest = rest, .room = room, .other = other};

	if (class != model->groups[model->group_of[other]].class)
		return false;
	x.moving = moving = g_new0(unsigned, model->n_kinds + 1);
	exchange_limits(&x, need, model->kinds[kind].memory);
	if (!choose_moving(&x, 0, 0, 0))
		return false;
	/* Away first, so that nothing is short in between. */
	packing_add_room(model, rest, kind, other, -1);
	for (unsigned k = 0; k < model->n_kinds; k++)
		packing_add_room(model, rest, k, room, -(int)moving[k]);
	for (unsigned k = 0; k < model->n_kinds; k++)
		packing_add_room(model, rest, k, other, (int)moving[k]);
	packing_add_room(model, rest, kind, room, 1);
	return true;
}

bool exchange_into(const Model *model, Packing *rest, unsigned kind, unsigned room)
{
	if (rest->in_room[(size_t)room * model->n_kinds + kind] > 0)
		return true;
	for (unsigned r = 0; r < model->problem->n_rooms; r++)
		if (rest->in_room[(size_t)r * model->n_kinds + kind] > 0 &&
		    exchange_rooms(model, rest, kind, room, r))
			return true;
	return false;
}
