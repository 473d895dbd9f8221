/* SPDX-License-Identifier: MIT */
/*
 * The goals, one after the other. Each starts from the best packing so far and a bound; where the
 * two meet nothing is left to do, as they mostly do. Else the exact search is asked for a packing
 * as good as the bound, then for ever better ones until it says there is none.
 */
#include "planner/search_internal.h"

/* What is worth more than TASK says is taken over. */
static void take_over(Answer *a, Packing *packing)
{
	packing_free(a->packing);
	a->packing = packing;
	a->value = a->spare = 0;
	for (unsigned k = 0; k < a->model->n_kinds; k++) {
		const Kind *kind = &a->model->kinds[k];
		unsigned vms = MIN(packing->placed[k], a->count[k]);

		a->value += vms * kind->value;
		a->spare += (uint64_t)(packing->placed[k] - vms) * kind->vm.vcpus;
	}
	a->left = packing_left(a->model, packing);
}

/* Steps this question may take, if FLOOR of the budget are kept for later ones. */
static uint64_t allowance(const Answer *a, uint64_t floor)
{
	return a->steps > floor ? a->steps - floor : 0;
}

/*
 * Goal (1) does not care how fine VMs sit, and what fits a room fits its group: so it is asked of
 * whole groups. Afterwards each group's VMs move into its rooms, as well as best-fit can.
 */
static Packing *into_rooms(const Model *model, const Packing *merged)
{
	Packing *packing = packing_new(model);

	for (unsigned i = 0; i < merged->spans->len; i++)
		packing_add_span(model, packing, g_array_index(merged->spans, Span, i));
	for (unsigned g = 0; g < model->n_groups; g++)
		for (unsigned k = 0; k < model->n_kinds; k++)
			for (unsigned i = 0; i < merged->in_group[(size_t)g * model->n_kinds + k];
			     i++)
				bestfit_seat_group(model, packing, k, g);
	return packing;
}

static Outcome ask_value(Answer *a, const unsigned *count, uint64_t value, uint64_t floor)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	Task task = {.base = empty,
		     .count = count,
		     .value = value,
		     .left = SEARCH_NEVER,
		     .merged = true};
	Packing *found;
	Outcome outcome = finder_run(a->finder, &task, allowance(a, floor), &found);

	if (outcome == OUTCOME_FOUND) {
		take_over(a, into_rooms(a->model, found));
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

static uint64_t all_cores(const Model *model)
{
	uint64_t cores = 0;

	for (unsigned g = 0; g < model->n_groups; g++)
		cores += model->groups[g].cores;
	return cores;
}

static uint64_t value_bound(Answer *a)
{
	const Bounds *bounds = finder_bounds(a->finder, true);
	g_autoptr(Packing) empty = packing_new(a->model);
	uint64_t bound = bounds_all(bounds, empty, FILL_SHARES, WEIGHT_VALUE) / BOUND_UNIT;

	return MIN(bound, bounds_cut(bounds, a->count, all_cores(a->model)));
}

static void seek_value(Answer *a)
{
	uint64_t floor = a->steps / 2;
	Outcome outcome = OUTCOME_FOUND;

	a->bound = all_value(a);
	if (a->value < a->bound)
		a->bound = MIN(a->bound, value_bound(a));
	if (a->value < a->bound &&
	    ask_value(a, a->count, a->bound, floor + floor / 2) == OUTCOME_NONE)
		a->bound--;
	while (a->value < a->bound && outcome == OUTCOME_FOUND)
		outcome = ask_value(a, a->count, a->value + 1, floor);
	if (outcome == OUTCOME_NONE)
		a->bound = a->value;
	a->proved = a->value == a->bound;
}

/* May the VM of KIND be accepted, too? Its count says so already. */
static bool accept_vm(Answer *a, unsigned kind, uint64_t floor)
{
	g_autoptr(Packing) packing = packing_copy(a->model, a->packing);
	Outcome outcome;

	if (bestfit_seat(a->model, packing, kind)) {
		take_over(a, g_steal_pointer(&packing));
		return true;
	}
	if (value_bound(a) < all_value(a))
		return false;
	outcome = ask_value(a, a->count, all_value(a), floor);
	a->proved = a->proved && outcome != OUTCOME_UNKNOWN;
	return outcome == OUTCOME_FOUND;
}

/* What was refused once stays refused: only more VMs are accepted later. */
static void accept_in_order(Answer *a)
{
	const SearchProblem *problem = a->model->problem;
	g_autofree bool *refused = g_new0(bool, a->model->n_kinds + 1);
	uint64_t floor = a->steps / 2;

	for (unsigned i = 0; i < problem->n_vms; i++) {
		unsigned k = a->model->kind_of[i];

		if (refused[k] || a->model->kinds[k].natural == SEARCH_NEVER)
			continue;
		a->count[k]++;
		if (accept_vm(a, k, floor))
			continue;
		a->count[k]--;
		refused[k] = true;
	}
}

/* Under PREFER_ORDER the goal is which VMs; what is counted is only how many. */
static void seek_order(Answer *a)
{
	g_autofree unsigned *wanted = a->count;
	g_autoptr(Packing) all = packing_new(a->model);

	bestfit_fill(a->model, all, wanted);
	a->bound = all_value(a);
	a->proved = true;
	if (packing_value(a->model, all) == a->bound) {
		take_over(a, g_steal_pointer(&all));
		wanted = NULL;
		return;
	}
	a->count = g_new0(unsigned, a->model->n_kinds + 1);
	take_over(a, packing_new(a->model));
	accept_in_order(a);
	if (a->proved)
		a->bound = a->value;
}

/* Is there a packing as good as the best, with at most so many VMs left and at least so much spare?
 */
static Outcome ask(Answer *a, unsigned left, bool copies, uint64_t spare, uint64_t floor)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	Task task = {.base = empty,
		     .count = a->count,
		     .value = a->value,
		     .left = left,
		     .copies = copies,
		     .spare = spare};
	Packing *found;
	Outcome outcome = finder_run(a->finder, &task, allowance(a, floor), &found);

	if (outcome == OUTCOME_FOUND)
		take_over(a, found);
	return outcome;
}

static void seek_left(Answer *a)
{
	uint64_t floor = a->steps / 2;
	Outcome outcome = OUTCOME_NONE;

	for (unsigned left = 0; left < a->left && outcome == OUTCOME_NONE; left++)
		outcome = ask(a, left, false, 0, floor);
	a->proved = a->proved && outcome != OUTCOME_UNKNOWN;
}

/* vCPUs of the VMs that are placed, at the least: the smallest ones where only their number counts.
 */
static uint64_t least_vcpus(const Answer *a)
{
	uint64_t vcpus = 0, missing = a->value;

	if (a->model->problem->prefer == PREFER_VCPUS)
		return a->value;
	for (unsigned vms, k = a->model->n_kinds; k-- > 0; missing -= vms) {
		vms = (unsigned)MIN(missing, a->count[k]);
		vcpus += (uint64_t)vms * a->model->kinds[k].vm.vcpus;
	}
	return vcpus;
}

static bool may_span(const Answer *a)
{
	bool may = a->left > 0;

	for (unsigned k = 0; k < a->model->n_kinds; k++)
		may = may || (a->count[k] > 0 && a->model->kinds[k].natural >= 2);
	return may;
}

static uint64_t spare_bound(Answer *a)
{
	g_autoptr(Packing) empty = packing_new(a->model);
	uint64_t bound, least = least_vcpus(a);

	if (may_span(a))
		bound = bounds_all(finder_bounds(a->finder, false), empty, FILL_SHARES,
				   WEIGHT_VCPUS);
	else
		bound = finder_vcpus(a->finder, empty, a->left);
	return bound > least ? bound - least : 0;
}

static void seek_spare(Answer *a)
{
	uint64_t floor = a->steps / 2, bound;
	Outcome outcome = OUTCOME_FOUND;

	a->spare = packing_add_copies(a->model, a->packing);
	bound = spare_bound(a);
	if (a->spare < bound && ask(a, a->left, true, bound, floor + floor / 2) == OUTCOME_NONE)
		bound--;
	while (a->spare < bound && outcome == OUTCOME_FOUND)
		outcome = ask(a, a->left, true, a->spare + 1, floor);
	a->proved = a->proved && outcome != OUTCOME_UNKNOWN;
}

void answer_seek(Answer *a)
{
	if (a->model->problem->prefer == PREFER_ORDER) {
		seek_order(a);
	} else {
		bestfit_fill(a->model, a->packing, a->count);
		a->value = packing_value(a->model, a->packing);
		a->left = packing_left(a->model, a->packing);
		seek_value(a);
	}
	seek_left(a);
	seek_spare(a);
}

/* Only whether all of them fit: the bound mostly says no, best-fit mostly yes. */
Outcome answer_fits(Answer *a)
{
	bestfit_fill(a->model, a->packing, a->count);
	a->value = packing_value(a->model, a->packing);
	if (a->value == all_value(a))
		return OUTCOME_FOUND;
	if (value_bound(a) < all_value(a))
		return OUTCOME_NONE;
	return ask_value(a, a->count, all_value(a), 0);
}
