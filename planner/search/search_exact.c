/* SPDX-License-Identifier: MIT */
/* Questions to the exact search: how they begin, and what comes of them. */
#include "planner/search/search_finder.h"

#include <string.h>

/* Most questions are answered in so many steps. */
#define SHORT_RUN 500
/* Rows made for tasks without copies. */
#define OPTIMIZE_MOST 3

/*
 * Dealing one VM of a way: each of its shares gets a group that takes one of that sort, all groups
 * different, those that take most shares first: they must be in every VM that is still to be dealt.
 */
typedef struct Deal {
	const Finder *f;
	const Sort *way;
	unsigned group[SEARCH_MAX_SPAN]; /* of each share, SEARCH_NEVER = none yet */
	bool tried[SEARCH_MAX_SPAN];
} Deal;

static unsigned *deal_left(const Deal *d, unsigned group, const Sort *sort)
{
	return &d->f->share_slot[(size_t)group * d->f->rows->n_sorts +
				 (size_t)(sort - d->f->rows->sorts)];
}

static const Sort *deal_sort(const Deal *d, unsigned share)
{
	const Sort *sort = d->way;

	for (; share >= sort->slice.n; sort++)
		share -= sort->slice.n;
	return sort;
}

/* Find GROUP a share, others making way for it. */
static bool deal_group(Deal *d, unsigned group)
{
	for (unsigned i = 0; i < d->way->k; i++) {
		if (d->tried[i] || *deal_left(d, group, deal_sort(d, i)) == 0)
			continue;
		d->tried[i] = true;
		if (d->group[i] != SEARCH_NEVER && !deal_group(d, d->group[i]))
			continue;
		d->group[i] = group;
		return true;
	}
	return false;
}

static unsigned deal_sum(const Deal *d, unsigned group)
{
	unsigned sum = 0;

	for (const Sort *sort = d->way; sort < d->way + (d->way->end - d->way->first); sort++)
		sum += *deal_left(d, group, sort);
	return sum;
}

static SearchSpan deal_vm(const Finder *f, const Sort *way)
{
	SearchSpan span = {.kind = way->kind, .class = way->class, .level = way->k};
	Deal d = {.f = f, .way = way};
	unsigned most = 0;

	for (unsigned i = 0; i < way->k; i++)
		d.group[i] = SEARCH_NEVER;
	for (unsigned g = 0; g < f->model->n_groups; g++)
		most = MAX(most, deal_sum(&d, g));
	for (; most > 0; most--)
		for (unsigned g = 0; g < f->model->n_groups; g++) {
			memset(d.tried, 0, sizeof(d.tried));
			if (deal_sum(&d, g) == most)
				deal_group(&d, g);
		}
	for (unsigned i = 0; i < way->k; i++) {
		const Sort *sort = deal_sort(&d, i);

		--*deal_left(&d, d.group[i], sort);
		span.nodes[sort - way] |= UINT64_C(1) << f->model->groups[d.group[i]].node;
	}
	return span;
}

static void harvest_spans(const Finder *f, Packing *packing)
{
	for (unsigned i = 0; f->spans && i < f->rows->n_sorts; i = f->rows->sorts[i].end)
		for (unsigned v = 0; v < f->shares[i].vms; v++)
			packing_add_span(f->model, packing, deal_vm(f, &f->rows->sorts[i]));
}

/* What the slots hold, beside the base. */
static Packing *exact_harvest(const Finder *f)
{
	const Model *model = f->model;
	Packing *packing = packing_beside(model, f->task->base);

	harvest_spans(f, packing);
	for (unsigned i = 0; i < f->layout->n_slots; i++) {
		const Slot *s = &f->layout->slots[i];

		for (unsigned k = 0; k < model->n_kinds; k++) {
			unsigned count = f->in_slot[(size_t)i * model->n_kinds + k];

			if (count == 0)
				continue;
			if (s->room == SEARCH_NEVER || f->task->merged)
				packing_add_group(model, packing, k, s->group, (int)count);
			else
				packing_add_room(model, packing, k, s->room, (int)count);
		}
	}
	return packing;
}

/* The VMs whose shares the base has, and what these still miss. */
static void begin_shares(Finder *f)
{
	unsigned n = f->rows->n_sorts;

	memcpy(f->share_slot, f->task->shares, (size_t)f->model->n_groups * n * sizeof(unsigned));
	for (unsigned i = 0; i < n; i = f->rows->sorts[i].end) {
		const Sort *sort = &f->rows->sorts[i];
		Shares *way = &f->shares[i];
		unsigned sum = 0;

		for (unsigned g = 0; g < f->model->n_groups; g++) {
			unsigned here = 0;

			for (unsigned j = i; j < sort->end; j++) {
				f->shares[j].sum += f->share_slot[(size_t)g * n + j];
				here += f->share_slot[(size_t)g * n + j];
			}
			way->most = MAX(way->most, here);
			sum += here;
		}
		way->vms = finder_way_vms(f, i);
		f->pending += way->vms * sort->k - sum;
		f->rem[sort->kind] -= way->vms;
		f->value += way->vms * f->model->kinds[sort->kind].value;
		f->far += sort->coarse ? way->vms : 0;
	}
}

static void exact_begin(Finder *f, const SearchTask *task, Packing *space)
{
	finder_take_layout(f, task->merged);
	f->task = task;
	f->memory = space->memory;
	f->stopped = false;
	f->value = f->spare = 0;
	f->far = f->spread = f->pending = f->last_row = 0;
	memcpy(f->half, task->half_missing, sizeof(f->half));
	memset(f->half_nodes, 0, sizeof(f->half_nodes));
	for (unsigned i = 0; i < f->rows->n_sorts; i++)
		f->shares[i].sum = f->shares[i].most = f->shares[i].vms = 0;
	memset(f->share_slot, 0, (size_t)f->model->n_groups * f->rows->n_sorts * sizeof(unsigned));
	memset(f->in_slot, 0, (size_t)f->layout->n_slots * f->model->n_kinds * sizeof(unsigned));
	memcpy(f->rem, task->count, f->model->n_kinds * sizeof(unsigned));
	memo_clear(f->memo);
	if (task->shares)
		begin_shares(f);
	finder_prepare(f);
}

/* Is there something to find, and no step to do it? Then there is nothing to prepare either. */
static bool out_of_steps(Finder *f, const SearchTask *task, uint64_t limit)
{
	const unsigned *half = task->half_missing;
	bool asks = task->value > 0 || half[0] || half[1] || half[2] || task->shares ||
		    (task->copies && task->spare > 0);

	return asks && (limit == 0 || *f->steps == 0) && f->model->n_groups > 0;
}

SearchOutcome finder_run(Finder *f, const SearchTask *task, uint64_t limit, Packing **found)
{
	g_autoptr(Packing) space = NULL;
	bool yes;

	if (out_of_steps(f, task, limit))
		return SEARCH_OUTCOME_UNKNOWN;
	space = packing_beside(f->model, task->base);
	exact_begin(f, task, space);
	f->limit = limit;
	yes = finder_visit(f, 0);
	if (yes)
		*found = exact_harvest(f);
	return yes	    ? SEARCH_OUTCOME_FOUND
	       : f->stopped ? SEARCH_OUTCOME_UNKNOWN
			    : SEARCH_OUTCOME_NONE;
}

SearchOutcome finder_prove(Finder *f, const SearchTask *task, uint64_t limit, Packing **found)
{
	SearchOutcome outcome = finder_run(f, task, MIN(limit, SHORT_RUN), found);
	Layout *layout;
	unsigned n;

	if (outcome != SEARCH_OUTCOME_UNKNOWN || limit <= SHORT_RUN || *f->steps == 0)
		return outcome;
	layout = finder_layout(f, task->merged);
	n = layout->rows->n;
	finder_charge_work(f, rows_optimize(layout->rows, task, finder_work_left(f)));
	outcome = finder_run(f, task, limit - SHORT_RUN, found);
	rows_drop(layout->rows, n);
	for (unsigned g = 0; g < f->model->n_groups; g++)
		group_fill_drop(&layout->fills[g], n);
	return outcome;
}

const uint64_t *finder_half(const Finder *f)
{
	return f->half_nodes;
}

const Rows *finder_rows(Finder *f, bool merged)
{
	return finder_layout(f, merged)->rows;
}

void finder_optimize(Finder *f, const SearchTask *task)
{
	Layout *layout;

	if (*f->steps == 0)
		return;
	layout = finder_layout(f, task->merged);
	if (task->copies ? layout->optimized_copies : layout->optimized == OPTIMIZE_MOST)
		return;
	finder_charge_work(f, rows_optimize(layout->rows, task, finder_work_left(f)));
	layout->optimized_copies = layout->optimized_copies || task->copies;
	layout->optimized += !task->copies;
}

/* The highest value (else, spare) above FLOOR with which TASK is not hopeless from the start. */
static uint64_t exact_bound(Finder *f, SearchTask *task, uint64_t *asked, uint64_t floor,
			    uint64_t ceiling)
{
	g_autoptr(Packing) space = packing_beside(f->model, task->base);
	Room room;

	while (floor < ceiling) {
		*asked = floor + (ceiling - floor + 1) / 2;
		exact_begin(f, task, space);
		if (f->layout->n_slots == 0 || finder_hopeless(f, 0, &room))
			ceiling = *asked - 1;
		else
			floor = *asked;
	}
	return floor;
}

uint64_t finder_value_bound(Finder *f, SearchTask task, uint64_t floor, uint64_t ceiling)
{
	return exact_bound(f, &task, &task.value, floor, ceiling);
}

uint64_t finder_spare_bound(Finder *f, SearchTask task, uint64_t floor, uint64_t ceiling)
{
	return exact_bound(f, &task, &task.spare, floor, ceiling);
}
