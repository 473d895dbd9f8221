/* SPDX-License-Identifier: MIT */
#include "planner/fit/fit_node.h"

static void answer_free(gpointer data)
{
	FitAnswer *answer = data;

	vm_spec_free(answer->spec);
	g_free(answer->nodes);
	g_ptr_array_unref(answer->movers);
	g_free(answer->why);
	g_free(answer->fix);
	g_clear_pointer(&answer->changes, g_ptr_array_unref);
	g_free(answer);
}

static void fit_node_room_clear(gpointer data)
{
	hwloc_bitmap_free(((FitRoom *)data)->cpus);
}

static void stranded_free(gpointer data)
{
	FitStranded *stranded = data;

	hwloc_bitmap_free(stranded->cpus);
	g_ptr_array_unref(stranded->vms);
	g_free(stranded);
}

unsigned fit_node_id(const Fit *fit, unsigned node)
{
	return host_node(fit->plan->host, node)->id;
}

/* One budget for all that is asked beside plan's own questions. Who may move is asked with half of
 * it (fit.c): the other half is as much as there is without moves. */
static void share_budget(Fit *fit)
{
	Problem *problem = fit->base->problem;

	fit->steps = (problem->budget ? problem->budget : SEARCH_BUDGET) * FIT_BUDGET_TIMES *
		     (fit->base->moves ? 2 : 1);
	problem->shared_budget = &fit->part;
}

Fit *fit_compute(const Host *host, const Inventory *inventory, const FitOptions *options)
{
	Fit *fit = g_new0(Fit, 1);
	PlanOptions today = options->plan;

	today.moves = 0;
	fit->plan = plan_compute(host, inventory, NULL, &today);
	fit->base = fit_base_new(host, inventory, &options->plan);
	share_budget(fit);
	fit->sizes = g_ptr_array_new_with_free_func(answer_free);
	fit->mix.parts = g_array_new(FALSE, FALSE, sizeof(FitSize));
	fit->rooms = g_array_new(FALSE, FALSE, sizeof(FitRoom));
	g_array_set_clear_func(fit->rooms, fit_node_room_clear);
	fit->stranded = g_ptr_array_new_with_free_func(stranded_free);
	fit_find_rooms(fit);
	fit_sizes(fit, options);
	fit_find_mix(fit, options);
	fit_find_stranded(fit);
	fit_find_largest(fit);
	return fit;
}

void fit_free(Fit *fit)
{
	g_ptr_array_unref(fit->sizes);
	g_array_unref(fit->mix.parts);
	g_array_unref(fit->rooms);
	g_ptr_array_unref(fit->stranded);
	g_free(fit->memory);
	fit_base_free(fit->base);
	plan_free(fit->plan);
	g_free(fit);
}
