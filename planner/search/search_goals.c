/* SPDX-License-Identifier: MIT */
/*
 * The goals, one after the other. Each starts from the best packing so far and a bound; where the
 * two meet nothing is left to do, as they mostly do. Else the exact search is asked for a packing
 * as good as the bound, then for ever better ones until it says there is none.
 */
#include "planner/search/search_internal.h"

/* The N smallest VMs, largest of them first: what goes in where only their number counts. */
static bool assign_smallest(Answer *a, uint64_t n)
{
	g_autofree unsigned *count = g_new0(unsigned, a->model->n_kinds + 1);
	g_autoptr(Packing) packing = NULL;
	uint64_t missing = n;

	for (unsigned k = a->model->n_kinds; k-- > 0; missing -= count[k])
		count[k] = (unsigned)MIN(missing, a->count[k]);
	packing = bestfit(a->model, count);
	if (packing_value(a->model, packing) < n)
		return false;
	answer_take(a, g_steal_pointer(&packing));
	return true;
}

/* Steps this question may take, if FLOOR of the budget are kept for later ones. */
static uint64_t goals_allowance(const Answer *a, uint64_t floor)
{
	return a->steps > floor ? a->steps - floor : 0;
}

/*
 * Goals (1) and (2) do not care how fine VMs sit in a node, and what fits a room fits its group: so
 * they are asked of whole groups. Afterwards each group's VMs move into its rooms.
 */
static Packing *into_rooms(const Model *model, const Packing *merged)
{
	Packing *packing = packing_new(model);

	bestfit_add(model, packing, merged);
	return packing;
}

static SearchOutcome ask_merged(Answer *a, uint64_t value, unsigned far, uint64_t floor)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	SearchTask task = {.base = empty,
			   .count = a->count,
			   .value = value,
			   .far = far,
			   .spread = SEARCH_NEVER,
			   .merged = !a->model->ragged};
	Packing *found;
	SearchOutcome outcome = finder_find(a->finder, &task, goals_allowance(a, floor), &found);

	if (outcome == SEARCH_OUTCOME_FOUND) {
		answer_take(a, into_rooms(a->model, found));
		packing_free(found);
	}
	return outcome;
}

static uint64_t all_value(const Answer *a)
{
	uint64_t value = 0;

	for (unsigned k = 0; k < a->model->n_kinds; k++)
		value += a->count[k] * a->model->kinds[k].value;
	return value;
}

/* The highest value that the bounds do not exclude. */
static uint64_t value_bound(Answer *a)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	SearchTask task = {.base = empty,
			   .count = a->count,
			   .far = SEARCH_NEVER,
			   .spread = SEARCH_NEVER,
			   .merged = true};
	uint64_t most = all_value(a);

	if (a->steps == 0)
		return most;
	finder_optimize(a->finder, &task);
	return finder_value_bound(a->finder, task, a->value, most);
}

/*
 * Sums there are at all: of values of VMs in the running, or of vCPUs of copies, any number of
 * each. What lies between two of them is no bound and no aim.
 */
static bool *sums_new(const Answer *a, bool copies, uint64_t most)
{
	bool *sums = g_new0(bool, most + 1);

	sums[0] = true;
	for (unsigned k = 0; k < a->model->n_kinds; k++) {
		const Kind *kind = &a->model->kinds[k];
		uint64_t step = copies ? kind->vm.vcpus : kind->value;
		unsigned count =
			copies ? (kind->extra == SEARCH_NEVER ? 0 : UINT_MAX) : a->count[k];
		/* Of this kind, to come to a sum: the fewest, UINT_MAX where it does not come to
		 * it. */
		g_autofree unsigned *used = g_new0(unsigned, most + 1);

		for (uint64_t sum = step; sum <= most && count > 0; sum++) {
			if (sums[sum] || !sums[sum - step] || used[sum - step] == count)
				continue;
			sums[sum] = true;
			used[sum] = used[sum - step] + 1;
		}
	}
	return sums;
}

static uint64_t sum_below(const bool *sums, uint64_t sum)
{
	while (!sums[sum])
		sum--;
	return sum;
}

/* The next sum; SUM itself is below MOST, which is one. */
static uint64_t sum_above(const bool *sums, uint64_t sum)
{
	do
		sum++;
	while (!sums[sum]);
	return sum;
}

/*
 * Raise what ASK asks for from what is REACHED to MOST: all of it, then, that being refused, less;
 * where the search does not know, from sum to sum. Returns the bound that remains.
 */
typedef SearchOutcome (*Ask)(Answer *a, uint64_t sum, uint64_t floor);

static uint64_t goals_climb(Answer *a, const uint64_t *reached, uint64_t most, bool copies, Ask ask)
{
	g_autofree bool *sums = sums_new(a, copies, most);
	uint64_t floor = a->steps / 2, bound = sum_below(sums, most);
	SearchOutcome outcome = SEARCH_OUTCOME_FOUND;
	Aim aim = {.copies = copies, .merged = !copies && !a->model->ragged};

	while (*reached < bound && outcome != SEARCH_OUTCOME_UNKNOWN) {
		outcome = ask(a, bound, floor + floor * 3 / 4);
		if (outcome == SEARCH_OUTCOME_NONE)
			bound = sum_below(sums, bound - 1);
	}
	while (*reached < bound) {
		*(copies ? &aim.spare : &aim.value) = sum_above(sums, *reached) - *reached;
		if (!answer_improve(a, &aim, floor + floor / 2))
			break;
	}
	outcome = SEARCH_OUTCOME_FOUND;
	while (*reached < bound && outcome == SEARCH_OUTCOME_FOUND)
		outcome = ask(a, sum_above(sums, *reached), floor);
	return outcome == SEARCH_OUTCOME_NONE ? *reached : bound;
}

static SearchOutcome ask_more(Answer *a, uint64_t value, uint64_t floor)
{
	return ask_merged(a, value, SEARCH_NEVER, floor);
}

static void seek_value(Answer *a)
{
	a->bound = all_value(a);
	if (a->value < a->bound)
		a->bound = MIN(a->bound, value_bound(a));
	if (a->model->problem->prefer == PREFER_VMS)
		for (uint64_t n = a->bound; n > a->value && !assign_smallest(a, n);)
			n--;
	if (a->value < a->bound)
		a->bound = goals_climb(a, &a->value, a->bound, false, ask_more);
	a->proved = a->value == a->bound;
}

/* Can the VM of KIND be accepted, too? Its count says so already. */
static SearchOutcome accept_vm(Answer *a, unsigned kind, uint64_t floor)
{
	g_autoptr(Packing) packing = packing_copy(a->model, a->packing);

	if (bestfit_assign(a->model, packing, kind)) {
		answer_take(a, g_steal_pointer(&packing));
		return SEARCH_OUTCOME_FOUND;
	}
	if (value_bound(a) < all_value(a))
		return SEARCH_OUTCOME_NONE;
	return ask_merged(a, all_value(a), SEARCH_NEVER, floor);
}

/*
 * What was refused once stays refused: only more VMs are accepted later. PLAIN assigns each VM
 * where it fits best and moves none; as long as it has accepted the same VMs it stands in where the
 * search does not know, so that the answer is not behind it.
 */
static void accept_in_order(Answer *a, Packing *plain)
{
	const SearchProblem *problem = a->model->problem;
	g_autofree bool *refused = g_new0(bool, a->model->n_kinds + 1);
	uint64_t floor = a->steps / 2;
	bool same = true;

	for (unsigned i = 0; i < problem->n_vms; i++) {
		unsigned k = a->model->kind_of[i];
		SearchOutcome outcome;
		bool plainly;

		if (refused[k] || a->model->kinds[k].natural == SEARCH_NEVER)
			continue;
		plainly = same && bestfit_assign(a->model, plain, k);
		a->count[k]++;
		outcome = accept_vm(a, k, floor);
		a->proved = a->proved && outcome != SEARCH_OUTCOME_UNKNOWN;
		if (outcome == SEARCH_OUTCOME_UNKNOWN && plainly) {
			answer_take(a, packing_copy(a->model, plain));
			outcome = SEARCH_OUTCOME_FOUND;
		}
		same = same && plainly == (outcome == SEARCH_OUTCOME_FOUND);
		if (outcome == SEARCH_OUTCOME_FOUND)
			continue;
		a->count[k]--;
		refused[k] = true;
	}
}

/* Under PREFER_ORDER the goal is which VMs; what is counted is only how many. */
static void seek_order(Answer *a)
{
	g_autofree unsigned *wanted = a->count;
	g_autoptr(Packing) all = bestfit(a->model, wanted);
	g_autoptr(Packing) plain = packing_new(a->model);

	a->bound = all_value(a);
	a->proved = true;
	if (packing_value(a->model, all) == a->bound) {
		answer_take(a, g_steal_pointer(&all));
		wanted = NULL;
		return;
	}
	a->bound = value_bound(a);
	a->count = g_new0(unsigned, a->model->n_kinds + 1);
	answer_take(a, packing_new(a->model));
	accept_in_order(a, plain);
	if (a->proved)
		a->bound = a->value;
}

/*
 * Lower *REACHED, a number of VMs: from none up, as far as the search can tell; then from the
 * packing at hand down, by AIM; then from none up with what remains of the budget.
 */
typedef SearchOutcome (*AskFew)(Answer *a, unsigned most, uint64_t floor);

static void goals_lower(Answer *a, const unsigned *reached, const Aim *aim, AskFew ask)
{
	uint64_t floor = a->steps / 2;
	unsigned bound = 0;
	SearchOutcome outcome = SEARCH_OUTCOME_NONE;

	while (bound < *reached && outcome == SEARCH_OUTCOME_NONE) {
		outcome = ask(a, bound, floor + floor * 3 / 4);
		bound += outcome == SEARCH_OUTCOME_NONE;
	}
	while (bound < *reached && answer_improve(a, aim, floor + floor / 2))
		;
	outcome = SEARCH_OUTCOME_NONE;
	while (bound < *reached && outcome == SEARCH_OUTCOME_NONE) {
		outcome = ask(a, bound, floor);
		bound += outcome == SEARCH_OUTCOME_NONE;
	}
	a->proved = a->proved && bound >= *reached;
}

static SearchOutcome ask_far(Answer *a, unsigned far, uint64_t floor)
{
	return ask_merged(a, a->value, far, floor);
}

static void seek_far(Answer *a)
{
	goals_lower(a, &a->far, &(Aim){.far = 1, .merged = !a->model->ragged}, ask_far);
}

/* Is there a packing as good as the best, with at most so many VMs spread and at least so much
 * spare?
 */
static SearchOutcome goals_ask(Answer *a, unsigned spread, bool copies, uint64_t spare,
			       uint64_t floor)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	SearchTask task = {.base = empty,
			   .count = a->count,
			   .value = a->value,
			   .far = a->any_spread ? SEARCH_NEVER : a->far,
			   .spread = spread,
			   .copies = copies,
			   .spare = spare};
	Packing *found;
	SearchOutcome outcome;

	if (!copies)
		finder_optimize(a->finder, &task);
	outcome = a->nearest ? near_find(a, &task, a->near, 0, finder_find,
					 goals_allowance(a, floor), &found, NULL)
			     : finder_find(a->finder, &task, goals_allowance(a, floor), &found);
	if (outcome == SEARCH_OUTCOME_FOUND)
		answer_take(a, found);
	return outcome;
}

static SearchOutcome ask_spread(Answer *a, unsigned spread, uint64_t floor)
{
	return goals_ask(a, spread, false, 0, floor);
}

static void seek_left(Answer *a)
{
	goals_lower(a, &a->spread, &(Aim){.spread = 1}, ask_spread);
}

static SearchOutcome ask_near(Answer *a, uint64_t near, uint64_t floor)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	SearchTask task = {.base = empty,
			   .count = a->count,
			   .value = a->value,
			   .far = a->far,
			   .spread = a->spread};
	Packing *found;
	SearchOutcome outcome =
		near_find(a, &task, near, 0, finder_find, goals_allowance(a, floor), &found, NULL);

	if (outcome == SEARCH_OUTCOME_FOUND)
		answer_take(a, found);
	return outcome;
}

/* As near as can be, mostly; else ever nearer. */
static void seek_near(Answer *a)
{
	uint64_t floor = a->steps / 2, bound;
	SearchOutcome outcome;

	if (!near_matters(a))
		return;
	bound = near_bound(a);
	outcome = a->near > bound ? ask_near(a, bound, floor + floor / 2) : SEARCH_OUTCOME_FOUND;
	if (outcome == SEARCH_OUTCOME_NONE)
		bound++;
	do
		outcome = a->near > bound ? ask_near(a, a->near - 1, floor) : SEARCH_OUTCOME_NONE;
	while (outcome == SEARCH_OUTCOME_FOUND);
	a->proved = a->proved && outcome == SEARCH_OUTCOME_NONE;
	a->nearest = true;
}

/* Of the packing that the spare is sought for. */
static unsigned spread_allowed(const Answer *a)
{
	return a->any_spread ? SEARCH_NEVER : a->spread;
}

static uint64_t all_threads(const Model *model)
{
	uint64_t threads = 0;

	for (unsigned g = 0; g < model->n_groups; g++)
		threads +=
			(uint64_t)model->groups[g].cores * model->threads[model->groups[g].class];
	return threads;
}

static uint64_t spare_bound(Answer *a)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	SearchTask task = {.base = empty,
			   .count = a->count,
			   .value = a->value,
			   .far = a->any_spread ? SEARCH_NEVER : a->far,
			   .spread = spread_allowed(a),
			   .copies = true};
	uint64_t most = all_threads(a->model);

	if (a->steps > 0)
		most = finder_spare_bound(a->finder, task, a->spare, most);
	if (most == a->spare)
		return most;
	finder_optimize(a->finder, &task);
	return finder_spare_bound(a->finder, task, a->spare, most);
}

static SearchOutcome ask_spare(Answer *a, uint64_t spare, uint64_t floor)
{
	return goals_ask(a, spread_allowed(a), true, spare, floor);
}

void answer_spare(Answer *a)
{
	uint64_t bound;

	a->spare = packing_add_copies(a->model, a->packing);
	bound = spare_bound(a);
	if (a->spare < bound)
		bound = goals_climb(a, &a->spare, bound, true, ask_spare);
	a->proved = a->proved && a->spare == bound;
}

void answer_seek(Answer *a)
{
	if (a->model->problem->prefer == PREFER_ORDER) {
		seek_order(a);
	} else {
		answer_take(a, bestfit(a->model, a->count));
		seek_value(a);
	}
	answer_count(a);
	seek_far(a);
	answer_count(a);
	seek_left(a);
	answer_count(a);
	seek_near(a);
	answer_count(a);
	answer_spare(a);
	answer_count(a);
}

/* Only whether all of them fit: the bound mostly says no, best-fit mostly yes. */
SearchOutcome answer_fits(Answer *a)
{
	answer_take(a, bestfit(a->model, a->count));
	if (a->value == all_value(a))
		return SEARCH_OUTCOME_FOUND;
	if (value_bound(a) < all_value(a))
		return SEARCH_OUTCOME_NONE;
	return ask_merged(a, all_value(a), SEARCH_NEVER, 0);
}
