/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

#include "planner/base/size.h"

#include <string.h>

/* A table has at most so many entries: coarser units of memory beyond. */
#define MEMORY_CELLS 12000

/* Memory in whole units, rather too little. */
static void memory_add_item(GArray *items, const MemorySack *sack, MemoryItem item, uint64_t memory)
{
	item.units = memory / sack->unit;
	if (item.units <= sack->units && item.cores <= sack->cores)
		g_array_append_val(items, item);
}

GArray *memory_items(const Rows *rows, const MemorySack *sack, bool shares)
{
	const Model *model = rows->model;
	GArray *items = g_array_new(FALSE, FALSE, sizeof(MemoryItem));

	for (unsigned k = 0; k < model->n_kinds; k++)
		if (model->kinds[k].natural <= 1)
			memory_add_item(
				items, sack,
				(MemoryItem){k, SEARCH_NEVER, model->kinds[k].least, 0, false, 0},
				model->kinds[k].memory);
	for (unsigned i = 0; shares && i < rows->n_sorts; i++) {
		const Sort *s = &rows->sorts[i];

		memory_add_item(items, sack,
				(MemoryItem){s->kind, i, s->slice.cores, 0, s->coarse, 0},
				s->slice.memory);
	}
	return items;
}

/* The unit memory is counted in: exact where that makes a table of reasonable size. What a coarser
 * unit rounds off is given to the VMs, so that the bound stays one. */
static void find_unit(MemorySack *sack, const Rows *rows)
{
	const Model *model = rows->model;
	uint64_t most = 0, cells = MAX(MEMORY_CELLS / (sack->cores + 1), 2);

	for (unsigned n = 0; n < model->problem->n_nodes; n++)
		if (model->problem->memory[n] != UINT64_MAX)
			most = MAX(most, model->problem->memory[n]);
	for (unsigned k = 0; k < model->n_kinds; k++)
		if (model->kinds[k].natural <= 1)
			sack->unit = size_step(sack->unit, model->kinds[k].memory);
	/* Unequal shares of memory have no unit to speak of. */
	for (unsigned i = 0; i < rows->n_sorts; i++)
		if (!rows->sorts[i].coarse && rows->sorts[i].slice.n == rows->sorts[i].k)
			sack->unit = size_step(sack->unit, rows->sorts[i].slice.memory);
	if (sack->unit == 0 || most / sack->unit >= cells)
		sack->unit = most / (cells - 1) + 1;
	sack->units = (unsigned)(most / sack->unit);
	sack->cells = ((size_t)sack->cores + 1) * (sack->units + 1);
}

MemorySack *memory_sack_new(const Rows *rows)
{
	const Model *model = rows->model;
	MemorySack *sack;

	if (!model->memory || model->n_classes == 0)
		return NULL;
	sack = g_new0(MemorySack, 1);
	for (unsigned n = 0; n < model->problem->n_nodes; n++) {
		unsigned cores = 0;

		for (unsigned c = 0; c < model->n_classes; c++) {
			unsigned g = model->group_at[n * model->n_classes + c];

			cores += g == SEARCH_NEVER ? 0 : model->groups[g].cores;
		}
		sack->cores = MAX(sack->cores, cores);
	}
	find_unit(sack, rows);
	return sack;
}

/* Is another item worth as much and asks for no more? Of two alike the first is kept. */
static bool memory_dominated(const GArray *items, unsigned i)
{
	const MemoryItem *item = &g_array_index(items, MemoryItem, i);

	for (unsigned j = 0; j < items->len; j++) {
		const MemoryItem *other = &g_array_index(items, MemoryItem, j);
		bool alike = other->cores == item->cores && other->units == item->units &&
			     other->weight == item->weight;

		if (other->cores <= item->cores && other->units <= item->units &&
		    other->weight >= item->weight && (alike ? j < i : true))
			return true;
	}
	return false;
}

void memory_fill(const MemorySack *sack, const GArray *items, int64_t *table)
{
	size_t row = sack->units + 1;

	memset(table, 0, sack->cells * sizeof(*table));
	for (unsigned i = 0; i < items->len; i++) {
		const MemoryItem *item = &g_array_index(items, MemoryItem, i);

		if (item->weight <= 0 || memory_dominated(items, i))
			continue;
		for (size_t c = item->cores; c <= sack->cores; c++) {
			int64_t *to = table + c * row + item->units;
			const int64_t *from = table + (c - item->cores) * row;

			for (size_t u = 0; u + item->units <= sack->units; u++)
				to[u] = MAX(to[u], from[u] + item->weight);
		}
	}
}

size_t memory_cell(const MemorySack *sack, unsigned cores, uint64_t memory)
{
	return cores * ((size_t)sack->units + 1) + MIN(memory / sack->unit, sack->units);
}
