/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

SearchResult *search_solve(const SearchProblem *problem)
{
	return problem->n_apart ? solve_apart(problem) : solve_plain(problem);
}

static bool never_fits(const Model *model)
{
	for (unsigned k = 0; k < model->n_kinds; k++)
		if (model->kinds[k].natural == SEARCH_NEVER && model->kinds[k].count)
			return true;
	return false;
}

static SearchOutcome ask_all_fit(const SearchProblem *problem, uint64_t budget)
{
	SearchProblem by_vms = *problem;
	g_autoptr(Model) model = NULL;
	SearchOutcome outcome;
	Answer answer;

	by_vms.prefer = PREFER_VMS;
	model = model_new(&by_vms);
	if (never_fits(model)) {
		search_charge(problem, 0);
		return SEARCH_OUTCOME_NONE;
	}
	answer_init(&answer, model, budget);
	outcome = answer_fits(&answer);
	search_charge(problem, budget - answer.steps);
	answer_clear(&answer);
	return outcome;
}

static SearchOutcome ask_apart(const SearchProblem *problem)
{
	SearchProblem by_vms = *problem;
	g_autoptr(SearchResult) result = NULL;

	by_vms.prefer = PREFER_VMS;
	result = solve_apart(&by_vms);
	if (result->placed == problem->n_vms)
		return SEARCH_OUTCOME_FOUND;
	return result->bound < problem->n_vms ? SEARCH_OUTCOME_NONE : SEARCH_OUTCOME_UNKNOWN;
}

bool search_all_fit(const SearchProblem *problem, bool *proved)
{
	uint64_t budget = search_budget(problem);
	SearchOutcome outcome = SEARCH_OUTCOME_UNKNOWN;

	if (budget > 0)
		outcome = ask_all_fit(problem, budget);
	if (problem->n_apart && outcome == SEARCH_OUTCOME_FOUND)
		outcome = ask_apart(problem);
	if (proved)
		*proved = outcome != SEARCH_OUTCOME_UNKNOWN;
	return outcome == SEARCH_OUTCOME_FOUND;
}
