/* SPDX-License-Identifier: MIT */
/*
 * Where memory runs short, rows know its price but not that it comes in pieces: five VMs of 64G
 * need 320G, and what is left of 376G is of no use to a sixth. This is the knapsack of cores and
 * memory of one node, its rooms' walls taken down.
 */
#include "planner/search_internal.h"

/* A table has at most so many entries: coarser units of memory beyond. */
#define MEMORY_CELLS 32768

typedef struct Item {
	unsigned cores;
	uint64_t memory, weight;
} Item;

struct MemoryFill {
	const Rows *rows;
	uint64_t unit;
	unsigned units, cores;
	uint64_t *table[2][2]; /* vcpus, shares → cores × units */
};

static unsigned widest_class(const Model *model)
{
	unsigned best = 0;

	for (unsigned c = 1; c < model->n_classes; c++)
		if (model->threads[c] > model->threads[best])
			best = c;
	return best;
}

static uint64_t weight_of(const Kind *kind, bool vcpus)
{
	return (vcpus ? kind->vm.vcpus : kind->value) * ROW_SCALE;
}

/* Cores of any class count as one another's, so every item takes the fewest it ever does. */
static GArray *items_new(const MemoryFill *f, bool vcpus, bool shares)
{
	const Model *model = f->rows->model;
	GArray *items = g_array_new(FALSE, FALSE, sizeof(Item));

	for (unsigned k = 0; k < model->n_kinds; k++) {
		const Kind *kind = &model->kinds[k];
		Item item = {kind->least, kind->memory, weight_of(kind, vcpus)};

		if (kind->natural <= 1)
			g_array_append_val(items, item);
	}
	for (unsigned i = 0; shares && i < f->rows->n_sorts; i++) {
		const Sort *s = &f->rows->sorts[i];
		uint64_t weight = weight_of(&model->kinds[s->kind], vcpus);
		Item item = {s->cores, s->memory, (weight + s->k - 1) / s->k};

		if (s->class == widest_class(model))
			g_array_append_val(items, item);
	}
	return items;
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
static void find_unit(MemoryFill *f)
{
	const SearchProblem *problem = f->rows->model->problem;
	uint64_t most = 0, cells = MAX(MEMORY_CELLS / (f->cores + 1), 2);
	g_autoptr(GArray) items = items_new(f, false, true);

	for (unsigned n = 0; n < problem->n_nodes; n++)
		if (problem->memory[n] != UINT64_MAX)
			most = MAX(most, problem->memory[n]);
	for (unsigned i = 0; i < items->len; i++)
		if (g_array_index(items, Item, i).memory != UINT64_MAX)
			f->unit = gcd(f->unit, g_array_index(items, Item, i).memory);
	if (f->unit == 0 || most / f->unit >= cells)
		f->unit = most / (cells - 1) + 1;
	f->units = (unsigned)(most / f->unit);
}

static unsigned most_cores(const Model *model)
{
	unsigned most = 0;

	for (unsigned n = 0; n < model->problem->n_nodes; n++) {
		unsigned cores = 0;

		for (unsigned c = 0; c < model->n_classes; c++) {
			unsigned g = model->group_at[n * model->n_classes + c];

			cores += g == SEARCH_NEVER ? 0 : model->groups[g].cores;
		}
		most = MAX(most, cores);
	}
	return most;
}

/* The unbounded knapsack takes in one more item. */
static void add_item(const MemoryFill *f, uint64_t *table, const Item *item)
{
	uint64_t units = item->memory / f->unit;
	size_t row = f->units + 1;

	if (units > f->units)
		return;
	for (size_t c = item->cores; c <= f->cores; c++)
		for (size_t u = units; u <= f->units; u++) {
			uint64_t *cell = &table[c * row + u];

			*cell = MAX(*cell,
				    table[(c - item->cores) * row + u - units] + item->weight);
		}
}

static uint64_t *table_new(const MemoryFill *f, bool vcpus, bool shares)
{
	uint64_t *table = g_new0(uint64_t, ((size_t)f->cores + 1) * (f->units + 1));
	g_autoptr(GArray) items = items_new(f, vcpus, shares);

	for (unsigned i = 0; i < items->len; i++)
		add_item(f, table, &g_array_index(items, Item, i));
	return table;
}

MemoryFill *memory_fill_new(const Rows *rows)
{
	MemoryFill *f;

	if (!rows->model->memory || rows->model->n_classes == 0)
		return NULL;
	f = g_new0(MemoryFill, 1);
	f->rows = rows;
	f->cores = most_cores(rows->model);
	find_unit(f);
	for (unsigned i = 0; i < 4; i++)
		f->table[i / 2][i % 2] = table_new(f, i / 2, i % 2);
	return f;
}

void memory_fill_free(MemoryFill *f)
{
	for (unsigned i = 0; f && i < 4; i++)
		g_free(f->table[i / 2][i % 2]);
	g_free(f);
}

uint64_t memory_fill_most(const MemoryFill *f, bool vcpus, bool shares, unsigned cores,
			  uint64_t memory)
{
	return f->table[vcpus][shares]
		       [(size_t)cores * (f->units + 1) + MIN(memory / f->unit, f->units)];
}
