/* SPDX-License-Identifier: MIT */
#include "planner/search_internal.h"

/* A table of cores × memory has at most so many entries: coarser units of memory beyond. */
#define MEMORY_CELLS 32768

/* One thing that fills: a VM, or a share of one. */
typedef struct Item {
	unsigned cores;
	uint64_t memory, weight;
} Item;

static bool may_fill(const Bounds *b, const Kind *kind, Filling filling)
{
	return kind->natural != SEARCH_NEVER &&
	       kind->natural <= (filling == FILL_ROOM && !b->merged ? 0 : 1);
}

static uint64_t weight_of(const Bounds *b, unsigned weight, unsigned kind)
{
	return b->weight[(size_t)weight * b->model->n_kinds + kind];
}

static void add_shares(const Bounds *b, GArray *items, unsigned k, unsigned weight, unsigned class)
{
	const Model *model = b->model;
	const Kind *kind = &model->kinds[k];

	for (unsigned n = 2; kind->natural != SEARCH_NEVER && n <= model->problem->n_nodes; n++) {
		Item item = {.memory = share_memory(model, kind, n),
			     .weight = (weight_of(b, weight, k) + n - 1) / n};

		if (!share_possible(model, kind, n))
			continue;
		item.cores = share_cores(model, kind, class, n);
		g_array_append_val(items, item);
	}
}

/* All that FILLING allows in CLASS. */
static GArray *items_new(const Bounds *b, Filling filling, unsigned weight, unsigned class)
{
	GArray *items = g_array_new(FALSE, FALSE, sizeof(Item));

	for (unsigned k = 0; k < b->model->n_kinds; k++) {
		const Kind *kind = &b->model->kinds[k];
		Item item = {share_cores(b->model, kind, class, 1), kind->memory,
			     weight_of(b, weight, k)};

		if (item.weight > 0 && may_fill(b, kind, filling))
			g_array_append_val(items, item);
		if (filling == FILL_SHARES)
			add_shares(b, items, k, weight, class);
	}
	return items;
}

/* Of the items that take the same cores only the heaviest matters where memory does not. */
static void keep_heaviest(GArray *items, unsigned most)
{
	g_autofree uint64_t *best = g_new0(uint64_t, most + 1);
	unsigned n = 0;

	for (unsigned i = 0; i < items->len; i++) {
		const Item *item = &g_array_index(items, Item, i);

		if (item->cores <= most)
			best[item->cores] = MAX(best[item->cores], item->weight);
	}
	g_array_set_size(items, most);
	for (unsigned cores = 1; cores <= most; cores++)
		if (best[cores] > 0)
			g_array_index(items, Item, n++) = (Item){cores, 0, best[cores]};
	g_array_set_size(items, n);
}

/* The unbounded knapsack: row[c] = the most that any multiset of the items in c cores weighs. */
static void fill_row(const Bounds *b, Filling filling, unsigned weight, unsigned class,
		     unsigned most, uint64_t *row)
{
	g_autoptr(GArray) items = items_new(b, filling, weight, class);

	keep_heaviest(items, most);
	for (unsigned c = 1; c <= most; c++) {
		row[c] = row[c - 1];
		for (unsigned i = 0; i < items->len; i++) {
			const Item *item = &g_array_index(items, Item, i);

			if (item->cores <= c)
				row[c] = MAX(row[c], row[c - item->cores] + item->weight);
		}
	}
}

static unsigned most_of(const Bounds *b, Filling filling)
{
	return filling == FILL_ROOM ? b->most_room : b->most_group;
}

static uint64_t *fill_at(const Bounds *b, Filling filling, unsigned weight, unsigned class)
{
	return b->fill[filling] +
	       ((size_t)weight * b->model->n_classes + class) * (most_of(b, filling) + 1);
}

uint64_t bounds_fill(const Bounds *b, Filling filling, unsigned weight, unsigned class,
		     unsigned cores)
{
	return fill_at(b, filling, weight, class)[cores];
}

static void find_fills(Bounds *b, Filling filling)
{
	unsigned n = filling == FILL_ROOM ? b->n_weights : WEIGHT_OTHER;
	unsigned most = most_of(b, filling);

	b->fill[filling] = g_new0(uint64_t, (size_t)n * b->model->n_classes * (most + 1) + 1);
	for (unsigned w = 0; w < n; w++)
		for (unsigned c = 0; c < b->model->n_classes; c++) {
			uint64_t *row = fill_at(b, filling, w, c);

			if (w != WEIGHT_CORES)
				fill_row(b, filling, w, c, most, row);
			for (unsigned i = 0; w == WEIGHT_CORES && i <= most; i++)
				row[i] = i;
		}
}

/* What the kinds of the list weigh; others do not sit in rooms. */
static void find_sizes(Bounds *b)
{
	const Model *model = b->model;
	g_autofree unsigned *sizes = g_new(unsigned, b->n_list + 1);
	unsigned n = 0, used;

	/* The kinds come largest first, so equal sizes stand together. */
	for (unsigned i = b->n_list; i-- > 0;)
		if (n == 0 || sizes[n - 1] != model->kinds[b->list[i]].least)
			sizes[n++] = model->kinds[b->list[i]].least;
	used = MIN(n, WEIGHT_SIZES);
	for (unsigned j = 0; j < used; j++) {
		unsigned size = sizes[j * n / used];

		for (unsigned i = 0; i < b->n_list; i++) {
			unsigned k = b->list[i], least = model->kinds[k].least;
			uint64_t *weight = &b->weight[(WEIGHT_OTHER + 2 * j) * model->n_kinds + k];

			weight[0] = least >= size ? least : 0;
			weight[model->n_kinds] = least >= size;
		}
	}
	b->n_weights = WEIGHT_OTHER + 2 * used;
}

/* Most value per core first. */
static int compare_dearness(const void *pa, const void *pb, void *kinds)
{
	const Kind *a = (const Kind *)kinds + *(const unsigned *)pa;
	const Kind *b = (const Kind *)kinds + *(const unsigned *)pb;
	uint64_t x = a->value * b->least, y = b->value * a->least;

	return x > y ? -1 : x < y;
}

static void find_dearest(Bounds *b)
{
	b->dearest = g_new(unsigned, b->model->n_kinds + 1);
	for (unsigned k = 0; k < b->model->n_kinds; k++)
		b->dearest[k] = k;
	g_qsort_with_data(b->dearest, (int)b->model->n_kinds, sizeof(unsigned), compare_dearness,
			  b->model->kinds);
}

static void find_weights(Bounds *b)
{
	const Model *model = b->model;
	unsigned n = model->n_kinds;

	b->weight = g_new0(uint64_t, WEIGHT_MAX * (size_t)n + 1);
	b->list = g_new(unsigned, n + 1);
	for (unsigned k = 0; k < n; k++) {
		const Kind *kind = &model->kinds[k];

		b->weight[WEIGHT_CORES * n + k] = kind->least;
		b->weight[WEIGHT_VALUE * n + k] = kind->value * BOUND_UNIT;
		b->weight[WEIGHT_VCPUS * n + k] = kind->vm.vcpus;
		if (may_fill(b, kind, FILL_ROOM))
			b->list[b->n_list++] = k;
	}
	find_sizes(b);
}

static void find_most(Bounds *b)
{
	const Model *model = b->model;

	for (unsigned g = 0; g < model->n_groups; g++)
		b->most_group = MAX(b->most_group, model->groups[g].cores);
	for (unsigned r = 0; r < model->problem->n_rooms; r++)
		b->most_room = MAX(b->most_room, model->problem->rooms[r].cores);
	if (b->merged)
		b->most_room = b->most_group;
	for (unsigned n = 0; n < model->problem->n_nodes; n++) {
		unsigned cores = 0;

		for (unsigned c = 0; c < model->n_classes; c++) {
			unsigned g = model->group_at[n * model->n_classes + c];

			cores += g == SEARCH_NEVER ? 0 : model->groups[g].cores;
		}
		b->most_node = MAX(b->most_node, cores);
	}
}

static uint64_t *tail_at(const Bounds *b, unsigned which, unsigned class, unsigned i)
{
	return b->tail[which] + ((size_t) class * (b->n_list + 1) + i) * (b->most_room + 1);
}

uint64_t bounds_tail(const Bounds *b, unsigned which, unsigned class, unsigned i, unsigned cores)
{
	return tail_at(b, which, class, i)[cores];
}

static void find_tail(Bounds *b, unsigned which, unsigned weight)
{
	const Model *model = b->model;

	b->tail[which] =
		g_new0(uint64_t, (size_t)model->n_classes * (b->n_list + 1) * (b->most_room + 1));
	for (unsigned class = 0; class < model->n_classes; class ++)
		for (unsigned i = b->n_list; i-- > 0;) {
			uint64_t *row = tail_at(b, which, class, i);
			const uint64_t *next = tail_at(b, which, class, i + 1);
			unsigned need = share_cores(model, &model->kinds[b->list[i]], class, 1);
			uint64_t heavy = weight_of(b, weight, b->list[i]);

			for (unsigned c = 0; c <= b->most_room; c++)
				row[c] = c < need ? next[c] : MAX(next[c], row[c - need] + heavy);
		}
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The unit memory is counted in: exact where that makes a table of reasonable size. What a coarser
 * unit rounds off is given to the VMs, so that the bound stays one. */
static void find_unit(Bounds *b)
{
	const SearchProblem *problem = b->model->problem;
	uint64_t most = 0, cells = MAX(MEMORY_CELLS / (b->most_node + 1), 2);
	g_autoptr(GArray) items = items_new(b, FILL_SHARES, WEIGHT_VALUE, 0);

	for (unsigned n = 0; n < problem->n_nodes; n++)
		if (problem->memory[n] != UINT64_MAX)
			most = MAX(most, problem->memory[n]);
	for (unsigned i = 0; i < items->len; i++)
		if (g_array_index(items, Item, i).memory != UINT64_MAX)
			b->unit = gcd(b->unit, g_array_index(items, Item, i).memory);
	if (b->unit == 0 || most / b->unit >= cells)
		b->unit = most / (cells - 1) + 1;
	b->units = (unsigned)(most / b->unit);
}

static uint64_t *memory_at(const Bounds *b, Filling filling, unsigned weight, unsigned cores)
{
	return b->memory_fill[filling] +
	       ((size_t)(weight - WEIGHT_VALUE) * (b->most_node + 1) + cores) * (b->units + 1);
}

/* Cores of any class count as one another's, so every item takes the fewest it ever does. */
static void relax_items(const Bounds *b, GArray *items)
{
	unsigned n = 0;

	for (unsigned i = 0; i < items->len; i++) {
		Item item = g_array_index(items, Item, i);

		item.memory /= b->unit;
		if (item.memory <= b->units && item.cores <= b->most_node)
			g_array_index(items, Item, n++) = item;
	}
	g_array_set_size(items, n);
}

static void fill_cell(const Bounds *b, Filling filling, unsigned weight, const GArray *items,
		      unsigned cores, unsigned units)
{
	uint64_t *row = memory_at(b, filling, weight, cores), best = 0;

	if (cores > 0)
		best = memory_at(b, filling, weight, cores - 1)[units];
	if (units > 0)
		best = MAX(best, row[units - 1]);
	for (unsigned i = 0; i < items->len; i++) {
		const Item *item = &g_array_index(items, Item, i);

		if (item->cores <= cores && item->memory <= units)
			best = MAX(best,
				   item->weight +
					   memory_at(b, filling, weight,
						     cores - item->cores)[units - item->memory]);
	}
	row[units] = best;
}

static unsigned widest_class(const Model *model)
{
	unsigned best = 0;

	for (unsigned c = 1; c < model->n_classes; c++)
		if (model->threads[c] > model->threads[best])
			best = c;
	return best;
}

static void find_memory(Bounds *b, Filling filling)
{
	b->memory_fill[filling] = g_new0(uint64_t, 2 * ((size_t)b->most_node + 1) * (b->units + 1));
	for (unsigned w = WEIGHT_VALUE; w <= WEIGHT_VCPUS; w++) {
		g_autoptr(GArray) items = items_new(b, filling, w, widest_class(b->model));

		relax_items(b, items);
		for (unsigned cores = 0; cores <= b->most_node; cores++)
			for (unsigned units = 0; units <= b->units; units++)
				fill_cell(b, filling, w, items, cores, units);
	}
}

uint64_t bounds_memory_fill(const Bounds *b, Filling filling, unsigned weight, unsigned cores,
			    uint64_t memory)
{
	return memory_at(b, filling, weight, cores)[MIN(memory / b->unit, b->units)];
}

Bounds *bounds_new(const Model *model, bool merged)
{
	Bounds *b = g_new0(Bounds, 1);

	b->model = model;
	b->merged = merged;
	find_most(b);
	find_weights(b);
	find_dearest(b);
	for (unsigned filling = 0; model->n_classes > 0 && filling < FILL_N; filling++)
		find_fills(b, filling);
	if (model->n_classes > 0) {
		find_tail(b, 0, WEIGHT_OTHER);
		find_tail(b, 1, WEIGHT_VCPUS);
	}
	if (!model->memory)
		return b;
	find_unit(b);
	find_memory(b, FILL_GROUP);
	find_memory(b, FILL_SHARES);
	return b;
}

void bounds_free(Bounds *b)
{
	for (unsigned filling = 0; filling < FILL_N; filling++) {
		g_free(b->fill[filling]);
		g_free(b->memory_fill[filling]);
	}
	g_free(b->tail[0]);
	g_free(b->tail[1]);
	g_free(b->weight);
	g_free(b->list);
	g_free(b->dearest);
	g_free(b);
}

static uint64_t node_bound(const Bounds *b, const Packing *base, Filling filling, unsigned weight,
			   unsigned node)
{
	const Model *model = b->model;
	uint64_t most = 0;
	unsigned cores = 0;

	for (unsigned c = 0; c < model->n_classes; c++) {
		unsigned g = model->group_at[node * model->n_classes + c];

		if (g == SEARCH_NEVER)
			continue;
		cores += base->group[g];
		most += bounds_fill(b, filling, weight, c, base->group[g]);
	}
	if (model->memory && base->memory[node] != UINT64_MAX)
		most = MIN(most, bounds_memory_fill(b, filling, weight, cores, base->memory[node]));
	return most;
}

uint64_t bounds_all(const Bounds *b, const Packing *base, Filling filling, unsigned weight)
{
	uint64_t most = 0;

	for (unsigned n = 0; n < b->model->problem->n_nodes; n++)
		most += node_bound(b, base, filling, weight, n);
	return most;
}

uint64_t bounds_cut(const Bounds *b, const unsigned *count, uint64_t cores)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < b->model->n_kinds && cores > 0; i++) {
		unsigned k = b->dearest[i];
		const Kind *kind = &b->model->kinds[k];
		uint64_t need = (uint64_t)count[k] * kind->least;

		if (need > cores)
			return value + cores * kind->value / kind->least;
		value += count[k] * kind->value;
		cores -= need;
	}
	return value;
}
