/* SPDX-License-Identifier: MIT */
/* The best packing so far, and what is proved about it. */
#include "planner/search/search_internal.h"

uint64_t search_budget(const SearchProblem *problem)
{
	uint64_t budget = problem->budget ? problem->budget : SEARCH_BUDGET;

	return problem->shared_budget ? MIN(budget, *problem->shared_budget) : budget;
}

/* Before its first step a question costs so many, by what best-fit goes through. */
static uint64_t question_cost(const SearchProblem *problem)
{
	return 10 + (uint64_t)problem->n_vms * problem->n_rooms / 200;
}

void search_charge(const SearchProblem *problem, uint64_t used)
{
	uint64_t *shared = problem->shared_budget;

	if (shared)
		*shared -= MIN(*shared, used + question_cost(problem));
}

void answer_init(Answer *answer, const Model *model, uint64_t budget)
{
	*answer = (Answer){.model = model, .steps = budget, .proved = true};
	answer->finder = finder_new(model, &answer->steps);
	answer->packing = packing_new(model);
	answer->count = g_new0(unsigned, model->n_kinds + 1);
	answer->shortest = g_new0(uint64_t, model->n_kinds + 1);
	for (unsigned k = 0; k < model->n_kinds; k++)
		if (model->kinds[k].natural != SEARCH_NEVER)
			answer->count[k] = model->kinds[k].count;
}

void answer_clear(Answer *answer)
{
	finder_free(answer->finder);
	packing_free(answer->packing);
	g_free(answer->count);
	g_free(answer->shortest);
}

void answer_count(Answer *a)
{
	a->n_proved += a->proved;
}

Worth answer_worth(const Answer *a, const Packing *packing)
{
	Worth worth = {.near = packing_near(a->model, packing),
		       .far = packing_far(a->model, packing),
		       .spread = packing_spread(a->model, packing)};

	for (unsigned k = 0; k < a->model->n_kinds; k++) {
		const Kind *kind = &a->model->kinds[k];
		unsigned vms = MIN(packing->placed[k], a->count[k]);

		worth.value += vms * kind->value;
		worth.spare += (uint64_t)(packing->placed[k] - vms) * kind->vm.vcpus;
	}
	return worth;
}

void answer_take(Answer *a, Packing *packing)
{
	Worth worth = answer_worth(a, packing);

	packing_free(a->packing);
	a->packing = packing;
	a->value = worth.value;
	a->far = worth.far;
	a->spread = worth.spread;
	a->near = worth.near;
	a->spare = worth.spare;
}
