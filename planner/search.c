/* SPDX-License-Identifier: MIT */
#include "planner/search.h"
#include "planner/search_internal.h"

SearchResult *search_solve(const SearchProblem *problem)
{
	g_autoptr(Model) model = model_new(problem);
	g_autoptr(Packing) packing = bestfit(model);
	SearchResult *result = g_new0(SearchResult, 1);

	result->seats = packing_seats(model, packing);
	result->placed = packing_value(model, packing);
	result->bound = bound_value(model);
	result->left = packing_left(model, packing);
	result->spare = packing_spare_greedy(model, packing);
	result->optimal = problem->n_vms == 0;
	return result;
}

void search_result_free(SearchResult *result)
{
	g_ptr_array_unref(result->seats);
	g_free(result);
}
