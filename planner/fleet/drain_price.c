/* SPDX-License-Identifier: MIT */
/*
 * Prices: what it costs at least to find a VM of a type a place. They are the dual solution of a
 * linear program whose columns say what a NUMA node takes in and what makes room for it there; for
 * given prices the best column of each is found by a table of what free room is worth.
 *
 *   unit(type):  those of the type that get a place + those that make room ≤ those that come
 *   leave(type): those that get a place ≤ those that leave
 *   bin:         columns of a NUMA node ≤ 1
 *
 * The bound holds for any prices, however rough: it is made of whole numbers alone.
 */
#include "planner/base/size.h"
#include "planner/fleet/drain_internal.h"
#include "planner/search/search_simplex.h"

#define DRAIN_TYPE_ROWS 96 /* types that have a price other than 0, at most */
#define DRAIN_BIN_ROWS 128 /* bins with columns of their own, at most */
#define DRAIN_ROUNDS 120
#define DRAIN_COLUMNS 24 /* of a round, at most: those that gain most */
#define DRAIN_STEPS 4000
#define DRAIN_PRICE_MOST 1e9		/* moves */
#define DRAIN_GAIN (DRAIN_PRICE / 1000) /* less is none */
#define DRAIN_CELLS 256			/* steps of a table's memory, at most */
#define DRAIN_TRIES 20000		/* choices of those that make room in one bin */

typedef struct DrainPricing {
	DrainProgram *program;
	Simplex *simplex;
	unsigned type_rows, bin_rows, rounds;
	int64_t *best; /* by type: the prices of the bound */
} DrainPricing;

/* Tables */

/* All the memory that a bin has, were those gone that may make room. */
static uint64_t drain_bin_memory(const DrainBin *bin)
{
	uint64_t memory = bin->memory;

	for (unsigned i = 0; memory != UINT64_MAX && i < bin->own->len; i++)
		memory += g_array_index(bin->own, DrainOwn, i).one->vm->vm->memory;
	return memory;
}

static unsigned drain_bin_cores(const DrainBin *bin)
{
	unsigned cores = bin->cores;

	for (unsigned i = 0; i < bin->own->len; i++)
		cores += g_array_index(bin->own, DrainOwn, i).cores;
	return cores;
}

/* Steps of memory: as fine as VMs ask, unless that is too fine. */
static void drain_choose_cell(DrainProgram *program)
{
	uint64_t cell = 0, most = 0;

	for (unsigned t = 0; t < program->types->len; t++)
		cell = size_step(cell, drain_type(program, t)->memory);
	for (unsigned b = 0; b < program->bins->len; b++) {
		uint64_t memory = drain_bin_memory(drain_bin(program, b));

		if (memory != UINT64_MAX)
			most = MAX(most, memory);
	}
	program->cell = MAX(MAX(cell, most / DRAIN_CELLS + 1), 1);
	if (cell && most / cell <= DRAIN_CELLS)
		program->cell = cell;
}

static unsigned drain_cells_of(const DrainProgram *program, uint64_t memory)
{
	if (memory == UINT64_MAX)
		return DRAIN_CELLS + 1;
	return (unsigned)MIN(memory / program->cell + (memory % program->cell != 0),
			     DRAIN_CELLS + 1);
}

static size_t drain_at(const DrainTable *table, unsigned cores, unsigned cells)
{
	return (size_t)MIN(cores, table->cores) * (table->cells + 1) + MIN(cells, table->cells);
}

static void drain_make_tables(DrainProgram *program)
{
	for (unsigned b = 0; b < program->bins->len; b++) {
		const DrainBin *bin = drain_bin(program, b);
		DrainTable *table = &program->tables[bin->class];

		table->cores = MAX(table->cores, drain_bin_cores(bin));
		table->cells = MAX(table->cells, drain_cells_of(program, drain_bin_memory(bin)));
	}
	for (unsigned g = 0; g < DRAIN_CLASSES_MOST; g++) {
		DrainTable *table = &program->tables[g];
		size_t size = (size_t)(table->cores + 1) * (table->cells + 1);

		table->worth = g_new0(int64_t, size);
		table->last = g_new0(int, size);
	}
}

/* What it is worth that one of TYPE comes to CLASS. */
static int64_t drain_worth_of(const DrainType *type, unsigned class)
{
	return type->price - DRAIN_WORSE * drain_worse(type, class);
}

/* Those that are worth something on CLASS, as positions of types. Yours. */
static GArray *drain_priced(const DrainProgram *program, unsigned class)
{
	GArray *priced = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned t = 0; t < program->types->len; t++)
		if (drain_worth_of(drain_type(program, t), class) > 0 &&
		    drain_type(program, t)->classes >> class & 1)
			g_array_append_val(priced, t);
	return priced;
}

static void drain_fill_entry(const DrainProgram *program, DrainTable *table, unsigned class,
			     const GArray *priced, unsigned cores, unsigned cells)
{
	size_t at = drain_at(table, cores, cells);
	int64_t worth = cores ? table->worth[drain_at(table, cores - 1, cells)] : 0;
	int last = cores ? -1 : -2;

	for (unsigned i = 0; i < priced->len; i++) {
		unsigned t = g_array_index(priced, unsigned, i);
		const DrainType *type = drain_type(program, t);
		unsigned need = drain_cores(program, type, class);
		unsigned steps = (unsigned)MIN(type->memory / program->cell, DRAIN_CELLS + 1);
		int64_t with;

		if (need > cores || steps > cells)
			continue;
		with = drain_worth_of(type, class) +
		       table->worth[drain_at(table, cores - need, cells - steps)];
		if (with > worth) {
			worth = with;
			last = (int)t;
		}
	}
	table->worth[at] = worth;
	table->last[at] = last;
}

static void drain_fill_tables(DrainProgram *program)
{
	for (unsigned g = 0; g < DRAIN_CLASSES_MOST; g++) {
		DrainTable *table = &program->tables[g];
		g_autoptr(GArray) priced = NULL;

		if (!table->cores)
			continue;
		priced = drain_priced(program, g);
		for (unsigned c = 0; c <= table->cores; c++)
			for (unsigned m = 0; m <= table->cells; m++)
				drain_fill_entry(program, table, g, priced, c, m);
	}
}

/* What a bin gives */

typedef struct DrainTry {
	DrainProgram *program;
	const DrainTable *table;
	const GArray *own;
	unsigned rest_cores[DRAIN_OWN_MOST]; /* of own VMs from there on */
	uint64_t rest_memory[DRAIN_OWN_MOST];
	int64_t best;
	guint64 evicted; /* of the best */
	unsigned tries;
} DrainTry;

static int64_t drain_worth(const DrainTry *try, unsigned cores, uint64_t memory)
{
	return try->table->worth[drain_at(try->table, cores, drain_cells_of(try->program, memory))];
}

static void drain_try_own(DrainTry *try, unsigned first, unsigned cores, uint64_t memory,
			  int64_t paid, guint64 evicted)
{
	int64_t worth = drain_worth(try, cores, memory) - paid;
	unsigned before = G_MAXUINT; /* type tried last */

	try->program->work++;
	if (worth > try->best) {
		try->best = worth;
		try->evicted = evicted;
	}
	for (unsigned i = first; i < try->own->len; i++) {
		const DrainOwn *own = &g_array_index(try->own, DrainOwn, i);
		const DrainType *type = drain_type(try->program, own->one->type);
		/* Were all of the rest gone, too, for one move. */
		int64_t most = drain_worth(try, cores + try->rest_cores[i],
					   drain_more(memory, try->rest_memory[i])) -
			       paid - DRAIN_PRICE;

		if (most <= try->best)
			return;
		if (!try->tries) {
			try->best = most; /* at most: a bound still */
			return;
		}
		if (own->gone || own->one->type == before)
			continue;
		before = own->one->type;
		try->tries--;
		drain_try_own(try, i + 1, cores + own->cores,
			      drain_more(memory, own->one->vm->vm->memory),
			      paid + DRAIN_PRICE + type->price, evicted | (guint64)1 << i);
	}
}

int64_t drain_value(DrainProgram *program, const DrainBin *bin, guint64 *evicted)
{
	DrainTry try = {.program = program,
			.table = &program->tables[bin->class],
			.own = bin->own,
			.tries = DRAIN_TRIES};

	for (unsigned i = bin->own->len; i-- > 0;) {
		const DrainOwn *own = &g_array_index(bin->own, DrainOwn, i);
		bool last = i + 1 == bin->own->len;

		try.rest_cores[i] =
			(last ? 0 : try.rest_cores[i + 1]) + (own->gone ? 0 : own->cores);
		try.rest_memory[i] = (last ? 0 : try.rest_memory[i + 1]) +
				     (own->gone ? 0 : own->one->vm->vm->memory);
	}
	drain_try_own(&try, 0, bin->cores, bin->memory, 0, 0);
	if (evicted)
		*evicted = try.evicted;
	return try.best;
}

int64_t drain_value_most(const DrainProgram *program, const DrainBin *bin, unsigned less_cores,
			 uint64_t less_memory)
{
	const DrainTable *table = &program->tables[bin->class];
	unsigned cores = bin->cores;
	uint64_t memory = bin->memory;

	for (unsigned i = 0; i < bin->own->len; i++) {
		const DrainOwn *own = &g_array_index(bin->own, DrainOwn, i);

		if (own->gone)
			continue;
		cores += own->cores;
		memory = drain_more(memory, own->one->vm->vm->memory);
	}
	if (cores < less_cores || memory < less_memory)
		return -1;
	if (memory != UINT64_MAX)
		memory -= less_memory;
	return table->worth[drain_at(table, cores - less_cores, drain_cells_of(program, memory))];
}

/* The linear program */

static int drain_type_row(DrainPricing *pricing, unsigned t)
{
	DrainType *type = drain_type(pricing->program, t);

	if (type->row < 0 && pricing->type_rows < DRAIN_TYPE_ROWS)
		type->row = (int)pricing->type_rows++;
	return type->row;
}

static int drain_bin_row(DrainPricing *pricing, DrainBin *bin)
{
	if (bin->row < 0 && pricing->bin_rows < DRAIN_BIN_ROWS)
		bin->row = 2 * DRAIN_TYPE_ROWS + (int)pricing->bin_rows++;
	return bin->row;
}

/* Those of a type that get a place. */
static void drain_add_leaving(DrainPricing *pricing, unsigned t)
{
	const DrainType *type = drain_type(pricing->program, t);
	double *column;
	int row = drain_type_row(pricing, t);

	if (row < 0)
		return;
	simplex_limit(pricing->simplex, DRAIN_TYPE_ROWS + (unsigned)row, type->leave);
	column = simplex_add(pricing->simplex, (double)(pricing->program->left / DRAIN_PRICE));
	column[row] = 1;
	column[DRAIN_TYPE_ROWS + row] = 1;
}

/* What the table has for so much room, exact: types, one for each that comes. Yours. */
static GArray *drain_coming(const DrainProgram *program, const DrainBin *bin, unsigned cores,
			    uint64_t memory)
{
	GArray *coming = g_array_new(FALSE, FALSE, sizeof(unsigned));
	const DrainTable *table = &program->tables[bin->class];
	unsigned c = MIN(cores, table->cores),
		 m = MIN(drain_cells_of(program, memory), table->cells);

	for (;;) {
		int last = table->last[drain_at(table, c, m)];

		if (last == -2)
			return coming;
		if (last == -1) {
			c--;
			continue;
		}
		c -= drain_cores(program, drain_type(program, (unsigned)last), bin->class);
		m -= (unsigned)(drain_type(program, (unsigned)last)->memory / program->cell);
		if (memory != UINT64_MAX && drain_type(program, (unsigned)last)->memory > memory)
			continue; /* rounded down it fits */
		if (memory != UINT64_MAX)
			memory -= drain_type(program, (unsigned)last)->memory;
		g_array_append_val(coming, last);
	}
}

/* False where one of them can have no row. */
static bool drain_column_rows(DrainPricing *pricing, DrainBin *bin, guint64 evicted,
			      const GArray *coming)
{
	bool good = drain_bin_row(pricing, bin) >= 0;

	for (unsigned i = 0; i < bin->own->len; i++)
		if (evicted >> i & 1)
			good &= drain_type_row(pricing,
					       g_array_index(bin->own, DrainOwn, i).one->type) >= 0;
	for (unsigned i = 0; i < coming->len; i++)
		good &= drain_type_row(pricing, g_array_index(coming, unsigned, i)) >= 0;
	return good;
}

static void drain_add_column(DrainPricing *pricing, DrainBin *bin, guint64 evicted)
{
	DrainProgram *program = pricing->program;
	g_autoptr(GArray) coming = NULL;
	unsigned cores = bin->cores, moves = 0, worse = 0;
	uint64_t memory = bin->memory;
	double *column;

	for (unsigned i = 0; i < bin->own->len; i++) {
		const DrainOwn *own = &g_array_index(bin->own, DrainOwn, i);

		if (!(evicted >> i & 1))
			continue;
		moves++;
		cores += own->cores;
		memory = drain_more(memory, own->one->vm->vm->memory);
	}
	coming = drain_coming(program, bin, cores, memory);
	if (!drain_column_rows(pricing, bin, evicted, coming))
		return;
	for (unsigned i = 0; i < coming->len; i++)
		worse += drain_worse(drain_type(program, g_array_index(coming, unsigned, i)),
				     bin->class);
	column = simplex_add(pricing->simplex,
			     -(double)(moves + worse * (DRAIN_WORSE / DRAIN_PRICE)));
	column[bin->row] = 1;
	for (unsigned i = 0; i < bin->own->len; i++)
		if (evicted >> i & 1)
			column[drain_type(program, g_array_index(bin->own, DrainOwn, i).one->type)
				       ->row] += 1;
	for (unsigned i = 0; i < coming->len; i++)
		column[drain_type(program, g_array_index(coming, unsigned, i))->row] -= 1;
}

/* Rounds */

static int64_t drain_whole(double price)
{
	return price <= 0 ? 0 : (int64_t)(MIN(price, DRAIN_PRICE_MOST) * (double)DRAIN_PRICE);
}

static void drain_take_prices(DrainPricing *pricing)
{
	DrainProgram *program = pricing->program;
	const double *prices = simplex_prices(pricing->simplex);

	for (unsigned t = 0; t < program->types->len; t++) {
		DrainType *type = drain_type(program, t);

		type->price = type->row < 0 ? 0 : drain_whole(prices[type->row]);
	}
}

/* Keep the prices if they give a better bound. */
static void drain_take_bound(DrainPricing *pricing)
{
	DrainProgram *program = pricing->program;
	int64_t bound = 0;

	for (unsigned t = 0; t < program->types->len; t++)
		bound += drain_type(program, t)->leave *
			 MIN(drain_type(program, t)->price, program->left);
	for (unsigned b = 0; b < program->bins->len; b++)
		bound -= drain_bin(program, b)->value;
	if (bound <= program->bound)
		return;
	program->bound = bound;
	for (unsigned t = 0; t < program->types->len; t++)
		pricing->best[t] = drain_type(program, t)->price;
}

typedef struct DrainGain {
	DrainBin *bin;
	int64_t gain;
	guint64 evicted;
} DrainGain;

static int drain_gain_compare(gconstpointer a, gconstpointer b)
{
	const DrainGain *x = a, *y = b;

	if (x->gain != y->gain)
		return x->gain > y->gain ? -1 : 1;
	return x->bin < y->bin ? -1 : x->bin > y->bin;
}

/* What bins give, with the columns that gain most: of DrainGain, yours. */
static GArray *drain_values(DrainPricing *pricing)
{
	DrainProgram *program = pricing->program;
	const double *prices = simplex_prices(pricing->simplex);
	GArray *gains = g_array_new(FALSE, FALSE, sizeof(DrainGain));

	for (unsigned b = 0; b < program->bins->len; b++) {
		DrainBin *bin = drain_bin(program, b);
		DrainGain gain = {.bin = bin};

		bin->value = drain_value(program, bin, &gain.evicted);
		gain.gain = bin->value - (bin->row < 0 ? 0 : drain_whole(prices[bin->row]));
		if (gain.gain > DRAIN_GAIN)
			g_array_append_val(gains, gain);
	}
	g_array_sort(gains, drain_gain_compare);
	return gains;
}

static void drain_round(void *data)
{
	DrainPricing *pricing = data;
	g_autoptr(GArray) gains = NULL;

	if (pricing->rounds++ == DRAIN_ROUNDS)
		return;
	drain_take_prices(pricing);
	drain_fill_tables(pricing->program);
	gains = drain_values(pricing);
	drain_take_bound(pricing);
	for (unsigned i = 0; i < MIN(gains->len, DRAIN_COLUMNS); i++) {
		const DrainGain *gain = &g_array_index(gains, DrainGain, i);

		drain_add_column(pricing, gain->bin, gain->evicted);
	}
}

void drain_price(DrainProgram *program)
{
	g_autoptr(Simplex) simplex = simplex_new(2 * DRAIN_TYPE_ROWS + DRAIN_BIN_ROWS);
	g_autofree int64_t *best = g_new0(int64_t, program->types->len + 1);
	DrainPricing pricing = {.program = program, .simplex = simplex, .best = best};

	drain_choose_cell(program);
	drain_make_tables(program);
	for (unsigned t = 0; t < program->types->len; t++)
		if (drain_type(program, t)->leave)
			drain_add_leaving(&pricing, t);
	for (unsigned row = 0; row < DRAIN_BIN_ROWS; row++)
		simplex_limit(simplex, 2 * DRAIN_TYPE_ROWS + row, 1);
	simplex_run(simplex, DRAIN_STEPS, drain_round, &pricing);
	for (unsigned t = 0; t < program->types->len; t++)
		drain_type(program, t)->price = best[t];
	drain_fill_tables(program);
	for (unsigned b = 0; b < program->bins->len; b++)
		drain_bin(program, b)->value = drain_value(program, drain_bin(program, b), NULL);
}
