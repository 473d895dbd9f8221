/* SPDX-License-Identifier: MIT */
/*
 * How many more VMs fit. One model serves every number: only how many of each kind are wanted
 * changes, and what the bounds were made of holds for all of them.
 */
#include "planner/search/search_internal.h"

typedef struct Most {
	const SearchProblem *problem; /* the VMs, then one of each of the sizes */
	Answer *answer;
	unsigned *base;	 /* kind → the VMs that are to be placed in any case */
	unsigned *times; /* kind → one set of the sizes */
} Most;

static void most_want(const Most *m, unsigned sets)
{
	for (unsigned k = 0; k < m->answer->model->n_kinds; k++)
		m->answer->count[k] = m->base[k] + sets * m->times[k];
}

static uint64_t most_wanted(const Most *m)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < m->answer->model->n_kinds; k++)
		sum += m->answer->count[k];
	return sum;
}

/* Does best-fit place SETS of the sizes with the VMs? */
static bool fits_plainly(const Most *m, unsigned sets)
{
	g_autoptr(Packing) packing = NULL;

	most_want(m, sets);
	packing = bestfit(m->answer->model, m->answer->count);
	return packing_value(m->answer->model, packing) == most_wanted(m);
}

/* Does it assign the VMs alone, and none of them coarser than it must be? */
static bool is_natural(const Most *m)
{
	const Model *model = m->answer->model;
	g_autoptr(Packing) packing = NULL;

	most_want(m, 0);
	packing = bestfit(model, m->answer->count);
	return packing_value(model, packing) == most_wanted(m) && !packing_far(model, packing) &&
	       !packing_spread(model, packing);
}

static bool is_hopeless(Most *m)
{
	Answer *a = m->answer;
	g_autoptr(Packing) empty = packing_new(a->model);
	SearchTask task = {.base = empty,
			   .count = a->count,
			   .far = SEARCH_NEVER,
			   .spread = SEARCH_NEVER,
			   .merged = true};
	uint64_t all = most_wanted(m);

	if (finder_value_bound(a->finder, task, all - 1, all) < all)
		return true;
	task.value = 0;
	finder_optimize(a->finder, &task);
	return finder_value_bound(a->finder, task, all - 1, all) < all;
}

/* Do SETS of the sizes fit with the VMs? Each number has the whole budget to itself, or what is
 * left of the shared one. */
static SearchOutcome most_fits(Most *m, unsigned sets)
{
	Answer *a = m->answer;
	uint64_t budget = search_budget(m->problem);
	SearchOutcome outcome;

	if (fits_plainly(m, sets))
		return SEARCH_OUTCOME_FOUND;
	if (budget == 0)
		return SEARCH_OUTCOME_UNKNOWN;
	a->steps = budget;
	outcome = is_hopeless(m) ? SEARCH_OUTCOME_NONE : answer_fits(a);
	search_charge(m->problem, budget - a->steps);
	return outcome;
}

/* Sets that best-fit places one after the other beside the VMs, where it places these. */
static unsigned assign_sets(const Most *m, unsigned most)
{
	const Model *model = m->answer->model;
	g_autoptr(Packing) packing = NULL;

	most_want(m, 0);
	packing = bestfit(model, m->answer->count);
	if (packing_value(model, packing) < most_wanted(m))
		return 0;
	for (unsigned sets = 0; sets < most; sets++)
		for (unsigned k = 0; k < model->n_kinds; k++)
			for (unsigned i = 0; i < m->times[k]; i++)
				if (!bestfit_assign(model, packing, k))
					return sets;
	return most;
}

/* Cores, and memory where it is limited, allow no more sets than that. */
static unsigned at_most(const Most *m, unsigned most)
{
	const Model *model = m->answer->model;
	uint64_t cores = 0, each = 0, memory = 0, bytes = 0;

	for (unsigned g = 0; g < model->n_groups; g++)
		cores += model->groups[g].cores;
	for (unsigned n = 0; n < model->problem->n_nodes; n++)
		memory = model->problem->memory[n] == UINT64_MAX || memory == UINT64_MAX
				 ? UINT64_MAX
				 : memory + model->problem->memory[n];
	for (unsigned k = 0; k < model->n_kinds; k++) {
		cores -= MIN(cores, (uint64_t)m->base[k] * model->kinds[k].least);
		each += (uint64_t)m->times[k] * model->kinds[k].least;
		bytes += m->times[k] * model->kinds[k].vm.memory;
	}
	if (each)
		most = (unsigned)MIN(most, cores / each);
	return bytes && memory != UINT64_MAX ? (unsigned)MIN(most, memory / bytes) : most;
}

/*
 * From LOW sets, which fit, to HIGH, which do not: the most that fit, and the fewest that are
 * proved not to. What best-fit reached one by one is mostly all there is, so the next is asked
 * first.
 */
static SearchMost most_climb(Most *m, unsigned low, unsigned high)
{
	unsigned unknown = high, ask = low + 1;

	while (low + 1 < unknown) {
		SearchOutcome outcome = most_fits(m, ask);

		if (outcome == SEARCH_OUTCOME_FOUND)
			low = ask;
		else
			unknown = ask;
		if (outcome == SEARCH_OUTCOME_NONE)
			high = ask;
		ask = low + (unknown - low + 1) / 2;
	}
	for (unsigned known = unknown; known + 1 < high;) {
		ask = known + (high - known) / 2;
		if (most_fits(m, ask) == SEARCH_OUTCOME_NONE)
			high = ask;
		else
			known = ask;
	}
	return (SearchMost){.all = true, .fit = low, .bound = high - 1};
}

/* The most sets below FIT that best-fit places with the VMs. */
static unsigned most_surely(const Most *m, unsigned fit)
{
	while (fit > 0 && !fits_plainly(m, --fit))
		;
	return fit;
}

static SearchMost most_search(Most *m, unsigned most)
{
	const Model *model = m->answer->model;
	SearchMost result;
	unsigned high;
	bool natural;

	for (unsigned k = 0; k < model->n_kinds; k++)
		if (m->base[k] && model->kinds[k].natural == SEARCH_NEVER)
			return (SearchMost){.never = true, .plain = true};
	for (unsigned k = 0; k < model->n_kinds; k++)
		if (m->times[k] && model->kinds[k].natural == SEARCH_NEVER)
			most = 0;
	high = at_most(m, most) + 1;
	natural = is_natural(m);
	if (!natural) {
		SearchOutcome outcome = most_fits(m, 0);

		if (outcome != SEARCH_OUTCOME_FOUND)
			return (SearchMost){.never = outcome == SEARCH_OUTCOME_NONE,
					    .bound = outcome == SEARCH_OUTCOME_NONE ? 0 : high - 1};
	}
	result = most_climb(m, MIN(assign_sets(m, most), high - 1), high);
	result.natural = natural;
	result.plain = fits_plainly(m, result.fit);
	result.sure = result.plain ? result.fit : most_surely(m, result.fit);
	return result;
}

static Most most_most_of(const SearchProblem *problem, const SearchSize *sizes, unsigned n_sizes,
			 Answer *answer)
{
	const Model *model = answer->model;
	Most m = {problem, answer, g_new0(unsigned, model->n_kinds + 1),
		  g_new0(unsigned, model->n_kinds + 1)};

	for (unsigned i = 0; i < problem->n_vms - n_sizes; i++)
		m.base[model->kind_of[i]]++;
	for (unsigned i = 0; i < n_sizes; i++)
		m.times[model->kind_of[problem->n_vms - n_sizes + i]] += sizes[i].count;
	return m;
}

/* Where VMs are to be apart: so many sets as fit without that rule, or fewer. */

/* Do the VMs of PROBLEM and SETS of SIZES fit together? */
static bool apart_fits(const SearchProblem *problem, const SearchSize *sizes, unsigned n_sizes,
		       unsigned sets, bool *proved)
{
	g_autoptr(GArray) vms = g_array_new(FALSE, FALSE, sizeof(SearchVm));
	SearchProblem with = *problem;

	g_array_append_vals(vms, problem->vms, problem->n_vms);
	for (unsigned i = 0; i < n_sizes; i++)
		for (unsigned c = 0; c < sets * sizes[i].count; c++)
			g_array_append_val(vms, sizes[i].vm);
	with.vms = (const SearchVm *)vms->data;
	with.n_vms = vms->len;
	return search_all_fit(&with, proved);
}

static SearchMost most_apart(const SearchProblem *problem, const SearchSize *sizes,
			     unsigned n_sizes, unsigned most)
{
	SearchProblem together = *problem;
	SearchMost result;
	unsigned low = 0, ask, high;
	bool proved;

	together.n_apart = 0;
	result = search_most(&together, sizes, n_sizes, most);
	if (!result.all)
		return result;
	result.plain = result.natural = false;
	result.sure = 0;
	if (!apart_fits(problem, sizes, n_sizes, 0, &proved))
		return (SearchMost){.never = proved, .bound = proved ? 0 : result.bound};
	high = result.fit + 1;
	for (ask = result.fit; low + 1 < high; ask = low + (high - low) / 2) {
		if (apart_fits(problem, sizes, n_sizes, ask, &proved)) {
			low = ask;
			continue;
		}
		high = ask;
		if (proved)
			result.bound = MIN(result.bound, ask - 1);
	}
	result.fit = low;
	return result;
}

SearchMost search_most(const SearchProblem *problem, const SearchSize *sizes, unsigned n_sizes,
		       unsigned most)
{
	unsigned n = problem->n_vms + n_sizes;
	g_autofree SearchVm *vms = g_new(SearchVm, n + 1);
	SearchProblem with = *problem;
	g_autoptr(Model) model = NULL;
	Answer answer;
	SearchMost result;
	Most m;

	if (problem->n_apart)
		return most_apart(problem, sizes, n_sizes, most);
	for (unsigned i = 0; i < n; i++)
		vms[i] = i < problem->n_vms ? problem->vms[i] : sizes[i - problem->n_vms].vm;
	with.vms = vms;
	with.n_vms = n;
	with.prefer = PREFER_VMS;
	model = model_new(&with);
	answer_init(&answer, model, search_budget(problem));
	m = most_most_of(&with, sizes, n_sizes, &answer);
	result = most_search(&m, most);
	answer_clear(&answer);
	g_free(m.base);
	g_free(m.times);
	return result;
}
