/* SPDX-License-Identifier: MIT */
/* The proof: the inventory is planned, and the plan held against what was found. */
#include "planner/adopt/adopt_internal.h"
#include "planner/place/plan.h"

#include <string.h>

/* The kernel line */

static bool same_effect(const CmdlineEffect *have, const CmdlineEffect *plan)
{
	if (!strcmp(have->value, plan->value) && have->times == 1)
		return true; /* even if this kernel does not take it */
	return have->outcome == OUTCOME_TAKEN && hwloc_bitmap_isequal(have->asked, plan->asked) &&
	       have->flagged == plan->flagged && have->domain == plan->domain &&
	       have->tick == plan->tick && have->managed == plan->managed && !have->unknown_flag &&
	       have->times == 1;
}

static void parameter_prove(Adopter *a, const char *name, const CmdlineEffect *have,
			    const CmdlineEffect *plan)
{
	g_autofree char *found = have->value ? adopt_short(have->value) : NULL;
	g_autofree char *planned = plan->value ? adopt_short(plan->value) : NULL;

	if (!have->value && !plan->value)
		return;
	if (!have->value)
		adopt_note(a, LOST, "kernel", NULL, "the line has no %s=; the plan writes %s=%s",
			   name, name, planned);
	else if (!plan->value)
		adopt_note(a, LOST, "kernel", NULL, "the line has %s=%s; the plan has none", name,
			   found);
	else if (!same_effect(have, plan))
		adopt_note(a, LOST, "kernel", NULL, "the line has %s=%s%s; the plan writes %s=%s",
			   name, found, have->times > 1 ? ", and more than once" : "", name,
			   planned);
}

static void line_prove(Adopter *a, const Plan *plan)
{
	const CmdlineEffects *have = a->audit->effects;
	g_autoptr(Cmdline) cmdline = cmdline_parse(plan->cmdline);
	g_autoptr(CmdlineEffects) planned = cmdline_effects(cmdline, NULL, NULL, NULL);

	if (!have)
		return;
	parameter_prove(a, "isolcpus", &have->isolcpus, &planned->isolcpus);
	parameter_prove(a, "nohz_full", &have->nohz_full, &planned->nohz_full);
	parameter_prove(a, "rcu_nocbs", &have->rcu_nocbs, &planned->rcu_nocbs);
	parameter_prove(a, "irqaffinity", &have->irqaffinity, &planned->irqaffinity);
}

/* Pins */

static bool same_pins(const AdoptVm *vm, const PlanVm *plan)
{
	if (!plan->placed)
		return false;
	if (vm->floats && !set_same(vm->floats, plan->cpuset))
		return false;
	if (vm->spec->policy == POLICY_SHARED)
		return vm->floats != NULL;
	return vm->spec->cpus && cpulist_ordered_equal(plan->pins, vm->spec->cpus);
}

/* Emulator threads that have no CPU of their own: no inventory says where, the plan decides. */
static void emulator_prove(Adopter *a, const AdoptVm *vm, const PlanVm *plan)
{
	const Guest *guest = vm->vm->guest;
	hwloc_const_bitmap_t place = thread_place(
		a->audit, guest, guest_thread(guest->emulator_threads, 0), guest_side(guest));
	g_autofree char *found = set_text(place), *planned = NULL;

	if (guest->unlisted || !plan->emulatorpin || set_same(place, plan->emulatorpin))
		return;
	planned = set_text(plan->emulatorpin);
	if (place)
		adopt_note(a, SEEN, vm->section, NULL,
			   "its emulator threads are pinned to %s; a plan has them on %s", found,
			   planned);
	else
		adopt_note(a, SEEN, vm->section, NULL,
			   "its emulator threads have no pin; a plan has them on %s", planned);
}

/* What the plan itself finds wrong with SUBJECT. */
static void note_findings(Adopter *a, const Plan *plan, const char *subject, const char *section)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (finding->severity >= SEVERITY_WARNING && g_str_equal(finding->subject, subject))
			adopt_note(a, SEEN, section, NULL, "'planner plan' says: %s (%s)",
				   finding->text, finding->id);
	}
}

/* cpu-pm */

/*
 * A VM that could have it and does not is one whose owner did not want it, or did not know: off is
 * what it is. One that is given it in any way keeps it: what is in the way is for check to say.
 */
static void cpu_pm_adopt(Adopter *a, const AdoptVm *vm, const PlanVm *plan)
{
	const AuditVm *audited = vm->vm;

	if (!plan->placed || plan->cpupm->verdict != CPUPM_ON || audited->pm_next != TRISTATE_NO ||
	    audited->pm_now == TRISTATE_YES)
		return;
	vm->spec->cpu_pm = false;
	adopt_note(a, GUESSED, vm->section, "cpu-pm",
		   "it could have cpu-pm and does not; without this line a plan turns it on");
}

static void errors_count(Adopter *a, const Plan *plan)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		a->adoption->errors +=
			finding->severity == SEVERITY_ERROR && finding->verdict != VERDICT_UNKNOWN;
	}
}

void adopt_prove(Adopter *a)
{
	const PlanOptions options = {0};
	Node node = facts_node(a->facts);
	g_autoptr(Plan) plan = plan_compute(a->host, a->inventory, &node, &options);

	line_prove(a, plan);
	for (unsigned i = 0; i < a->vms->len; i++) {
		const AdoptVm *vm = g_ptr_array_index(a->vms, i);
		const PlanVm *planned = g_ptr_array_index(plan->vms, i);

		if (!same_pins(vm, planned))
			adopt_note(a, LOST, vm->section, "policy",
				   planned->placed ? "a plan places it on other CPUs"
						   : "a plan does not place it");
		emulator_prove(a, vm, planned);
		note_findings(a, plan, vm->vm->subject, vm->section);
		cpu_pm_adopt(a, vm, planned);
	}
	note_findings(a, plan, "[kernel]", "kernel");
	errors_count(a, plan);
}
