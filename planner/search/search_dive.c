/* SPDX-License-Identifier: MIT */
/*
 * Diving: where the exact search loses itself, fill group after group as the linear program would.
 * Solve it, take the pattern it uses most for groups of that type, solve it for the groups that
 * remain, and so on; the last groups, for which no fraction of a pattern does, are left to the
 * exact search. That finds what is asked for or does not; it proves nothing.
 */
#include "planner/search/search_internal.h"

#include <string.h>

/* A fraction of a pattern's use that counts as all of it. */
#define NEARLY 1e-6
/* Groups left to the exact search: so many, then so many, and then at most so many. */
static const unsigned tails[] = {2, 4, 7};
/* Most questions are answered in so many steps. */
#define SHORT_RUN 500

/* A piece that is assigned in a group. */
typedef struct Assigned {
	unsigned group;
	Piece piece;
} Assigned;

typedef struct Dive {
	Finder *finder;
	const Model *model;
	const Rows *rows;
	const SearchTask *task;
	Draft *draft;
	GArray *assigned; /* of Assigned, in order */
	GArray *order;	  /* of unsigned: groups, as they are closed */

	/* what that leaves */
	Packing *base;
	unsigned *count;  /* kind → VMs not assigned yet */
	unsigned *shares; /* group × sort */
	unsigned *sum,
		*most; /* of a sort's shares; most in a group of a way's, at its first sort */
	uint64_t value, spare; /* that are reached */
	unsigned far, spread;
} Dive;

/* VMs of the way that begins with sort FIRST. */
static unsigned vms_of(const Dive *d, unsigned first)
{
	unsigned vms = d->most[first];

	for (unsigned i = first; i < d->rows->sorts[first].end; i++) {
		unsigned n = d->rows->sorts[i].slice.n;

		vms = MAX(vms, (d->sum[i] + n - 1) / n);
	}
	return vms;
}

static unsigned less_than(unsigned limit, unsigned used)
{
	return limit == SEARCH_NEVER ? SEARCH_NEVER : limit - used;
}

static unsigned may_leave(const Dive *d)
{
	return less_than(d->task->spread, d->spread);
}

static unsigned may_part(const Dive *d)
{
	return less_than(d->task->far, d->far);
}

static bool dive_share(Dive *d, unsigned group, const Piece *piece)
{
	const Group *g = &d->model->groups[group];
	const Sort *s = &d->rows->sorts[piece->sort];
	unsigned *row = &d->shares[(size_t)group * d->rows->n_sorts];
	unsigned most = d->most[s->first], before = vms_of(d, s->first), here = 1, vms;

	if (!packing_fits_slice(d->model, d->base, s->kind, s->class, &s->slice, g->node))
		return false;
	for (unsigned i = s->first; i < s->end; i++)
		here += row[i];
	d->sum[piece->sort]++;
	d->most[s->first] = MAX(most, here);
	vms = vms_of(d, s->first) - before;
	if (vms > d->count[s->kind] || (s->coarse && vms > may_part(d))) {
		d->sum[piece->sort]--;
		d->most[s->first] = most;
		return false;
	}
	row[piece->sort]++;
	d->count[s->kind] -= vms;
	d->value += vms * d->model->kinds[s->kind].value;
	d->far += s->coarse ? vms : 0;
	d->base->group[group] -= s->slice.cores;
	if (d->base->memory[g->node] != UINT64_MAX)
		d->base->memory[g->node] -= s->slice.memory;
	return true;
}

/* As a VM, if there is one, else as a copy, if these count. */
static bool count_piece(Dive *d, unsigned kind, unsigned level)
{
	const Kind *k = &d->model->kinds[kind];
	unsigned coarse = !d->task->merged && level > k->natural;

	if (d->count[kind] > 0 && (!coarse || may_leave(d) > 0)) {
		d->count[kind]--;
		d->value += k->value;
		d->spread += coarse;
		return true;
	}
	if (!d->task->copies || k->extra != level)
		return false;
	d->spare += k->vm.vcpus;
	return true;
}

static bool assign_whole(Dive *d, unsigned group, const Piece *piece)
{
	const Group *g = &d->model->groups[group];
	bool wide = d->task->merged || piece->room == SEARCH_NEVER;
	unsigned room = wide ? 0 : d->model->rooms[g->first + piece->room];

	if (wide ? !packing_fits_group(d->model, d->base, piece->kind, group)
		 : !packing_fits_room(d->model, d->base, piece->kind, room))
		return false;
	if (!count_piece(d, piece->kind, wide && !d->task->merged))
		return false;
	if (wide)
		packing_add_group(d->model, d->base, piece->kind, group, 1);
	else
		packing_add_room(d->model, d->base, piece->kind, room, 1);
	return true;
}

static bool assign_piece(Dive *d, unsigned group, const Piece *piece)
{
	return piece->sort == SEARCH_NEVER ? assign_whole(d, group, piece)
					   : dive_share(d, group, piece);
}

static void close_group(Dive *d, unsigned group, const Pattern *pattern)
{
	d->draft->closed[group] = true;
	g_array_append_val(d->order, group);
	for (unsigned i = pattern->first; i < pattern->first + pattern->n; i++) {
		Assigned assigned = {group, g_array_index(d->draft->pieces, Piece, i)};

		if (assign_piece(d, group, &assigned.piece))
			g_array_append_val(d->assigned, assigned);
	}
}

/* What is left of the task. */
static SearchTask rest_task(const Dive *d)
{
	SearchTask task = *d->task;

	task.base = d->base;
	task.count = d->count;
	task.value -= MIN(task.value, d->value);
	task.spare -= MIN(task.spare, d->spare);
	task.far = may_part(d);
	task.spread = may_leave(d);
	return task;
}

/* Is what the program would reach enough? */
static bool draft_reaches(Dive *d)
{
	SearchTask task = rest_task(d);
	double half = 0;

	for (unsigned k = 0; k < d->model->n_kinds; k++)
		d->draft->pending[k] = 0;
	for (unsigned i = 0; i < d->rows->n_sorts; i = d->rows->sorts[i].end) {
		const Sort *s = &d->rows->sorts[i];
		double part = vms_of(d, i);

		for (unsigned j = i; j < s->end; j++)
			part -= (double)d->sum[j] * d->rows->sorts[j].slice.cores / s->whole;
		d->draft->pending[s->kind] += part;
		half += part * (double)d->model->kinds[s->kind].value;
	}
	finder_charge_work(d->finder,
			   draft_make(d->draft, d->rows, &task, finder_work_left(d->finder)));
	return d->draft->value + NEARLY >= (double)task.value + half &&
	       (!task.copies || d->draft->spare + NEARLY >= (double)task.spare);
}

static const Pattern *most_used(const Draft *draft)
{
	const Pattern *best = NULL;

	for (unsigned i = 0; i < draft->patterns->len; i++) {
		const Pattern *pattern = &g_array_index(draft->patterns, Pattern, i);

		if (pattern->times > NEARLY && (!best || pattern->times > best->times + NEARLY))
			best = pattern;
	}
	return best;
}

/* Fill as many groups with the pattern that is used most as it is used times, at least one. */
static bool close_groups(Dive *d, unsigned open)
{
	const Pattern *pattern = most_used(d->draft);
	unsigned times = pattern ? MAX((unsigned)(pattern->times + NEARLY), 1) : 0, closed = 0;

	for (unsigned g = 0; g < d->model->n_groups && closed < MIN(times, open); g++)
		if (!d->draft->closed[g] && d->draft->type_of[g] == pattern->type) {
			close_group(d, g, pattern);
			closed++;
		}
	return closed > 0;
}

static void dive_reset(Dive *d)
{
	g_clear_pointer(&d->base, packing_free);
	d->base = packing_beside(d->model, d->task->base);
	memcpy(d->count, d->task->count, d->model->n_kinds * sizeof(unsigned));
	memset(d->shares, 0, (size_t)d->model->n_groups * d->rows->n_sorts * sizeof(unsigned));
	memset(d->sum, 0, d->rows->n_sorts * sizeof(unsigned));
	memset(d->most, 0, d->rows->n_sorts * sizeof(unsigned));
	d->value = d->spare = 0;
	d->far = d->spread = 0;
}

/* All but the last N groups as they were closed. */
static void dive_reopen(Dive *d, unsigned n)
{
	unsigned keep = d->order->len - MIN(n, d->order->len);

	dive_reset(d);
	for (unsigned i = 0; i < keep; i++)
		for (unsigned s = 0; s < d->assigned->len; s++) {
			const Assigned *assigned = &g_array_index(d->assigned, Assigned, s);

			if (assigned->group == g_array_index(d->order, unsigned, i))
				assign_piece(d, assigned->group, &assigned->piece);
		}
}

static void close_rooms(const Dive *d, Packing *base, unsigned group)
{
	const Group *g = &d->model->groups[group];

	base->group[group] = 0;
	for (unsigned i = g->first; i < g->first + g->n_rooms; i++)
		base->room[d->model->rooms[i]] = 0;
}

/* What is assigned and what was found for the rest, beside the task's base. */
static Packing *put_together(const Dive *d, const Packing *rest)
{
	Packing *all = packing_beside(d->model, d->task->base);
	size_t kinds = d->model->n_kinds;

	for (unsigned i = 0; i < rest->spans->len; i++)
		packing_add_span(d->model, all, g_array_index(rest->spans, SearchSpan, i));
	for (unsigned r = 0; r < d->model->problem->n_rooms; r++)
		for (unsigned k = 0; k < kinds; k++)
			packing_add_room(d->model, all, k, r,
					 (int)(d->base->in_room[r * kinds + k] +
					       rest->in_room[r * kinds + k]));
	for (unsigned g = 0; g < d->model->n_groups; g++)
		for (unsigned k = 0; k < kinds; k++)
			packing_add_group(d->model, all, k, g,
					  (int)(d->base->in_group[g * kinds + k] +
						rest->in_group[g * kinds + k]));
	return all;
}

/* The last N groups exactly. */
static bool dive_finish(Dive *d, unsigned n, uint64_t limit, Packing **found)
{
	g_autoptr(Packing) open = NULL;
	g_autofree unsigned *count = NULL;
	SearchTask task;
	Packing *rest;

	dive_reopen(d, n);
	open = packing_beside(d->model, d->base);
	for (unsigned i = 0; i + n < d->order->len; i++)
		close_rooms(d, open, g_array_index(d->order, unsigned, i));
	task = rest_task(d);
	task.base = open;
	/* The exact search counts the VMs that have shares itself. */
	task.count = count = g_memdup2(d->count, (d->model->n_kinds + 1) * sizeof(unsigned));
	for (unsigned i = 0; i < d->rows->n_sorts; i = d->rows->sorts[i].end) {
		const Sort *s = &d->rows->sorts[i];

		count[s->kind] += vms_of(d, i);
		task.value += vms_of(d, i) * d->model->kinds[s->kind].value;
		if (s->coarse && task.far != SEARCH_NEVER)
			task.far += vms_of(d, i);
	}
	task.shares = d->shares;
	if (finder_run(d->finder, &task, limit, &rest) != SEARCH_OUTCOME_FOUND)
		return false;
	*found = put_together(d, rest);
	packing_free(rest);
	return true;
}

static bool dive_solve(Dive *d, uint64_t limit, Packing **found)
{
	unsigned open = d->model->n_groups;
	bool done = false;

	for (dive_reset(d); open > 0; open = d->model->n_groups - d->order->len)
		if (!draft_reaches(d) || !close_groups(d, open))
			break;
	for (unsigned i = 0; i < G_N_ELEMENTS(tails) && !done; i++)
		done = dive_finish(d, open > 0 ? 2 * i + 1 : tails[i], limit, found);
	return done;
}

static bool finder_dive(Finder *f, const SearchTask *task, uint64_t limit, Packing **found)
{
	const Rows *rows = finder_rows(f, task->merged);
	const Model *model = rows->model;
	size_t groups = model->n_groups + 1, sorts = rows->n_sorts + 1;
	g_autoptr(Draft) draft = draft_new(model);
	g_autoptr(GArray) assigned = g_array_new(FALSE, FALSE, sizeof(Assigned));
	g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_autofree unsigned *count = g_new0(unsigned, model->n_kinds + 1);
	g_autofree unsigned *shares = g_new0(unsigned, groups *sorts);
	g_autofree unsigned *sum = g_new0(unsigned, 2 * sorts);
	Dive d = {.finder = f,
		  .model = model,
		  .rows = rows,
		  .task = task,
		  .draft = draft,
		  .assigned = assigned,
		  .order = order,
		  .count = count,
		  .shares = shares,
		  .sum = sum,
		  .most = sum + sorts};
	bool done;

	if (task->half || task->shares)
		return false;
	done = dive_solve(&d, limit / G_N_ELEMENTS(tails), found);
	g_clear_pointer(&d.base, packing_free);
	return done;
}

SearchOutcome finder_find(Finder *f, const SearchTask *task, uint64_t limit, Packing **found)
{
	SearchOutcome outcome = finder_run(f, task, MIN(limit, SHORT_RUN), found);

	if (outcome != SEARCH_OUTCOME_UNKNOWN || limit <= SHORT_RUN)
		return outcome;
	if (finder_dive(f, task, limit / 4, found))
		return SEARCH_OUTCOME_FOUND;
	return finder_run(f, task, limit - SHORT_RUN, found);
}
