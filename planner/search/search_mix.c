/* SPDX-License-Identifier: MIT */
/*
 * The best mix of further VMs: the goal of spare vCPUs, asked for some sizes alone. Where in a node
 * they sit is no matter, so its rooms are one for each class.
 */
#include "planner/search/search_internal.h"

#include <string.h>

/* PROBLEM's rooms, those of a node and class as one; *N of them. Yours. */
static SearchRoom *merged_rooms(const SearchProblem *problem, unsigned *n)
{
	SearchRoom *rooms = g_new(SearchRoom, problem->n_rooms + 1);

	*n = 0;
	for (unsigned r = 0; r < problem->n_rooms; r++) {
		const SearchRoom *room = &problem->rooms[r];
		unsigned at = 0;

		while (at < *n && (rooms[at].node != room->node || rooms[at].class != room->class))
			at++;
		if (at < *n)
			rooms[at].cores += room->cores;
		else
			rooms[(*n)++] = *room;
	}
	return rooms;
}

/* ROOMS of PROBLEM, as those of MERGED: one that is allowed will do: a bound. Yours; NULL. */
static bool *merged_allowed(const SearchProblem *problem, const SearchProblem *merged,
			    const bool *rooms)
{
	bool *allowed = rooms ? g_new0(bool, merged->n_rooms + 1) : NULL;

	for (unsigned at = 0; allowed && at < merged->n_rooms; at++) {
		for (unsigned r = 0; r < problem->n_rooms; r++)
			if (problem->rooms[r].node == merged->rooms[at].node &&
			    problem->rooms[r].class == merged->rooms[at].class)
				allowed[at] = allowed[at] || rooms[r];
	}
	return allowed;
}

/* Further copies are of the last N VMs' kinds alone. */
static void only_copies_of(Model *model, unsigned n)
{
	g_autofree bool *size = g_new0(bool, model->n_kinds + 1);

	for (unsigned i = model->problem->n_vms - n; i < model->problem->n_vms; i++)
		size[model->kind_of[i]] = true;
	for (unsigned k = 0; k < model->n_kinds; k++)
		if (!size[k])
			model->kinds[k].extra = SEARCH_NEVER;
}

/* The counts: copies of two of the last N VMs that are one kind are the first's. */
static void read_counts(const Answer *a, unsigned n, unsigned *counts)
{
	const Model *model = a->model;
	g_autofree unsigned *copies = g_new0(unsigned, model->n_kinds + 1);

	for (unsigned k = 0; k < model->n_kinds; k++)
		copies[k] = a->packing->placed[k] - MIN(a->packing->placed[k], a->count[k]);
	for (unsigned i = 0; i < n; i++) {
		unsigned k = model->kind_of[model->problem->n_vms - n + i];

		counts[i] = copies[k];
		copies[k] = 0;
	}
}

static SearchMix mix_solve(Model *model, unsigned n, unsigned *counts)
{
	SearchMix result = {0};
	uint64_t budget = search_budget(model->problem);
	SearchOutcome outcome;
	Answer answer;

	only_copies_of(model, n);
	answer_init(&answer, model, budget);
	memset(answer.count, 0, model->n_kinds * sizeof *answer.count);
	for (unsigned i = 0; i < model->problem->n_vms - n; i++)
		answer.count[model->kind_of[i]]++;
	answer.any_spread = true;
	outcome = answer_fits(&answer);
	result.all = outcome == SEARCH_OUTCOME_FOUND;
	result.proved = outcome == SEARCH_OUTCOME_NONE;
	if (result.all) {
		answer_spare(&answer);
		result.vcpus = answer.spare;
		result.proved = answer.proved;
		read_counts(&answer, n, counts);
	}
	search_charge(model->problem, budget - answer.steps);
	answer_clear(&answer);
	return result;
}

/* Does no mix have more than MIX, the VMs of PROBLEM apart or not? */
static bool mix_most(const SearchProblem *problem, const SearchVm *vms, unsigned n,
		     const SearchMix *mix)
{
	SearchProblem together = *problem;
	g_autofree unsigned *counts = g_new(unsigned, n + 1);
	SearchMix bound;

	together.n_apart = 0;
	bound = search_mix(&together, vms, n, counts);
	return bound.all && bound.proved && bound.vcpus == mix->vcpus;
}

/* Where VMs are to be apart: beside them as they are placed without any more. */
static SearchMix mix_apart(const SearchProblem *problem, const SearchVm *vms, unsigned n,
			   unsigned *counts)
{
	SearchProblem settled = *problem;
	g_autofree SearchVm *own = g_memdup2(problem->vms, problem->n_vms * sizeof *own);
	g_autoptr(SearchResult) result = NULL;
	g_autofree bool *allowed = NULL;
	SearchMix mix;
	bool proved;

	settled.n_apart = 0; /* may prove that they do not fit even so */
	if (!search_all_fit(&settled, &proved))
		return (SearchMix){.proved = proved};
	settled.n_apart = problem->n_apart;
	settled.prefer = PREFER_VMS;
	result = search_solve(&settled);
	if (result->placed < problem->n_vms)
		return (SearchMix){.proved = result->bound < problem->n_vms};
	allowed = apart_settle(problem, result);
	for (unsigned i = 0; i < problem->n_vms; i++)
		own[i].apart = allowed + (size_t)i * problem->n_rooms;
	settled.vms = own;
	settled.n_apart = 0;
	mix = search_mix(&settled, vms, n, counts);
	mix.proved = mix_most(problem, vms, n, &mix);
	return mix;
}

SearchMix search_mix(const SearchProblem *problem, const SearchVm *vms, unsigned n,
		     unsigned *counts)
{
	SearchProblem merged = *problem;
	g_autofree SearchRoom *rooms = merged_rooms(problem, &merged.n_rooms);
	g_autofree SearchVm *all = g_new(SearchVm, problem->n_vms + n + 1);
	g_autoptr(GPtrArray) allowed = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Model) model = NULL;

	for (unsigned i = 0; i < n; i++)
		counts[i] = 0;
	if (problem->n_apart)
		return mix_apart(problem, vms, n, counts);
	merged.rooms = rooms;
	for (unsigned i = 0; i < problem->n_vms + n; i++) {
		all[i] = i < problem->n_vms ? problem->vms[i] : vms[i - problem->n_vms];
		if (i >= problem->n_vms) {
			all[i].node = G_MAXUINT;
			all[i].rooms = all[i].apart = NULL;
		}
		all[i].rooms = merged_allowed(problem, &merged, all[i].rooms);
		all[i].apart = merged_allowed(problem, &merged, all[i].apart);
		g_ptr_array_add(allowed, (gpointer)all[i].rooms);
		g_ptr_array_add(allowed, (gpointer)all[i].apart);
	}
	merged.vms = all;
	merged.n_vms += n;
	merged.prefer = PREFER_VMS;
	model = model_new(&merged);
	return mix_solve(model, n, counts);
}
