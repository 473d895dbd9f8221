/* SPDX-License-Identifier: MIT */
/*
 * The best rows for a task: the dual solution of its linear program.
 *
 * The program places VMs and copies as patterns, whole fillings of a group of rooms, any fraction
 * of each. unit(kind):    its VMs placed + its copies ≤ how often it is in the patterns
 *   supply(kind):  its VMs placed ≤ those there are
 *   type(group):   patterns for groups of a type ≤ such groups
 *   memory, spread, value: as they say
 * Patterns are made as they are wanted: the one that gains most at the prices at hand is a
 * knapsack. The price of a unit is a row's phi, of memory its price, of spread mu, of value theta;
 * what a group is worth need not be kept, the row finds it again.
 *
 * First the most value, then with copies the most spare that leaves the value of the task.
 *
 * Where memory runs short, a second program has patterns of nodes instead, which know that memory
 * comes in pieces but not of walls between rooms.
 */
#include "planner/search/search_internal.h"
#include "planner/search/search_simplex.h"

#include <string.h>

#define MOST_STEPS 600
/* A step goes through the square of the rows; up to so many that is little beside the rest. */
#define ROWS_FREE 128
#define TINY 1e-6
/* Entries of a table of nodes that are worth a row in one step of the program. */
#define CELLS_PER_ROW 300

/* Groups of a class whose rooms have the same cores; or nodes of the same cores and memory. */
typedef struct Type {
	unsigned class, n_rooms, cores, count;
	const unsigned *cap; /* each room's cores, then the group's */
	size_t cell;	     /* a node's, in the table of its knapsack */
} Type;

/* What a pattern may hold. */
typedef struct Item {
	unsigned kind, sort, cores; /* sort: of a share, else SEARCH_NEVER */
	uint64_t memory;
	bool spread;
	double part, gain; /* part of a VM */
} Item;

/* The knapsack of some items: cores → most gain, and which item came last. */
typedef struct Sack {
	GArray *items; /* of Item */
	double *gain;
	int *last;
} Sack;

typedef struct Program {
	const Rows *rows;
	const Model *model;
	const SearchTask *task;
	Simplex *simplex;
	GArray *types;
	unsigned *caps; /* what the types point to */
	unsigned columns;
	unsigned *vms, *copies; /* kind → its column, SEARCH_NEVER = none */
	Sack fine, wide;
	double *gain;	 /* (room + 1) × cores given up → most gain of the rooms from there on */
	unsigned *given; /* the same: cores this room gives up for that */
	double memory_unit; /* bytes; 0 = memory has no price */
	bool by_node;
	GArray *items; /* of MemoryItem: what fills nodes */
	int64_t *table;
	uint64_t filled;     /* entries of the table, item by item */
	uint64_t work, most; /* what it took so far, and may take */
	Draft *draft;	     /* NULL: only the prices are wanted */
} Program;

static unsigned row_of_unit(unsigned kind)
{
	return kind;
}

static unsigned row_of_supply(const Program *p, unsigned kind)
{
	return p->model->n_kinds + kind;
}

enum { ROW_MEMORY, ROW_SPREAD, ROW_VALUE, ROW_TYPES };

static unsigned row_of(const Program *p, unsigned which)
{
	return 2 * p->model->n_kinds + which;
}

static bool same_type(const Type *a, const Type *b)
{
	return a->class == b->class && a->n_rooms == b->n_rooms && a->cell == b->cell &&
	       memcmp(a->cap, b->cap, (a->n_rooms + 1) * sizeof(unsigned)) == 0;
}

/* One more of TYPE; its number. */
static unsigned find_type(Program *p, const Type *type)
{
	unsigned i = 0;

	while (i < p->types->len && !same_type(&g_array_index(p->types, Type, i), type))
		i++;
	if (i == p->types->len)
		g_array_append_vals(p->types, type, 1);
	else
		g_array_index(p->types, Type, i).count++;
	return i;
}

static bool is_open(const Program *p, unsigned group)
{
	return !p->draft || !p->draft->closed[group];
}

static void find_types(Program *p)
{
	const Packing *base = p->task->base;
	unsigned *cap = p->caps, type_of;

	for (unsigned g = 0; g < p->model->n_groups; g++) {
		const Group *group = &p->model->groups[g];
		Type type = {.class = group->class, .n_rooms = 1, .count = 1, .cap = cap};

		if (!is_open(p, g))
			continue;
		if (rows_is_whole(p->rows, g)) {
			type.cores = *cap++ = base->group[g];
		} else {
			type.n_rooms = group->n_rooms;
			for (unsigned i = 0; i < group->n_rooms; i++) {
				*cap = base->room[p->model->rooms[group->first + i]];
				type.cores += *cap++;
			}
		}
		*cap++ = base->group[g];
		type_of = find_type(p, &type);
		if (p->draft)
			p->draft->type_of[g] = type_of;
	}
}

/* Nodes; what plans there are for, have one group each. */
static void find_node_types(Program *p)
{
	const Packing *base = p->task->base;
	unsigned *cap = p->caps, type_of;

	for (unsigned n = 0; n < p->model->problem->n_nodes; n++) {
		Type type = {.count = 1, .cap = cap};
		unsigned open = SEARCH_NEVER;

		for (unsigned g = 0; g < p->model->n_groups; g++) {
			if (p->model->groups[g].node != n || !is_open(p, g))
				continue;
			type.cores += base->group[g];
			open = g;
		}
		if (open == SEARCH_NEVER)
			continue;
		*cap++ = type.cores;
		type.cell = memory_cell(p->rows->memory, type.cores, base->memory[n]);
		type_of = find_type(p, &type);
		if (p->draft)
			p->draft->type_of[open] = type_of;
	}
}

static double *lp_add_column(Program *p, double objective)
{
	p->columns++;
	return simplex_add(p->simplex, objective);
}

static double memory_share(const Program *p, uint64_t memory)
{
	return p->memory_unit > 0 ? (double)memory / p->memory_unit : 0;
}

/* VMs that may be far or spread. */
static double lp_may_leave(const Program *p)
{
	uint64_t may = (uint64_t)p->task->far + (p->task->merged ? 0 : p->task->spread);
	double vms = 0;

	for (unsigned k = 0; k < p->model->n_kinds; k++)
		vms += p->task->count[k] + (p->draft ? p->draft->pending[k] : 0);
	return MIN((double)may, vms);
}

static void set_limits(Program *p)
{
	const SearchProblem *problem = p->model->problem;
	double memory = 0;
	bool limited = p->model->memory && !p->by_node;

	for (unsigned n = 0; n < problem->n_nodes; n++) {
		limited = limited && p->task->base->memory[n] != UINT64_MAX;
		memory += (double)p->task->base->memory[n];
	}
	p->memory_unit = limited ? memory / problem->n_nodes : 0;
	simplex_limit(p->simplex, row_of(p, ROW_MEMORY), limited ? problem->n_nodes : 0);
	simplex_limit(p->simplex, row_of(p, ROW_SPREAD), lp_may_leave(p));
	for (unsigned k = 0; k < p->model->n_kinds; k++)
		simplex_limit(p->simplex, row_of_supply(p, k),
			      p->task->count[k] + (p->draft ? p->draft->pending[k] : 0));
	for (unsigned i = 0; i < p->types->len; i++)
		simplex_limit(p->simplex, row_of(p, ROW_TYPES) + i,
			      g_array_index(p->types, Type, i).count);
}

/* VMs and copies: what the goals count. */
static void add_uses(Program *p)
{
	for (unsigned k = 0; k < p->model->n_kinds; k++) {
		const Kind *kind = &p->model->kinds[k];
		double *column;

		p->vms[k] = p->copies[k] = SEARCH_NEVER;
		if (p->task->count[k] > 0 || (p->draft && p->draft->pending[k] > 0)) {
			p->vms[k] = p->columns;
			column = lp_add_column(p, (double)kind->value);
			column[row_of_unit(k)] = column[row_of_supply(p, k)] = 1;
			column[row_of(p, ROW_VALUE)] = -(double)kind->value;
		}
		if (p->task->copies && kind->extra != SEARCH_NEVER) {
			p->copies[k] = p->columns;
			lp_add_column(p, 0)[row_of_unit(k)] = 1;
		}
	}
}

/* What part of a VM the share of a sort is; SEARCH_NEVER: all. */
static double lp_part(const Program *p, unsigned sort)
{
	const Sort *s = &p->rows->sorts[sort];

	return sort == SEARCH_NEVER ? 1 : (double)s->slice.cores / s->whole;
}

static void lp_add_item(const Program *p, Sack *sack, Item item)
{
	const double *price = simplex_prices(p->simplex);
	double spread = item.spread ? price[row_of(p, ROW_SPREAD)] : 0;

	item.part = lp_part(p, item.sort);
	item.gain = (price[row_of_unit(item.kind)] - spread) * item.part -
		    price[row_of(p, ROW_MEMORY)] * memory_share(p, item.memory);
	if (item.gain > 0)
		g_array_append_val(sack->items, item);
}

static void lp_fill(const Program *p, Sack *sack)
{
	for (unsigned c = 0; c <= p->rows->most; c++) {
		sack->gain[c] = 0;
		sack->last[c] = -1;
	}
	for (unsigned i = 0; i < sack->items->len; i++) {
		const Item *item = &g_array_index(sack->items, Item, i);

		for (unsigned c = item->cores; c <= p->rows->most; c++) {
			double gain = sack->gain[c - item->cores] + item->gain;

			if (gain > sack->gain[c] + 1e-12) {
				sack->gain[c] = gain;
				sack->last[c] = (int)i;
			}
		}
	}
}

/* What fills rooms and what fills the rest of groups, at the prices there are. */
static void lp_fill_class(Program *p, unsigned class)
{
	g_array_set_size(p->fine.items, 0);
	g_array_set_size(p->wide.items, 0);
	for (unsigned k = 0; k < p->model->n_kinds; k++) {
		const Kind *kind = &p->model->kinds[k];
		unsigned cores = kind_cores(p->model, kind, class);

		if (kind->natural <= p->rows->merged)
			lp_add_item(p, &p->fine,
				    (Item){k, SEARCH_NEVER, cores, kind->memory, false, 1, 0});
		if (kind->natural <= 1 && !p->rows->merged)
			lp_add_item(p, &p->wide,
				    (Item){k, SEARCH_NEVER, cores, kind->memory, kind->natural == 0,
					   1, 0});
	}
	for (unsigned i = 0; i < p->rows->n_sorts; i++) {
		const Sort *s = &p->rows->sorts[i];

		if (s->class == class)
			lp_add_item(p, &p->wide,
				    (Item){s->kind, i, s->slice.cores, s->slice.memory, s->coarse,
					   0, 0});
	}
	lp_fill(p, &p->fine);
	lp_fill(p, &p->wide);
}

/* The rooms from the I-th on; GIVEN says how they give up cores. */
static void fill_rooms(Program *p, const Type *type, unsigned i, unsigned after)
{
	size_t row = type->cores + 1;
	const double *next = p->gain + (i + 1) * row;

	for (unsigned d = 0; d <= after + type->cap[i]; d++) {
		double best = -1;

		for (unsigned u = d > after ? d - after : 0; u <= MIN(type->cap[i], d); u++) {
			double gain = p->fine.gain[type->cap[i] - u] + next[d - u];

			if (gain > best + 1e-12) {
				best = gain;
				p->given[i * row + d] = u;
			}
		}
		p->gain[i * row + d] = best;
	}
}

/* The best pattern of TYPE; *GIVEN: how many cores its rooms give up. */
static double fill_type(Program *p, const Type *type, unsigned *given)
{
	unsigned own = type->cap[type->n_rooms], taken = type->cores - own, after = 0;
	double best = -1;

	p->gain[type->n_rooms * ((size_t)type->cores + 1)] = 0;
	for (unsigned i = type->n_rooms; i-- > 0; after += type->cap[i])
		fill_rooms(p, type, i, after);
	for (unsigned d = 0; d <= own; d++)
		if (p->wide.gain[d] + p->gain[taken + d] > best + 1e-12) {
			best = p->wide.gain[d] + p->gain[taken + d];
			*given = taken + d;
		}
	return best;
}

/* The pattern at hand holds one more of KIND, or a share of it. */
static void note_piece(const Program *p, unsigned kind, unsigned sort, unsigned room)
{
	Piece piece = {kind, sort, room};

	if (p->draft)
		g_array_append_val(p->draft->pieces, piece);
}

/* ROOM: of the group, SEARCH_NEVER = what is coarser. */
static void add_items(const Program *p, double *column, const Sack *sack, unsigned cores,
		      unsigned room)
{
	while (sack->last[cores] >= 0) {
		const Item *item = &g_array_index(sack->items, Item, sack->last[cores]);

		column[row_of_unit(item->kind)] -= item->part;
		column[row_of(p, ROW_MEMORY)] += memory_share(p, item->memory);
		column[row_of(p, ROW_SPREAD)] += item->spread ? item->part : 0;
		note_piece(p, item->kind, item->sort, room);
		cores -= item->cores;
	}
}

static void begin_pattern(const Program *p, double *column, unsigned type)
{
	column[row_of(p, ROW_TYPES) + type] = 1;
	if (p->draft) {
		Pattern pattern = {p->columns - 1, type, p->draft->pieces->len, 0, 0};

		g_array_append_val(p->draft->patterns, pattern);
	}
}

static void end_pattern(const Program *p)
{
	if (p->draft) {
		Pattern *last =
			&g_array_index(p->draft->patterns, Pattern, p->draft->patterns->len - 1);

		last->n = p->draft->pieces->len - last->first;
	}
}

static void add_pattern(Program *p, unsigned t, unsigned given)
{
	const Type *type = &g_array_index(p->types, Type, t);
	double *column = lp_add_column(p, 0);

	begin_pattern(p, column, t);
	add_items(p, column, &p->wide, given - (type->cores - type->cap[type->n_rooms]),
		  SEARCH_NEVER);
	for (unsigned i = 0; i < type->n_rooms; i++) {
		unsigned u = p->given[i * ((size_t)type->cores + 1) + given];

		add_items(p, column, &p->fine, type->cap[i] - u, i);
		given -= u;
	}
	end_pattern(p);
}

static void add_patterns(void *data)
{
	Program *p = data;

	for (unsigned c = 0; c < p->model->n_classes; c++) {
		lp_fill_class(p, c);
		for (unsigned t = 0; t < p->types->len; t++) {
			const Type *type = &g_array_index(p->types, Type, t);
			unsigned given = 0;

			if (type->class == c &&
			    fill_type(p, type, &given) >
				    simplex_prices(p->simplex)[row_of(p, ROW_TYPES) + t] + TINY)
				add_pattern(p, t, given);
		}
	}
}

static int64_t whole_weight(double price)
{
	if (price <= 0)
		return 0;
	return price > 0x1p20 ? INT64_C(1) << 40 : (int64_t)(price * ROW_SCALE + 0.5);
}

/* What the table has put into *CELL last, which goes back to what was there before; NULL: nothing.
 */
static const MemoryItem *item_before(const Program *p, size_t *cell)
{
	size_t row = p->rows->memory->units + 1;

	for (unsigned i = 0; p->table[*cell] > 0 && i < p->items->len; i++) {
		const MemoryItem *item = &g_array_index(p->items, MemoryItem, i);
		size_t from = *cell - item->cores * row - item->units;

		if (item->weight <= 0 || *cell / row < item->cores || *cell % row < item->units ||
		    p->table[from] + item->weight != p->table[*cell])
			continue;
		*cell = from;
		return item;
	}
	return NULL;
}

/* What fills the cell of TYPE, from the last item to the first. */
static void add_node_pattern(Program *p, unsigned t)
{
	size_t cell = g_array_index(p->types, Type, t).cell;
	double *column = lp_add_column(p, 0);
	const MemoryItem *item;

	begin_pattern(p, column, t);
	while ((item = item_before(p, &cell))) {
		column[row_of_unit(item->kind)] -= lp_part(p, item->sort);
		column[row_of(p, ROW_SPREAD)] += item->spread ? lp_part(p, item->sort) : 0;
		note_piece(p, item->kind, item->sort,
			   item->sort == SEARCH_NEVER ? 0 : SEARCH_NEVER);
	}
	end_pattern(p);
}

static void add_node_patterns(void *data)
{
	Program *p = data;
	const double *price = simplex_prices(p->simplex);

	for (unsigned i = 0; i < p->items->len; i++) {
		MemoryItem *item = &g_array_index(p->items, MemoryItem, i);
		double spread = item->spread ? price[row_of(p, ROW_SPREAD)] : 0;

		item->weight = whole_weight((price[row_of_unit(item->kind)] - spread) *
					    lp_part(p, item->sort));
	}
	if (p->filled / CELLS_PER_ROW >= p->most)
		return;
	memory_fill(p->rows->memory, p->items, p->table);
	p->filled += (uint64_t)p->items->len * p->rows->memory->cells;
	for (unsigned t = 0; t < p->types->len; t++)
		if ((double)p->table[g_array_index(p->types, Type, t).cell] / ROW_SCALE >
		    simplex_prices(p->simplex)[row_of(p, ROW_TYPES) + t] + 1e-4)
			add_node_pattern(p, t);
}

/* The prices as a row. SPARE: of copies, else of value. */
static void take_row(const Program *p, Rows *rows, bool spare)
{
	const double *price = simplex_prices(p->simplex);
	g_autofree int64_t *phi = g_new0(int64_t, p->model->n_kinds + 1);
	Weights weights = {.phi = phi, .tail = true};

	for (unsigned k = 0; k < p->model->n_kinds; k++) {
		phi[k] = whole_weight(price[row_of_unit(k)]);
		if (spare && p->model->kinds[k].extra != SEARCH_NEVER)
			phi[k] = MAX(phi[k], (int64_t)p->model->kinds[k].vm.vcpus * ROW_SCALE);
	}
	weights.mu = whole_weight(price[row_of(p, ROW_SPREAD)]);
	weights.theta = spare ? whole_weight(price[row_of(p, ROW_VALUE)]) : ROW_SCALE;
	weights.spare = spare ? ROW_SCALE : 0;
	if (p->memory_unit > 0)
		weights.price = MAX(price[row_of(p, ROW_MEMORY)], 0) / p->memory_unit * ROW_SCALE;
	weights.node = p->memory_unit == 0;
	rows_add(rows, &weights);
}

/* From the most value to the most spare at the task's value. */
static void turn_to_spare(Program *p)
{
	double value = MIN((double)p->task->value, simplex_value(p->simplex));

	simplex_limit(p->simplex, row_of(p, ROW_VALUE), -value);
	for (unsigned k = 0; k < p->model->n_kinds; k++) {
		if (p->vms[k] != SEARCH_NEVER)
			simplex_objective(p->simplex, p->vms[k], 0);
		if (p->copies[k] != SEARCH_NEVER)
			simplex_objective(p->simplex, p->copies[k], p->model->kinds[k].vm.vcpus);
	}
}

static void sack_init(Sack *sack, unsigned most)
{
	sack->items = g_array_new(FALSE, FALSE, sizeof(Item));
	sack->gain = g_new0(double, most + 1);
	sack->last = g_new0(int, most + 1);
}

static void sack_clear(Sack *sack)
{
	g_array_unref(sack->items);
	g_free(sack->gain);
	g_free(sack->last);
}

static void program_init(Program *p)
{
	size_t n = p->model->n_kinds + 1, rooms = p->model->problem->n_rooms, cells = 0;

	p->types = g_array_new(FALSE, FALSE, sizeof(Type));
	p->caps = g_new0(unsigned, rooms + p->model->n_groups + 1);
	p->vms = g_new(unsigned, n);
	p->copies = g_new(unsigned, n);
	sack_init(&p->fine, p->rows->most);
	sack_init(&p->wide, p->rows->most);
	if (p->by_node) {
		p->items = memory_items(p->rows, p->rows->memory, true);
		p->table = g_new(int64_t, p->rows->memory->cells);
		find_node_types(p);
	} else {
		find_types(p);
	}
	for (unsigned i = 0; i < p->types->len; i++) {
		const Type *type = &g_array_index(p->types, Type, i);

		cells = MAX(cells, (type->n_rooms + 1) * ((size_t)type->cores + 1));
	}
	p->gain = g_new0(double, cells + 1);
	p->given = g_new0(unsigned, cells + 1);
	p->simplex = simplex_new(row_of(p, ROW_TYPES) + p->types->len);
	set_limits(p);
	add_uses(p);
}

static void program_clear(Program *p)
{
	g_array_unref(p->types);
	g_free(p->caps);
	g_free(p->vms);
	g_free(p->copies);
	sack_clear(&p->fine);
	sack_clear(&p->wide);
	g_free(p->gain);
	g_free(p->given);
	g_free(p->table);
	g_clear_pointer(&p->items, g_array_unref);
	simplex_free(p->simplex);
}

static bool lp_limited(const Rows *rows, const SearchTask *task)
{
	bool all = rows->memory;

	for (unsigned n = 0; n < rows->model->problem->n_nodes; n++)
		all = all && task->base->memory[n] != UINT64_MAX;
	return all;
}

/* Run it until it is solved, or has taken what it may. */
static void program_run(Program *p)
{
	uint64_t rows = row_of(p, ROW_TYPES) + p->types->len;
	uint64_t each = rows * MAX(rows, ROWS_FREE) / ROWS_FREE;
	uint64_t steps = (p->most - MIN(p->most, p->work)) / each;

	steps = simplex_run(p->simplex, (unsigned)MIN(steps, MOST_STEPS),
			    p->by_node ? add_node_patterns : add_patterns, p);
	p->work += steps * each;
}

static uint64_t lp_optimize(Rows *rows, const SearchTask *task, uint64_t most, bool by_node)
{
	Program p = {
		.rows = rows, .model = rows->model, .task = task, .by_node = by_node, .most = most};

	program_init(&p);
	program_run(&p);
	take_row(&p, rows, false);
	if (task->copies) {
		turn_to_spare(&p);
		program_run(&p);
		take_row(&p, rows, true);
	}
	program_clear(&p);
	return p.work + p.filled / CELLS_PER_ROW;
}

uint64_t rows_optimize(Rows *rows, const SearchTask *task, uint64_t most)
{
	uint64_t work = lp_optimize(rows, task, most, false);

	if (work < most && lp_limited(rows, task))
		work += lp_optimize(rows, task, most - work, true);
	return work;
}

/*
 * Plans.
 */
Draft *draft_new(const Model *model)
{
	Draft *draft = g_new0(Draft, 1);

	draft->patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
	draft->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
	draft->closed = g_new0(bool, model->n_groups + 1);
	draft->type_of = g_new0(unsigned, model->n_groups + 1);
	draft->pending = g_new0(double, model->n_kinds + 1);
	return draft;
}

void draft_free(Draft *draft)
{
	g_array_unref(draft->patterns);
	g_array_unref(draft->pieces);
	g_free(draft->closed);
	g_free(draft->type_of);
	g_free(draft->pending);
	g_free(draft);
}

uint64_t draft_make(Draft *draft, const Rows *rows, const SearchTask *task, uint64_t most)
{
	Program p = {
		.rows = rows, .model = rows->model, .task = task, .draft = draft, .most = most};

	g_array_set_size(draft->patterns, 0);
	g_array_set_size(draft->pieces, 0);
	/* Only where rooms have no walls, and a node is one group, can a node's pattern be used. */
	p.by_node = task->merged && rows->model->n_classes == 1 && lp_limited(rows, task);
	program_init(&p);
	program_run(&p);
	draft->value = simplex_value(p.simplex);
	if (task->copies) {
		turn_to_spare(&p);
		program_run(&p);
		draft->spare = simplex_value(p.simplex);
	}
	for (unsigned i = 0; i < draft->patterns->len; i++) {
		Pattern *pattern = &g_array_index(draft->patterns, Pattern, i);

		pattern->times = simplex_level(p.simplex, pattern->column);
	}
	program_clear(&p);
	return p.work + p.filled / CELLS_PER_ROW;
}
