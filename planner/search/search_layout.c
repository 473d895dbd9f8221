/* SPDX-License-Identifier: MIT */
/* The order in which the exact search decides, and what it knows before it begins. */
#include "planner/search/search_finder.h"

#include <math.h>
#include <string.h>

/* What a task costs before its first step, and how much work on its bounds is worth a step. */
#define RUN_COST 10
#define WORK_PER_STEP 200
/* How much work on a linear program is worth a step. */
#define LP_WORK_PER_STEP 6

void finder_charge(Finder *f, uint64_t steps)
{
	*f->steps -= MIN(*f->steps, steps);
}

uint64_t finder_work_left(const Finder *f)
{
	return *f->steps * LP_WORK_PER_STEP;
}

void finder_charge_work(Finder *f, uint64_t work)
{
	finder_charge(f, work / LP_WORK_PER_STEP);
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
			rest[i] = finder_carry(f, r, i);
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
			     kind_in_group(f->model, &f->model->kinds[sort->kind], g) &&
			     f->task->base->group[g] >= sort->slice.cores &&
			     f->memory[group->node] >= sort->slice.memory;
		}
	}
}

/* Which later groups could hold a share of the VM that is partly placed, and which way that is. */
static void find_half_groups(Finder *f)
{
	const Sort *first = f->task->half;
	unsigned n[SEARCH_SLICES] = {0};

	for (unsigned i = f->rows->n_sorts; i-- > 0;)
		if (f->rows->sorts[i].kind == first->kind && f->rows->sorts[i].k == first->k &&
		    f->rows->sorts[i].class == first->class)
			f->half_sort = (int)i;
	for (unsigned g = f->model->n_groups; g-- > 0;) {
		const Group *group = &f->model->groups[g];

		for (unsigned i = 0; i < first->end - first->first; i++) {
			const SearchSlice *slice = &first[i].slice;

			f->half_later[g * SEARCH_SLICES + i] = n[i];
			n[i] += group->class == first->class && group->node >= f->task->half_from &&
				kind_in_group(f->model, &f->model->kinds[first->kind], g) &&
				f->task->base->group[g] >= slice->cores &&
				f->memory[group->node] >= slice->memory;
		}
	}
}

/* May any VM of the task span nodes, belonging there or far? */
static bool may_span(const Finder *f)
{
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		if (f->task->count[f->rows->sorts[i].kind] > 0 &&
		    (!f->rows->sorts[i].coarse || finder_may_part(f) > 0))
			return true;
	return false;
}

void finder_prepare(Finder *f)
{
	f->spans = may_span(f) || finder_half_misses(f) || f->task->shares;
	f->half_sort = -1;
	find_caps(f);
	find_later(f);
	if (f->spans)
		find_share_groups(f);
	if (finder_half_misses(f))
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

Layout *finder_layout(Finder *f, bool merged)
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
void finder_take_layout(Finder *f, bool merged)
{
	const Layout *layout = finder_layout(f, merged);
	unsigned sorts = layout->rows->n_sorts, words = f->model->n_kinds + 7 + sorts;

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
	f->half_later = g_new0(unsigned, (size_t)SEARCH_SLICES *(model->n_groups + 1));
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
