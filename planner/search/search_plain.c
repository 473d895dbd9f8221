/* SPDX-License-Identifier: MIT */
/* All of a search in order, for VMs that need not be apart. */
#include "planner/search/search_internal.h"

static unsigned assignment_level(const SearchProblem *problem, const GArray *assignment)
{
	unsigned nodes = 1;

	for (unsigned i = 1; i < assignment->len; i++)
		nodes += problem->rooms[g_array_index(assignment, SearchShare, i).room].node !=
			 problem->rooms[g_array_index(assignment, SearchShare, i - 1).room].node;
	return nodes > 1 ? nodes : assignment->len > 1;
}

static uint64_t assignment_nodes(const SearchProblem *problem, const GArray *assignment)
{
	uint64_t nodes = 0;

	for (unsigned i = 0; problem->distance && i < assignment->len; i++) {
		unsigned node = problem->rooms[g_array_index(assignment, SearchShare, i).room].node;

		nodes |= UINT64_C(1) << node % SEARCH_MAX_SPAN;
	}
	return nodes;
}

/* The assignments as they turned out: never worse than the counts they were dealt from. */
static void count_assignments(const Model *model, SearchResult *result)
{
	for (unsigned i = 0; i < model->problem->n_vms; i++) {
		const Kind *kind = &model->kinds[model->kind_of[i]];
		const GArray *assignment = g_ptr_array_index(result->assignments, i);
		unsigned level;

		if (!assignment)
			continue;
		level = assignment_level(model->problem, assignment);
		result->placed += kind->value;
		result->far += level > MAX(kind->natural, 1);
		result->spread += level == 1 && kind->natural == 0;
		result->near += nodes_distance(model, assignment_nodes(model->problem, assignment));
	}
}

SearchResult *result_of(const SearchProblem *problem, GPtrArray *assignments)
{
	g_autoptr(Model) model = model_new(problem);
	SearchResult *result = g_new0(SearchResult, 1);

	result->assignments = assignments;
	count_assignments(model, result);
	return result;
}

SearchResult *solve_plain(const SearchProblem *problem)
{
	g_autoptr(Model) model = NULL;
	SearchResult *result = problem->n_vms == 1 ? solve_one(problem) : NULL;
	uint64_t budget = search_budget(problem);
	Answer answer;

	if (result)
		return result;
	model = model_new(problem);
	answer_init(&answer, model, budget);
	answer_seek(&answer);
	result = g_new0(SearchResult, 1);
	result->assignments = answer_lowest(&answer);
	answer_count(&answer);
	count_assignments(model, result);
	/* An assignment that fell short of the value proved is not the answer it should be. */
	if (result->placed < answer.value) {
		answer.proved = false;
		answer.n_proved = 0;
	}
	/* Once the first goal is proved nothing that reaches it places more. */
	result->bound = answer.n_proved ? result->placed : MAX(answer.bound, result->placed);
	result->spare = answer.spare;
	result->proved = answer.n_proved;
	result->optimal = answer.proved;
	result->steps = budget - answer.steps;
	search_charge(problem, result->steps);
	answer_clear(&answer);
	return result;
}

void search_result_free(SearchResult *result)
{
	g_ptr_array_unref(result->assignments);
	g_free(result);
}
