/* SPDX-License-Identifier: MIT */
/*
 * Which nodes VMs over several take: goal (4), and what the goals after it must keep of it.
 *
 * The exact search only counts the shares of such VMs, node by node: whose they are it settles at
 * the end. So where distances matter the nodes are chosen before it, VM by VM, in every way that is
 * near enough; then it is asked for the rest, all within nodes. There are few such VMs, and most
 * questions are answered by the first choice. Choices that take the same of the same nodes lead to
 * the same question, which is asked once; and of nodes that are alike, the first are tried alone.
 */
#include "planner/search/search_internal.h"

#include <string.h>

/* What one question about the rest may take of the steps: enough, and one part in so many. */
#define REST_STEPS 1000
#define REST_PARTS 4
/* How much work on choices is worth a step. */
#define CHOICES_PER_STEP 8

typedef struct Near {
	Answer *answer;
	const Rows *rows;
	SearchTask task; /* about the rest */
	NearAsk ask;
	Packing *base;	     /* with the VMs over nodes that are chosen */
	unsigned *count;     /* kind → VMs that are not */
	unsigned *within;    /* kind → those of them that can sit within a node */
	uint64_t value;	     /* that all are to be worth, less what the chosen are */
	unsigned far;	     /* as many more may be */
	uint64_t near, most; /* of those chosen; and allowed */
	unsigned least;	     /* between two nodes */
	uint64_t *alike; /* node → those before it that are like it, as far as never changes */
	unsigned work;	 /* not charged for yet */
	uint64_t floor;	 /* steps to leave */
	Memo *memo;
	uint32_t *words;
	bool unknown; /* a question was not answered: what is not found is not disproved */
	Packing *found;
	uint64_t half[SEARCH_SLICES]; /* nodes of what the partly placed VM misses */
} Near;

/* One VM that is getting its nodes; what to do with them when it has all. */
typedef struct NearVm {
	const Sort *way;
	SearchSpan span;
	unsigned missing[SEARCH_SLICES];
	uint64_t taken; /* nodes it had before */
	unsigned first; /* of those it may have */
	bool (*assigned)(Near *near, const struct NearVm *vm);
} NearVm;

static unsigned near_between(const SearchProblem *problem, unsigned a, unsigned b)
{
	return problem->distance[a * problem->n_nodes + b];
}

bool near_matters(const Answer *a)
{
	const Model *model = a->model;
	bool any = a->far > 0;

	for (unsigned k = 0; k < model->n_kinds; k++)
		any |= a->count[k] > 0 && model->kinds[k].natural > 1;
	return any && model->problem->distance && model->problem->n_nodes <= SEARCH_MAX_SPAN;
}

/* The shortest there is. */
static unsigned least_distance(const SearchProblem *problem)
{
	unsigned least = G_MAXUINT;

	for (unsigned a = 0; a < problem->n_nodes; a++)
		for (unsigned b = 0; b < a; b++)
			least = MIN(least, near_between(problem, a, b));
	return least;
}

static bool near_step(Near *n)
{
	if (n->answer->steps <= n->floor)
		n->unknown = true;
	if (n->unknown)
		return false;
	n->work = (n->work + 1) % CHOICES_PER_STEP;
	if (n->work == 0)
		finder_charge(n->answer->finder, 1);
	return true;
}

static unsigned near_rooms(const Model *model, unsigned node)
{
	unsigned n = 0;

	while (n < model->problem->n_rooms && model->problem->rooms[n].node < node)
		n++;
	return n;
}

/* Are the nodes' rooms alike, and as far from all others? */
static bool nodes_alike(const Model *model, const Packing *base, unsigned a, unsigned b)
{
	const SearchProblem *problem = model->problem;
	unsigned x = near_rooms(model, a), y = near_rooms(model, b);

	for (; x < problem->n_rooms && problem->rooms[x].node == a; x++, y++)
		if (y == problem->n_rooms || problem->rooms[y].node != b ||
		    problem->rooms[x].class != problem->rooms[y].class ||
		    base->room[x] != base->room[y])
			return false;
	if (y < problem->n_rooms && problem->rooms[y].node == b)
		return false;
	for (unsigned n = 0; n < problem->n_nodes; n++)
		if (n != a && n != b && near_between(problem, a, n) != near_between(problem, b, n))
			return false;
	return true;
}

/* May every VM that is to be placed sit in both of the nodes, or in neither? */
static bool near_allowed_alike(const Model *model, unsigned a, unsigned b)
{
	for (unsigned k = 0; k < model->n_kinds; k++)
		for (unsigned c = 0; c < model->n_classes; c++) {
			unsigned g = model->group_at[a * model->n_classes + c];
			unsigned h = model->group_at[b * model->n_classes + c];

			if (model->kinds[k].count > 0 && g != SEARCH_NEVER && h != SEARCH_NEVER &&
			    kind_in_group(model, &model->kinds[k], g) !=
				    kind_in_group(model, &model->kinds[k], h))
				return false;
		}
	return !model->ragged;
}

static void near_alike(Near *n)
{
	const Model *model = n->answer->model;

	for (unsigned b = 0; b < model->problem->n_nodes; b++)
		for (unsigned a = 0; a < b; a++)
			if (near_allowed_alike(model, a, b) && nodes_alike(model, n->base, a, b))
				n->alike[b] |= UINT64_C(1) << a;
}

/* Is a node from FROM on, not one of NODES, like NODE, so that it can be had in its place? */
static bool near_twin(const Near *n, uint64_t nodes, unsigned from, unsigned node)
{
	const Model *model = n->answer->model;

	for (unsigned a = from; a < node; a++) {
		bool same = n->base->memory[a] == n->base->memory[node];

		if (nodes >> a & 1 || !(n->alike[node] >> a & 1))
			continue;
		for (unsigned c = 0; same && c < model->n_classes; c++) {
			unsigned g = model->group_at[a * model->n_classes + c];
			unsigned h = model->group_at[node * model->n_classes + c];

			same = g == SEARCH_NEVER || n->base->group[g] == n->base->group[h];
		}
		if (same)
			return true;
	}
	return false;
}

static unsigned near_missing(const NearVm *vm)
{
	return vm->missing[0] + vm->missing[1] + vm->missing[2];
}

/* Can VM get what it misses, and no less near than allowed? */
static bool near_enough(const Near *n, const NearVm *vm, uint64_t nodes)
{
	unsigned has = (unsigned)__builtin_popcountll(nodes), missing = near_missing(vm);
	uint64_t pairs = (uint64_t)missing * has + (uint64_t)missing * (missing - 1) / 2;
	uint64_t sum = n->near + nodes_distance(n->answer->model, nodes);

	return sum + (missing ? pairs * n->least : 0) <= n->most;
}

/* Nodes from FROM on for what VM misses, in every way that is near enough. */
static bool near_nodes(Near *n, NearVm *vm, unsigned from)
{
	const Model *model = n->answer->model;

	if (!near_enough(n, vm, vm->taken | span_nodes(&vm->span)))
		return false;
	if (near_missing(vm) == 0)
		return vm->assigned(n, vm);
	if (!near_step(n))
		return false;
	for (unsigned node = from; node < model->problem->n_nodes; node++) {
		if (near_twin(n, vm->taken | span_nodes(&vm->span), vm->first, node))
			continue;
		for (unsigned i = 0; i < vm->way->end - vm->way->first; i++) {
			if (vm->missing[i] == 0 ||
			    !packing_fits_slice(model, n->base, vm->span.kind, vm->span.class,
						&vm->way[i].slice, node))
				continue;
			vm->missing[i]--;
			vm->span.nodes[i] |= UINT64_C(1) << node;
			if (near_nodes(n, vm, node + 1))
				return true;
			vm->span.nodes[i] &= ~(UINT64_C(1) << node);
			vm->missing[i]++;
			if (n->unknown)
				return false;
		}
	}
	return false;
}

static NearVm near_vm_new(const Sort *way)
{
	NearVm vm = {.way = way, .span = {.kind = way->kind, .class = way->class, .level = way->k}};

	for (unsigned i = 0; i < way->end - way->first; i++)
		vm.missing[i] = way[i].slice.n;
	return vm;
}

/* The bound */

static bool near_shorten(Near *n, const NearVm *vm)
{
	n->most = nodes_distance(n->answer->model, span_nodes(&vm->span)) - 1;
	return false;
}

/* Least for one VM of a way, were it alone. */
static uint64_t way_distance(Answer *a, const Sort *way)
{
	const SearchProblem *problem = a->model->problem;
	g_autofree uint64_t *alike = g_new0(uint64_t, problem->n_nodes + 1);
	Near n = {.answer = a,
		  .base = packing_new(a->model),
		  .count = a->count,
		  .alike = alike,
		  .least = least_distance(problem),
		  .most = UINT64_MAX - 1,
		  .floor = a->steps / 2};
	NearVm vm = near_vm_new(way);

	near_alike(&n);
	vm.assigned = near_shorten;
	near_nodes(&n, &vm, 0);
	packing_free(n.base);
	return n.unknown ? (uint64_t)way->k * (way->k - 1) / 2 * n.least : n.most + 1;
}

/* Least for one VM of KIND, over more nodes than it needs if COARSE. */
static uint64_t kind_distance(Answer *a, unsigned kind, bool coarse)
{
	const Rows *rows = finder_rows(a->finder, false);
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < rows->n_sorts; i = rows->sorts[i].end)
		if (rows->sorts[i].kind == kind && rows->sorts[i].coarse >= coarse)
			least = MIN(least, way_distance(a, &rows->sorts[i]));
	return least;
}

uint64_t near_bound(Answer *a)
{
	const Model *model = a->model;
	uint64_t all = 0, bound = 0, far = UINT64_MAX;
	bool wide = false;

	for (unsigned k = 0; k < model->n_kinds; k++) {
		if (a->count[k] == 0)
			continue;
		all += a->count[k] * model->kinds[k].value;
		wide |= model->kinds[k].natural > 1;
		if (model->kinds[k].natural > 1) {
			a->shortest[k] = kind_distance(a, k, false);
			bound += a->count[k] * a->shortest[k];
		} else if (a->far > 0)
			far = MIN(far, kind_distance(a, k, true));
	}
	/* Where some are not placed, it may be those; where some must be over nodes, they may be
	 * those that are far. */
	if (a->value < all)
		bound = 0;
	return wide || a->far == 0 ? bound : a->far * far;
}

/* The question */

/* All that the rest depends on. */
static const uint32_t *near_state(Near *n, unsigned i)
{
	const Model *model = n->answer->model;
	uint32_t *w = n->words;

	*w++ = i;
	*w++ = n->far;
	memcpy(w, n->count, model->n_kinds * sizeof(*w));
	w += model->n_kinds;
	memcpy(w, n->base->group, model->n_groups * sizeof(*w));
	w += model->n_groups;
	memcpy(w, n->base->memory, model->problem->n_nodes * sizeof(uint64_t));
	return n->words;
}

/* Nobody else is over nodes: can the rest be within them? */
static bool near_rest(Near *n)
{
	const Model *model = n->answer->model;
	uint64_t left = n->answer->steps - n->floor;
	SearchOutcome outcome;

	for (unsigned k = 0; k < model->n_kinds; k++)
		n->within[k] = model->kinds[k].natural > 1 ? 0 : n->count[k];
	n->task.value = n->value;
	outcome = n->ask(n->answer->finder, &n->task, MIN(left, MAX(left / REST_PARTS, REST_STEPS)),
			 &n->found);
	n->unknown = n->unknown || outcome == SEARCH_OUTCOME_UNKNOWN;
	return outcome == SEARCH_OUTCOME_FOUND;
}

/* Can those still be worth enough that sit within nodes, or in the ways from the I-th sort on? And
 * can those of them be near enough that must be over nodes for that? */
static bool near_hopeful(const Near *n, unsigned i)
{
	const Model *model = n->answer->model;
	unsigned from = i < n->rows->n_sorts ? n->rows->sorts[i].kind : model->n_kinds;
	uint64_t value = 0, near = n->near;

	for (unsigned k = 0; k < model->n_kinds; k++)
		if (model->kinds[k].natural <= 1 || k >= from)
			value += n->count[k] * model->kinds[k].value;
	if (value < n->value)
		return false;
	for (unsigned k = from; k < model->n_kinds; k++) {
		uint64_t without = (value - n->value) / model->kinds[k].value;

		if (model->kinds[k].natural > 1 && n->count[k] > without)
			near += (n->count[k] - without) * n->answer->shortest[k];
	}
	return near <= n->most;
}

static bool near_ways(Near *n, unsigned i);

static bool near_chosen(Near *n, const NearVm *vm)
{
	uint64_t distance = nodes_distance(n->answer->model, span_nodes(&vm->span));
	const Packing *base = n->base;

	packing_add_span(n->answer->model, n->base, vm->span);
	n->near += distance;
	if (near_ways(n, vm->way->first))
		return true;
	n->near -= distance;
	packing_take_span(n->answer->model, n->base, base->spans->len - 1);
	return false;
}

/* One more VM in the way that begins with sort I. */
static bool near_one_more(Near *n, unsigned i)
{
	const Sort *way = &n->rows->sorts[i];
	uint64_t value = n->value;
	NearVm vm = near_vm_new(way);

	if (n->count[way->kind] == 0 || (way->coarse && n->far == 0))
		return false;
	vm.assigned = near_chosen;
	n->count[way->kind]--;
	n->far -= way->coarse;
	n->value -= MIN(value, n->answer->model->kinds[way->kind].value);
	if (near_nodes(n, &vm, 0))
		return true;
	n->count[way->kind]++;
	n->far += way->coarse;
	n->value = value;
	return false;
}

/* The ways from the I-th sort on. VMs that belong there come first, those that do not last. */
static bool near_ways(Near *n, unsigned i)
{
	bool found;

	if (!near_step(n) || !near_hopeful(n, i) ||
	    memo_knows(n->memo, near_state(n, i), n->most - n->near))
		return false;
	if (i == n->rows->n_sorts)
		found = near_rest(n);
	else if (n->rows->sorts[i].coarse)
		found = near_ways(n, n->rows->sorts[i].end) || near_one_more(n, i);
	else
		found = near_one_more(n, i) || near_ways(n, n->rows->sorts[i].end);
	if (!found && !n->unknown)
		memo_add(n->memo, near_state(n, i), n->most - n->near);
	return found;
}

/* What VM got is taken from PACKING, or (COUNT -1) given back to it. */
static void near_take(const Model *model, Packing *packing, const Sort *way, const uint64_t *nodes,
		      int count)
{
	for (unsigned i = 0; i < way->end - way->first; i++)
		for (unsigned node = 0; node < model->problem->n_nodes; node++) {
			if (!(nodes[i] >> node & 1))
				continue;
			packing->group[model->group_at[node * model->n_classes + way->class]] -=
				way[i].slice.cores * (unsigned)count;
			if (packing->memory[node] != UINT64_MAX)
				packing->memory[node] -=
					way[i].slice.memory * (uint64_t)(int64_t)count;
		}
}

/* The partly placed VM has the rest of its nodes. */
static bool near_completed(Near *n, const NearVm *vm)
{
	const Model *model = n->answer->model;
	uint64_t distance = nodes_distance(model, vm->taken | span_nodes(&vm->span));

	near_take(model, n->base, vm->way, vm->span.nodes, 1);
	n->near += distance;
	memcpy(n->half, vm->span.nodes, sizeof(n->half));
	if (near_ways(n, 0))
		return true;
	n->near -= distance;
	near_take(model, n->base, vm->way, vm->span.nodes, -1);
	return false;
}

static bool near_begin(Near *n, const SearchTask *task, uint64_t taken)
{
	NearVm vm;

	if (!task->half)
		return near_ways(n, 0);
	vm = near_vm_new(task->half);
	memcpy(vm.missing, task->half_missing, sizeof(vm.missing));
	vm.taken = taken;
	vm.first = task->half_from;
	vm.assigned = near_completed;
	return near_nodes(n, &vm, task->half_from);
}

/* What was found of the rest, with the VMs over nodes. */
static Packing *near_harvest(Near *n)
{
	Packing *found = n->found;

	for (unsigned i = 0; i < n->base->spans->len; i++) {
		const SearchSpan *span = &g_array_index(n->base->spans, SearchSpan, i);

		g_array_append_vals(found->spans, span, 1);
		found->placed[span->kind]++;
	}
	return found;
}

SearchOutcome near_find(Answer *a, const SearchTask *task, uint64_t near, uint64_t taken,
			NearAsk ask, uint64_t limit, Packing **found,
			uint64_t half_nodes[SEARCH_SLICES])
{
	const Model *model = a->model;
	unsigned words = 2 + model->n_kinds + model->n_groups + 2 * model->problem->n_nodes;
	g_autoptr(Packing) base = packing_beside(model, task->base);
	g_autofree unsigned *count = g_memdup2(task->count, (model->n_kinds + 1) * sizeof *count);
	g_autofree unsigned *within = g_new0(unsigned, model->n_kinds + 1);
	g_autofree uint32_t *state = g_new0(uint32_t, words);
	g_autofree uint64_t *alike = g_new0(uint64_t, model->problem->n_nodes + 1);
	Near n = {.answer = a,
		  .rows = finder_rows(a->finder, false),
		  .task = *task,
		  .ask = ask,
		  .base = base,
		  .count = count,
		  .within = within,
		  .alike = alike,
		  .value = task->value,
		  .far = task->far,
		  .most = near,
		  .least = least_distance(model->problem),
		  .floor = a->steps - MIN(limit, a->steps),
		  .memo = memo_new(words),
		  .words = state};
	bool yes;

	n.task.base = base;
	n.task.count = within;
	n.task.far = 0;
	n.task.half = NULL;
	memset(n.task.half_missing, 0, sizeof(n.task.half_missing));
	near_alike(&n);
	yes = near_begin(&n, task, taken);
	memo_free(n.memo);
	if (yes)
		*found = near_harvest(&n);
	if (yes && half_nodes)
		memcpy(half_nodes, n.half, sizeof(n.half));
	return yes	   ? SEARCH_OUTCOME_FOUND
	       : n.unknown ? SEARCH_OUTCOME_UNKNOWN
			   : SEARCH_OUTCOME_NONE;
}
