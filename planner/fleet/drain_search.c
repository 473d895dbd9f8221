/* SPDX-License-Identifier: MIT */
/*
 * A place for each VM that waits, large ones first: every NUMA node that may have it, with every
 * smallest choice of VMs there that make room for it, which then wait themselves; or nowhere. What
 * a choice loses against the prices says in which order they are tried, and which cannot lead to
 * a solution that costs no more than allowed.
 *
 * First any solution is found and made better; few choices other than the best are tried for that.
 * Then all choices are tried, from below: little is allowed first.
 */
#include "planner/fleet/drain_internal.h"

#include <string.h>

#define DRAIN_WORK 12000000	 /* steps, for all that is allowed together */
#define DRAIN_WORK_LEVEL 2000000 /* for one */
#define DRAIN_WORK_PROBE 200000	 /* and to see whether there is any solution */
#define DRAIN_SKIPS_MOST 8	 /* better choices that a quick solution passes over */

/* A VM to BIN, when some of its own are gone. */
typedef struct DrainChoice {
	unsigned bin, n;
	unsigned evicted[DRAIN_EVICT_MOST]; /* positions in its own */
	int64_t loss;			    /* against the prices */
} DrainChoice;

typedef struct DrainSearch {
	DrainProgram *program;
	int64_t allowed;      /* what a solution may cost */
	unsigned moves, most; /* VMs that make room so far, and at most */
	uint64_t memory;      /* theirs */
	int64_t paid;	      /* what moves, worse ways and VMs that are left cost so far */
	bool any;	      /* the first solution will do */
	bool must;	      /* and must be found: steps have no limit */
	unsigned skips;	      /* better choices that may still be passed over */
	bool cut;	      /* not all was tried */
	bool found;
	uint64_t best_memory, stop;
	int64_t best_paid; /* of the solution found last */
	unsigned *best;	   /* by one: its bin in the best solution */
} DrainSearch;

static const DrainOne *drain_one(const DrainProgram *program, unsigned one)
{
	return g_ptr_array_index(program->ones, one);
}

/* What it costs at least while ONE waits. */
static int64_t drain_waits(const DrainProgram *program, const DrainOne *one)
{
	int64_t price = drain_type(program, one->type)->price;

	return one->home == DRAIN_NOWHERE ? MIN(price, program->left) : price;
}

/* Names */

/* Is a VM of its name on the node: there today, or on its way? */
static bool drain_name_taken(const DrainProgram *program, const DrainOne *one, unsigned standing)
{
	const char *name = one->vm->vm->spec->name;

	if (!g_hash_table_contains(program->space->repeated, name))
		return false;
	if (space_has_name(program->space, one->vm->vm, standing))
		return true;
	for (unsigned i = 0; i < program->ones->len; i++) {
		const DrainOne *other = drain_one(program, i);

		if (other != one && other->bin != DRAIN_NOWHERE &&
		    drain_bin(program, other->bin)->standing == standing &&
		    !strcmp(other->vm->vm->spec->name, name))
			return true;
	}
	return false;
}

static bool drain_may_be(const DrainProgram *program, const DrainOne *one, const DrainBin *bin)
{
	return drain_type(program, one->type)->classes >> bin->class & 1 &&
	       bin->standing != one->vm->from && !drain_name_taken(program, one, bin->standing);
}

/* Going and coming */

static uint64_t drain_less(uint64_t memory, uint64_t less)
{
	return memory == UINT64_MAX ? memory : memory - less;
}

static void drain_evict(const DrainBin *bin, DrainBin *after, unsigned position, bool gone)
{
	DrainOwn *own = &g_array_index(bin->own, DrainOwn, position);
	uint64_t memory = own->one->vm->vm->memory;

	own->gone = gone;
	after->cores = gone ? after->cores + own->cores : after->cores - own->cores;
	after->memory =
		gone ? drain_more(after->memory, memory) : drain_less(after->memory, memory);
}

/* What BIN gives when CHOICE is made for ONE. */
static int64_t drain_value_after(const DrainSearch *search, const DrainBin *bin,
				 const DrainOne *one, const DrainChoice *choice)
{
	DrainProgram *program = search->program;
	const DrainType *type = drain_type(program, one->type);
	DrainBin after = *bin;
	int64_t value;

	for (unsigned i = 0; i < choice->n; i++)
		drain_evict(bin, &after, choice->evicted[i], true);
	after.cores -= drain_cores(program, type, bin->class);
	after.memory = drain_less(after.memory, type->memory);
	value = drain_value(program, &after, NULL);
	for (unsigned i = 0; i < choice->n; i++)
		drain_evict(bin, &after, choice->evicted[i], false);
	return value;
}

/* Choices */

typedef struct DrainChoosing {
	DrainSearch *search;
	const DrainOne *one;
	GArray *choices; /* of DrainChoice */
	int64_t slack;	 /* what a choice may lose */
	/* In the bin at hand: */
	unsigned need; /* cores */
	int64_t worse; /* what it costs that one goes there */
	int64_t least; /* what any choice loses, but for those that make room */
} DrainChoosing;

static int64_t drain_loss(const DrainChoosing *choosing, const DrainBin *bin,
			  const DrainChoice *choice)
{
	DrainProgram *program = choosing->search->program;
	int64_t loss = bin->value + choosing->worse - drain_waits(program, choosing->one);

	for (unsigned i = 0; i < choice->n; i++) {
		const DrainOwn *own = &g_array_index(bin->own, DrainOwn, choice->evicted[i]);

		loss += DRAIN_PRICE + drain_type(program, own->one->type)->price;
	}
	return loss - drain_value_after(choosing->search, bin, choosing->one, choice);
}

/* With CORES and MEMORY free: is none of those gone that need not? */
static bool drain_choice_least(const DrainChoosing *choosing, const DrainBin *bin,
			       const DrainChoice *choice, unsigned cores, uint64_t memory)
{
	for (unsigned i = 0; i < choice->n; i++) {
		const DrainOwn *own = &g_array_index(bin->own, DrainOwn, choice->evicted[i]);

		if (cores - own->cores >= choosing->need &&
		    drain_less(memory, own->one->vm->vm->memory) >= choosing->one->vm->vm->memory)
			return false;
	}
	return true;
}

/* PAID: what those cost that make room. */
static void drain_choose(DrainChoosing *choosing, const DrainBin *bin, DrainChoice *choice,
			 unsigned first, unsigned cores, uint64_t memory, int64_t paid)
{
	DrainProgram *program = choosing->search->program;
	unsigned before = G_MAXUINT, most = choosing->search->most - choosing->search->moves;

	program->work++;
	if (choosing->least + paid > choosing->slack)
		return;
	if (cores >= choosing->need && memory >= choosing->one->vm->vm->memory) {
		if (!drain_choice_least(choosing, bin, choice, cores, memory))
			return;
		choice->loss = drain_loss(choosing, bin, choice);
		g_array_append_vals(choosing->choices, choice, 1);
		return;
	}
	if (choice->n == MIN(most, DRAIN_EVICT_MOST)) {
		choosing->search->cut |= most > DRAIN_EVICT_MOST;
		return;
	}
	for (unsigned i = first; i < bin->own->len; i++) {
		const DrainOwn *own = &g_array_index(bin->own, DrainOwn, i);

		if (own->gone || own->one->type == before)
			continue;
		before = own->one->type;
		choice->evicted[choice->n++] = i;
		drain_choose(choosing, bin, choice, i + 1, cores + own->cores,
			     drain_more(memory, own->one->vm->vm->memory),
			     paid + DRAIN_PRICE + drain_type(program, own->one->type)->price);
		choice->n--;
	}
}

static int drain_choice_compare(gconstpointer a, gconstpointer b)
{
	const DrainChoice *x = a, *y = b;

	if (x->loss != y->loss)
		return x->loss < y->loss ? -1 : 1;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	if (x->bin != y->bin)
		return x->bin < y->bin ? -1 : 1;
	return memcmp(x->evicted, y->evicted, x->n * sizeof *x->evicted);
}

/* Those for the one in BIN. */
static void drain_choose_in(DrainChoosing *choosing, unsigned b)
{
	DrainProgram *program = choosing->search->program;
	const DrainBin *bin = drain_bin(program, b);
	const DrainType *type = drain_type(program, choosing->one->type);
	DrainChoice choice = {.bin = b};
	int64_t most;

	choosing->need = drain_cores(program, type, bin->class);
	most = drain_value_most(program, bin, choosing->need, type->memory);
	if (most < 0)
		return;
	choosing->worse = DRAIN_WORSE * drain_worse(type, bin->class);
	choosing->least = bin->value + choosing->worse - drain_waits(program, choosing->one) - most;
	drain_choose(choosing, bin, &choice, 0, bin->cores, bin->memory, 0);
}

/* Those for ONE that lose no more than SLACK, what loses least first: of DrainChoice, yours. */
static GArray *drain_choices(DrainSearch *search, const DrainOne *one, int64_t slack)
{
	DrainProgram *program = search->program;
	DrainChoosing choosing = {
		search, one, g_array_new(FALSE, FALSE, sizeof(DrainChoice)), slack, 0, 0, 0};
	g_autofree bool *seen = g_new0(bool, program->bins->len + 1);

	for (unsigned b = 0; b < program->bins->len; b++) {
		const DrainBin *bin = drain_bin(program, b);

		if (!drain_may_be(program, one, bin))
			continue;
		if (!program->touched[bin->standing]) {
			if (seen[bin->like])
				continue;
			seen[bin->like] = true;
		}
		drain_choose_in(&choosing, b);
	}
	g_array_sort(choosing.choices, drain_choice_compare);
	return choosing.choices;
}

/* The search */

static void drain_next(DrainSearch *search, int64_t cost);

/* ONE to where CHOICE says, and then the others. COST: what it all costs at least. */
static void drain_do(DrainSearch *search, DrainOne *one, const DrainChoice *choice, int64_t cost)
{
	DrainProgram *program = search->program;
	DrainBin *bin = drain_bin(program, choice->bin), before = *bin;
	const DrainType *type = drain_type(program, one->type);
	uint64_t memory = search->memory;
	int64_t paid = search->paid;

	for (unsigned i = 0; i < choice->n; i++) {
		DrainOwn *own = &g_array_index(bin->own, DrainOwn, choice->evicted[i]);

		drain_evict(&before, bin, choice->evicted[i], true);
		own->one->waits = true;
		search->memory += own->one->vm->vm->memory;
	}
	bin->cores -= drain_cores(program, type, bin->class);
	bin->memory = drain_less(bin->memory, one->vm->vm->memory);
	bin->value = drain_value(program, bin, NULL);
	search->moves += choice->n;
	search->paid += DRAIN_PRICE * choice->n + DRAIN_WORSE * drain_worse(type, bin->class);
	program->touched[bin->standing]++;
	one->bin = choice->bin;
	one->waits = false;
	drain_next(search, cost + choice->loss);
	one->waits = true;
	one->bin = DRAIN_NOWHERE;
	program->touched[bin->standing]--;
	search->moves -= choice->n;
	for (unsigned i = 0; i < choice->n; i++) {
		DrainOwn *own = &g_array_index(bin->own, DrainOwn, choice->evicted[i]);

		own->one->waits = false;
		own->gone = false;
	}
	*bin = before;
	search->memory = memory;
	search->paid = paid;
}

/* ONE, which leaves, is left. */
static void drain_leave(DrainSearch *search, DrainOne *one, int64_t cost)
{
	int64_t left = search->program->left;

	one->waits = false;
	search->paid += left;
	drain_next(search, cost + left - drain_waits(search->program, one));
	search->paid -= left;
	one->waits = true;
}

static void drain_keep(DrainSearch *search)
{
	const DrainProgram *program = search->program;

	search->found = true;
	search->best_memory = search->memory;
	search->best_paid = search->paid;
	for (unsigned i = 0; i < program->ones->len; i++)
		search->best[i] = drain_one(program, i)->bin;
}

/* The largest that waits; NULL. */
static DrainOne *drain_waiting(const DrainProgram *program)
{
	DrainOne *largest = NULL;

	for (unsigned i = 0; i < program->ones->len; i++) {
		DrainOne *one = g_ptr_array_index(program->ones, i);
		const DrainType *type, *most;

		if (!one->waits)
			continue;
		type = drain_type(program, one->type);
		most = largest ? drain_type(program, largest->type) : NULL;
		if (!largest || type->vcpus > most->vcpus ||
		    (type->vcpus == most->vcpus && type->memory > most->memory))
			largest = one;
	}
	return largest;
}

/* Is there nothing to gain from here? */
static bool drain_hopeless(DrainSearch *search, int64_t cost)
{
	if (search->found && (search->any || search->memory >= search->best_memory))
		return true;
	if (!search->must && search->program->work > search->stop) {
		search->cut = true;
		return true;
	}
	return cost > search->allowed || search->paid > search->allowed;
}

static void drain_next(DrainSearch *search, int64_t cost)
{
	DrainOne *one;
	g_autoptr(GArray) choices = NULL;

	if (drain_hopeless(search, cost))
		return;
	one = drain_waiting(search->program);
	if (!one) {
		drain_keep(search);
		return;
	}
	choices = drain_choices(search, one, search->allowed - cost);
	for (unsigned i = 0; i < choices->len; i++) {
		const DrainChoice *choice = &g_array_index(choices, DrainChoice, i);

		if (cost + choice->loss > search->allowed)
			break;
		if (i > search->skips) {
			search->cut = true;
			break;
		}
		search->skips -= i;
		drain_do(search, one, choice, cost);
		search->skips += i;
	}
	if (one->home == DRAIN_NOWHERE)
		drain_leave(search, one, cost);
}

/* What those that wait cost at least, less what all bins can give. */
static int64_t drain_root(const DrainProgram *program)
{
	int64_t cost = 0;

	for (unsigned i = 0; i < program->n_leave; i++)
		cost += drain_waits(program, drain_one(program, i));
	for (unsigned b = 0; b < program->bins->len; b++)
		cost -= drain_bin(program, b)->value;
	return cost;
}

/* Try with that much allowed; false: it is proved that it does not do. */
static bool drain_level(DrainSearch *search, int64_t allowed, bool any, uint64_t work)
{
	search->allowed = allowed;
	search->any = any;
	search->cut = false;
	search->found = search->best_paid <= allowed;
	search->stop = search->program->work + work;
	drain_next(search, drain_root(search->program));
	return search->found || search->cut;
}

/* The least that a solution can cost that costs at least COST: there are no more moves than may be,
 * and no more worse ways than VMs that have such. */
static int64_t drain_level_from(const DrainProgram *program, int64_t cost)
{
	int64_t level = (MAX(cost, 0) + DRAIN_PRICE - 1) / DRAIN_PRICE * DRAIN_PRICE;

	if (level % DRAIN_WORSE > program->moves * DRAIN_PRICE)
		level += DRAIN_WORSE - level % DRAIN_WORSE;
	if (level % program->left / DRAIN_WORSE > program->worse)
		level += program->left - level % program->left;
	return level;
}

/* What drain_tier() counts: VMs that are left, worse ways, moves. 0 = no more. */
static int64_t drain_unit_below(const DrainProgram *program, int64_t unit)
{
	return unit == program->left ? DRAIN_WORSE : unit == DRAIN_WORSE ? DRAIN_PRICE : 0;
}

/* The solution with the fewest units, and of those that have them, with the fewest smaller ones: at
 * least FROM, below END. Whether there is one with so many units is asked first. */
static bool drain_tier(DrainSearch *search, int64_t unit, int64_t from, int64_t end)
{
	DrainProgram *program = search->program;
	int64_t below = drain_unit_below(program, unit), level = from;

	while (level < end && level <= search->best_paid && program->work < DRAIN_WORK) {
		int64_t next = level - level % unit + unit;
		bool good = below && search->best_paid < next;

		if (!good)
			good = drain_level(search, below ? next - 1 : level, below,
					   below ? DRAIN_WORK_PROBE : DRAIN_WORK_LEVEL);
		if (!good)
			program->bound = MAX(program->bound, drain_level_from(program, next));
		else if (below ? drain_tier(search, below, level, next) : search->found)
			return true;
		level = drain_level_from(program, next);
	}
	return false;
}

/* Any solution: nobody makes room; each has a place, or is left. */
static void drain_settle(DrainSearch *search)
{
	unsigned moves = search->most;

	search->most = 0;
	search->must = true;
	drain_level(search, search->program->left * search->program->n_leave, true, 0);
	search->must = false;
	search->most = moves;
}

/* A solution that costs no more than ALLOWED, found quickly: those that pass over few better
 * choices are tried first. */
static bool drain_dive(DrainSearch *search, int64_t allowed)
{
	uint64_t end = search->program->work + DRAIN_WORK_LEVEL;

	for (unsigned skips = 0; skips <= DRAIN_SKIPS_MOST; skips++) {
		uint64_t work = search->program->work;

		search->skips = skips;
		if (work >= end || !drain_level(search, allowed, true, end - work) || search->found)
			break;
	}
	search->skips = G_MAXUINT;
	return search->found;
}

/* Fewer units, and no more of what counts more, which costs WHOLE: as few as the bound, or one less
 * each time. */
static void drain_improve(DrainSearch *search, int64_t unit, int64_t whole)
{
	int64_t least = search->program->bound / unit * unit;

	if (search->best_paid >= least + unit && least + unit > search->best_paid / whole * whole)
		drain_dive(search, least + unit - 1);
	while (search->best_paid >= least + unit && search->best_paid % whole >= unit &&
	       drain_dive(search, search->best_paid / unit * unit - 1))
		;
}

void drain_search(DrainProgram *program)
{
	g_autofree unsigned *best = g_new0(unsigned, program->ones->len + 1);
	DrainSearch search = {.program = program,
			      .best = best,
			      .best_paid = G_MAXINT64,
			      .most = program->moves,
			      .skips = G_MAXUINT};

	program->bound = drain_level_from(program, program->bound);
	drain_settle(&search);
	drain_improve(&search, program->left, G_MAXINT64);
	drain_improve(&search, DRAIN_WORSE, program->left);
	drain_improve(&search, DRAIN_PRICE, DRAIN_WORSE);
	drain_tier(&search, program->left, program->bound, G_MAXINT64);
	for (unsigned i = 0; i < program->ones->len; i++)
		((DrainOne *)g_ptr_array_index(program->ones, i))->bin = best[i];
}
