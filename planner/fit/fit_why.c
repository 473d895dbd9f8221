/* SPDX-License-Identifier: MIT */
/*
 * Why one more does not fit, and what would make it fit: asked of plan itself, with all that fit
 * before it and in the inventory's order, so that it is the one to be refused.
 */
#include "planner/base/subject.h"
#include "planner/fit/fit_node.h"
#include "planner/place/change.h"

#include <string.h>

/* No VM of an inventory has a '/' in its name. */
#define MORE "more/"

/* What plan places, then N more; those that cannot be placed where they are kept stay there. Yours.
 */
static GPtrArray *vms_with(const FitBase *base, const VmSpec *size, unsigned n)
{
	const Inventory *inventory = base->placer->inventory;
	GPtrArray *vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);

	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		if (spec->cpus || !fit_base_refuses(base, spec->name))
			g_ptr_array_add(vms, vm_spec_copy(spec, spec->name));
	}
	for (unsigned i = 1; i <= n; i++) {
		g_autofree char *name = g_strdup_printf(MORE "%u", i);

		g_ptr_array_add(vms, vm_spec_copy(size, name));
	}
	return vms;
}

static const Finding *fit_why_finding_of(const Plan *plan, const char *vm)
{
	g_autofree char *subject = subject_vm(vm);

	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (!strcmp(finding->subject, subject) && finding->severity == SEVERITY_ERROR)
			return finding;
	}
	return NULL;
}

/* One more has room, but takes memory of a shared VM. */
static char *loser_text(const Plan *plan)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->spec->policy == POLICY_SHARED && !vm->placed)
			return g_strdup_printf("with one more, the shared vm %s lacks memory",
					       vm->spec->name);
	}
	return NULL;
}

static const WhyNot *why_not_of(const Plan *plan, const char *vm)
{
	for (unsigned i = 0; i < plan->why_nots->len; i++) {
		const WhyNot *why_not = g_ptr_array_index(plan->why_nots, i);

		if (!strcmp(why_not->vm, vm))
			return why_not;
	}
	return NULL;
}

/* Does PLAN refuse one of those that fit, because its budget ended first? What it says of the last
 * one is then not the answer. */
static bool others_refused(const Plan *plan, const char *last)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (!vm->placed && g_str_has_prefix(vm->spec->name, MORE) &&
		    strcmp(vm->spec->name, last) != 0)
			return true;
	}
	return false;
}

static bool is_added(const Change *change)
{
	return change->vm && g_str_has_prefix(change->vm, MORE);
}

/* To take away one of those that were just added is no change. */
static void take_changes(FitAnswer *answer, const Plan *plan, WhyNot *why_not)
{
	answer->changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
	while (why_not->changes->len) {
		Change *change = g_ptr_array_steal_index(why_not->changes, 0);

		if (is_added(change) || (change->with && is_added(change->with)))
			change_free(change);
		else
			g_ptr_array_add(answer->changes, change);
	}
	answer->fix = changes_text(plan, answer->changes);
}

void fit_why_not(Fit *fit, FitAnswer *answer)
{
	const FitBase *base = fit->base;
	Inventory more = *base->placer->inventory;
	PlanOptions options = {.prefer = PREFER_ORDER,
			       .budget = base->problem->budget,
			       .shared_budget = base->problem->shared_budget,
			       .moves = base->moves};
	g_autofree char *last = g_strdup_printf(MORE "%u", answer->count.fit + 1);
	g_autoptr(GPtrArray) vms = NULL;
	g_autoptr(Plan) plan = NULL;
	const Finding *finding;
	const WhyNot *why_not;

	if (answer->limit == FIT_SEARCH || answer->limit == FIT_NOTHING ||
	    (options.shared_budget && !*options.shared_budget))
		return;
	vms = vms_with(base, answer->spec, answer->count.fit + 1);
	more.vms = vms;
	plan = plan_compute(base->problem->host, &more, NULL, &options);
	if (others_refused(plan, last))
		return;
	finding = fit_why_finding_of(plan, last);
	if (finding)
		answer->why = g_strdup(finding->text);
	else if (plan_vm(plan, last)->placed)
		answer->why = loser_text(plan);
	why_not = why_not_of(plan, last);
	if (why_not)
		take_changes(answer, plan, (WhyNot *)why_not);
	/* An empty host has nothing to free: plan says what a size of this kind can have. */
	if (answer->fix && finding && g_str_equal(finding->id, "vm.too-large")) {
		g_free(answer->fix);
		answer->fix = g_strdup(finding->fix);
	}
}
