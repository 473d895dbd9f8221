/* SPDX-License-Identifier: MIT */
#include "planner/base/subject.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

static void run_vms(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (!vm->guest)
			continue;
		if (rule->eval_vm)
			rule->eval_vm(rule, audit, vm, findings);
		else
			judge_sides(rule, audit, vm, findings);
	}
}

static void run_planned(const Rule *rule, const Plan *plan, GPtrArray *findings)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		g_autofree char *subject = subject_vm(vm->spec->name);

		if (vm->placed)
			rule->eval_planned(rule, plan, vm, subject, findings);
	}
}

void rule_run(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	unsigned before = findings->len;

	if (!rule_applies(rule, audit))
		return;
	rule_needs_check(rule, audit, findings);
	if (rule->eval)
		rule->eval(rule, audit, findings);
	else if (rule->eval_planned)
		run_planned(rule, audit->plan, findings);
	else
		run_vms(rule, audit, findings);
	for (unsigned i = before; i < findings->len; i++)
		rule_suit(rule, audit, g_ptr_array_index(findings, i));
}

GPtrArray *plan_breaches(const Plan *plan)
{
	g_autoptr(Facts) nothing = facts_new();
	g_autoptr(Audit) audit = audit_new(plan, NULL, nothing);
	GPtrArray *findings = findings_new();

	for (const Rule *const *rule = rules; *rule; rule++)
		if (g_str_has_prefix((*rule)->id, "plan."))
			rule_run(*rule, audit, findings);
	findings_sort(findings);
	return findings;
}
