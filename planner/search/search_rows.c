/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

#include <string.h>

/* Sizes that get rows of their own. */
#define MOST_SIZES 3

bool rows_is_whole(const Rows *rows, unsigned group)
{
	return rows->merged || rows->model->groups[group].n_rooms == 1;
}

/* Of WEIGHT, what a share of SORT has, rounded up. */
static int64_t sort_weight(const Sort *sort, int64_t weight)
{
	if (weight <= 0)
		return 0;
	return (int64_t)(((__int128)weight * sort->slice.cores + sort->whole - 1) / sort->whole);
}

static void add_sorts(Rows *rows, unsigned i, unsigned k, unsigned class)
{
	const Kind *kind = &rows->model->kinds[i];
	SearchSlice slices[SEARCH_SLICES];
	unsigned n = kind_slices(rows->model, kind, class, k, slices), first = rows->n_sorts;

	for (unsigned s = 0; s < n; s++)
		rows->sorts[rows->n_sorts++] = (Sort){i,
						      class,
						      k,
						      first,
						      first + n,
						      slices[s],
						      kind_cores(rows->model, kind, class),
						      k > MAX(kind->natural, 1)};
}

static void find_sorts(Rows *rows)
{
	const Model *model = rows->model;
	unsigned nodes = model->problem->n_nodes;

	rows->sorts =
		g_new0(Sort, (size_t)model->n_kinds * model->n_classes * nodes * SEARCH_SLICES + 1);
	for (unsigned i = 0; i < model->n_kinds; i++) {
		const Kind *kind = &model->kinds[i];

		if (kind->count == 0 || kind->natural == SEARCH_NEVER)
			continue;
		for (unsigned k = MAX(kind->natural, 2); k <= nodes; k++)
			for (unsigned c = 0; c < model->n_classes; c++)
				add_sorts(rows, i, k, c);
	}
}

static void find_list(Rows *rows)
{
	const Model *model = rows->model;

	rows->list = g_new(unsigned, model->n_kinds + 1);
	for (unsigned k = 0; k < model->n_kinds; k++)
		if (model->kinds[k].natural <= rows->merged)
			rows->list[rows->n_list++] = k;
	for (unsigned g = 0; g < model->n_groups; g++)
		rows->most = MAX(rows->most, model->groups[g].cores);
}

/* PRICE of so much memory, rather too little. */
static int64_t cost_of(double price, uint64_t memory)
{
	double cost = price * (double)memory - 1;

	return cost <= 0 ? 0 : cost >= 0x1p60 ? INT64_C(1) << 60 : (int64_t)cost;
}

static int64_t divide_up(int64_t a, int64_t b)
{
	return a <= 0 ? 0 : (a + b - 1) / b;
}

static void row_price(const Rows *rows, Row *row)
{
	for (unsigned k = 0; k < rows->model->n_kinds; k++)
		row->cost[k] = cost_of(row->price, rows->model->kinds[k].memory);
	for (unsigned i = 0; i < rows->n_sorts; i++) {
		const Sort *s = &rows->sorts[i];

		row->psi[i] = sort_weight(s, row->phi[s->kind] - (s->coarse ? row->mu : 0));
		row->psi_cost[i] = cost_of(row->price, s->slice.memory);
	}
}

/* One more thing that fills: the unbounded knapsack of TABLE takes it in. */
static void fill_with(int64_t *table, unsigned most, unsigned cores, int64_t weight)
{
	for (unsigned c = cores; weight > 0 && c <= most; c++)
		table[c] = MAX(table[c], table[c - cores] + weight);
}

static void rows_fill_class(const Rows *rows, Row *row, unsigned class)
{
	size_t at = (size_t) class * (rows->most + 1);

	for (unsigned k = 0; k < rows->model->n_kinds; k++) {
		const Kind *kind = &rows->model->kinds[k];
		unsigned cores = kind_cores(rows->model, kind, class);
		int64_t weight = row->phi[k] - row->cost[k];

		if (kind->natural <= rows->merged)
			fill_with(row->fine + at, rows->most, cores, weight);
		if (kind->natural > 1 || rows->merged)
			continue;
		weight -= kind->natural == 0 ? row->mu : 0;
		fill_with(row->wide[0] + at, rows->most, cores, weight);
		fill_with(row->wide[1] + at, rows->most, cores, weight);
	}
	for (unsigned i = 0; i < rows->n_sorts; i++) {
		const Sort *s = &rows->sorts[i];

		if (s->class == class)
			fill_with(row->wide[1] + at, rows->most, s->slice.cores,
				  row->psi[i] - row->psi_cost[i]);
	}
}

static void fill_tail(const Rows *rows, const Row *row, unsigned class)
{
	size_t most = rows->most;
	int64_t *tail = row->tail + (size_t) class * (rows->n_list + 1) * (most + 1);

	for (unsigned i = rows->n_list; i-- > 0;) {
		unsigned k = rows->list[i];
		int64_t *from = tail + i * (most + 1);

		for (unsigned c = 0; c <= most; c++)
			from[c] = from[most + 1 + c];
		fill_with(from, rows->most, kind_cores(rows->model, &rows->model->kinds[k], class),
			  row->phi[k] - row->cost[k]);
	}
}

static void rows_fill_node(const Rows *rows, Row *row)
{
	for (unsigned shares = 0; shares < 2; shares++) {
		g_autoptr(GArray) items = memory_items(rows, rows->memory, shares);

		for (unsigned i = 0; i < items->len; i++) {
			MemoryItem *item = &g_array_index(items, MemoryItem, i);

			int64_t weight = row->phi[item->kind] - (item->spread ? row->mu : 0);

			item->weight = item->sort == SEARCH_NEVER
					       ? MAX(weight, 0)
					       : sort_weight(&rows->sorts[item->sort], weight);
		}
		row->node[shares] = g_new(int64_t, rows->memory->cells);
		memory_fill(rows->memory, items, row->node[shares]);
	}
}

void rows_add(Rows *rows, const Weights *weights)
{
	const Model *model = rows->model;
	size_t cells = (size_t)model->n_classes * (rows->most + 1) + 1;
	Row *row = &rows->row[rows->n];

	if (rows->n == ROWS_MOST)
		return;
	rows->n++;
	row->phi = g_memdup2(weights->phi, model->n_kinds * sizeof(int64_t));
	row->psi = g_new0(int64_t, rows->n_sorts + 1);
	row->cost = g_new0(int64_t, model->n_kinds + 1);
	row->psi_cost = g_new0(int64_t, rows->n_sorts + 1);
	row->mu = weights->mu;
	row->theta = weights->theta;
	row->spare = weights->spare;
	row->price = weights->price;
	row_price(rows, row);
	row->fine = g_new0(int64_t, cells);
	row->wide[0] = g_new0(int64_t, cells);
	row->wide[1] = g_new0(int64_t, cells);
	if (weights->node && rows->memory)
		rows_fill_node(rows, row);
	if (weights->tail)
		row->tail = g_new0(int64_t, cells * (rows->n_list + 1));
	for (unsigned c = 0; c < model->n_classes; c++) {
		rows_fill_class(rows, row, c);
		if (row->tail)
			fill_tail(rows, row, c);
	}
}

/* What a unit of the first goal is worth at least where any VM may stay outside. */
static int64_t highest_ratio(const Rows *rows, const int64_t *phi)
{
	int64_t most = 0;

	for (unsigned k = 0; k < rows->model->n_kinds; k++)
		most = MAX(most, divide_up(phi[k], (int64_t)rows->model->kinds[k].value));
	return most;
}

/* For VMs in rooms that need at least SIZE: their cores, or their number. */
static void rows_add_size(Rows *rows, Weights *w, unsigned size, bool number)
{
	for (unsigned k = 0; k < rows->model->n_kinds; k++)
		w->phi[k] = 0;
	w->mu = 0;
	for (unsigned i = 0; i < rows->n_list; i++) {
		unsigned k = rows->list[i], least = rows->model->kinds[k].least;

		w->phi[k] = least < size ? 0 : number ? 1 : least;
		w->mu = MAX(w->mu, w->phi[k]);
	}
	w->theta = highest_ratio(rows, w->phi);
	rows_add(rows, w);
}

static void add_sizes(Rows *rows, Weights *w)
{
	g_autofree unsigned *sizes = g_new(unsigned, rows->n_list + 1);
	unsigned n = 0, used;

	/* The kinds come largest first, so equal sizes stand together. */
	for (unsigned i = rows->n_list; i-- > 0;)
		if (n == 0 || sizes[n - 1] != rows->model->kinds[rows->list[i]].least)
			sizes[n++] = rows->model->kinds[rows->list[i]].least;
	used = MIN(n, MOST_SIZES);
	for (unsigned i = 0; i < used; i++) {
		w->tail = i == 0;
		rows_add_size(rows, w, sizes[i * n / used], false);
		w->tail = false;
		rows_add_size(rows, w, sizes[i * n / used], true);
	}
}

/* Value and vCPUs, and cores of all VMs. */
static void add_plain(Rows *rows, Weights *w)
{
	const Model *model = rows->model;

	for (unsigned k = 0; k < model->n_kinds; k++)
		w->phi[k] = (int64_t)model->kinds[k].value * ROW_SCALE;
	w->theta = ROW_SCALE;
	w->node = true;
	rows_add(rows, w);
	for (unsigned k = 0; k < model->n_kinds; k++)
		w->phi[k] = (int64_t)model->kinds[k].vm.vcpus * ROW_SCALE;
	w->theta = highest_ratio(rows, w->phi);
	w->spare = ROW_SCALE;
	w->tail = true;
	rows_add(rows, w);
	w->spare = 0;
	w->tail = w->node = false;
	for (unsigned k = 0; k < model->n_kinds; k++)
		w->phi[k] = model->kinds[k].least;
	w->theta = highest_ratio(rows, w->phi);
	rows_add(rows, w);
}

Rows *rows_new(const Model *model, bool merged)
{
	Rows *rows = g_new0(Rows, 1);
	g_autofree int64_t *phi = g_new0(int64_t, model->n_kinds + 1);
	Weights weights = {.phi = phi};

	rows->model = model;
	rows->merged = merged;
	find_sorts(rows);
	find_list(rows);
	rows->memory = memory_sack_new(rows);
	add_plain(rows, &weights);
	add_sizes(rows, &weights);
	return rows;
}

static void row_clear(Row *row)
{
	g_free(row->phi);
	g_free(row->psi);
	g_free(row->cost);
	g_free(row->psi_cost);
	g_free(row->fine);
	g_free(row->wide[0]);
	g_free(row->wide[1]);
	g_free(row->node[0]);
	g_free(row->node[1]);
	g_free(row->tail);
}

void rows_drop(Rows *rows, unsigned n)
{
	while (rows->n > n) {
		row_clear(&rows->row[--rows->n]);
		memset(&rows->row[rows->n], 0, sizeof(Row));
	}
}

void rows_free(Rows *rows)
{
	rows_drop(rows, 0);
	g_free(rows->memory);
	g_free(rows->list);
	g_free(rows->sorts);
	g_free(rows);
}

/*
 * Groups.
 */
void group_fill_drop(GroupFill *fill, unsigned n)
{
	while (fill->n_rows > n)
		g_clear_pointer(&fill->suffix[--fill->n_rows], g_free);
}

void group_fill_clear(GroupFill *fill)
{
	group_fill_drop(fill, 0);
	g_free(fill->cap);
	memset(fill, 0, sizeof(*fill));
}

/* The rooms from the I-th on, as itself and those AFTER it, which have so many cores, whichever way
 * the cores given up are shared out. */
static void fill_suffix(const GroupFill *fill, const int64_t *fine, int64_t *suffix, unsigned i,
			unsigned after)
{
	unsigned cap = fill->cap[i];
	int64_t *here = suffix + i * fill->stride;
	const int64_t *next = here + fill->stride;

	for (unsigned d = 0; d <= after + cap; d++) {
		int64_t best = INT64_MIN;

		for (unsigned u = d > after ? d - after : 0; u <= MIN(cap, d); u++)
			best = MAX(best, fine[cap - u] + next[d - u]);
		here[d] = best;
	}
}

/* Those of the group's cores that are not its own are given up already. */
static int64_t best_with(const GroupFill *fill, const int64_t *suffix, const int64_t *wide)
{
	unsigned own = fill->cap[fill->n_rooms], cores = 0;
	int64_t best = 0;

	for (unsigned i = 0; i < fill->n_rooms; i++)
		cores += fill->cap[i];
	for (unsigned d = 0; d <= own; d++)
		best = MAX(best, wide[d] + suffix[cores - own + d]);
	return best;
}

/* Rooms before CHANGED are to be done anew. Returns what that costs. */
static uint64_t fill_row(GroupFill *fill, const Rows *rows, unsigned class, unsigned r,
			 unsigned changed)
{
	const Row *row = &rows->row[r];
	size_t at = (size_t) class * fill->stride;
	unsigned after = 0;
	uint64_t cost = fill->cap[fill->n_rooms];

	for (unsigned i = fill->n_rooms; i-- > 0; after += fill->cap[i]) {
		if (i >= changed)
			continue;
		fill_suffix(fill, row->fine + at, fill->suffix[r], i, after);
		cost += (uint64_t)(after + fill->cap[i]) * (fill->cap[i] + 1);
	}
	for (unsigned i = 0; i < 2; i++)
		fill->best[r][i] = best_with(fill, fill->suffix[r], row->wide[i] + at);
	return cost;
}

uint64_t group_fill_update(GroupFill *fill, const Rows *rows, unsigned class, const unsigned *cap,
			   unsigned n_rooms)
{
	unsigned changed = n_rooms;
	bool same;
	uint64_t cost = 0;

	if (!fill->cap) {
		fill->n_rooms = n_rooms;
		fill->stride = (size_t)rows->most + 1;
		fill->cap = g_new(unsigned, n_rooms + 1);
		memset(fill->cap, 0xff, (n_rooms + 1) * sizeof(*cap));
	}
	while (changed > 0 && fill->cap[changed - 1] == cap[changed - 1])
		changed--;
	same = changed == 0 && fill->cap[n_rooms] == cap[n_rooms];
	memcpy(fill->cap, cap, (n_rooms + 1) * sizeof(*cap));
	for (unsigned r = 0; !same && r < fill->n_rows; r++)
		cost += fill_row(fill, rows, class, r, changed);
	for (; fill->n_rows < rows->n; fill->n_rows++) {
		fill->suffix[fill->n_rows] = g_new0(int64_t, (n_rooms + 1) * fill->stride);
		cost += fill_row(fill, rows, class, fill->n_rows, n_rooms);
	}
	return cost;
}
