/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_text.h"
#include "topology/base/list.h"

#include <string.h>

/* Characters of the names of several VMs; where they are longer their number is said. */
#define PLAN_NAMES_WIDTH 30

const char *const plan_move_costs[] = {"re-pin, live", "re-pin and move its memory, live",
				       "restart: the guest's topology changes"};

unsigned plan_role_cores(const Plan *plan, Role role)
{
	unsigned n = 0;

	for (unsigned i = 0; i < plan->roles->len; i++)
		n += g_array_index(plan->roles, Role, i) == role;
	return n;
}

char *plan_vm_nodes_text(const Plan *plan, const PlanVm *vm)
{
	GString *nodes = g_string_new(NULL);

	for (unsigned i = 0; i < vm->shares->len; i++) {
		unsigned node = g_array_index(vm->shares, VmShare, i).node;

		g_string_append_printf(nodes, "%s%u", i ? "," : "",
				       host_node(plan->host, node)->id);
	}
	if (!nodes->len)
		g_string_append(nodes, "-");
	return g_string_free(nodes, FALSE);
}

char *plan_vm_verdict_text(const PlanVm *vm)
{
	const GPtrArray *reasons = vm->cpupm->reasons;
	GString *text = g_string_new(vm->placed ? cpupm_names[vm->cpupm->verdict] : "-");

	for (unsigned i = 0; vm->placed && vm->cpupm->verdict != CPUPM_OFF && i < reasons->len; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : ": ",
				       ((const CpupmReason *)g_ptr_array_index(reasons, i))->code);
	return g_string_free(text, FALSE);
}

static void plan_explanation_free(gpointer data)
{
	g_ptr_array_unref(((PlanExplanation *)data)->vms);
	g_free(data);
}

static PlanExplanation *plan_explanation_of(GPtrArray *explanations, CpupmVerdict verdict,
					    const CpupmReason *reason)
{
	PlanExplanation *explanation;

	for (unsigned i = 0; i < explanations->len; i++) {
		explanation = g_ptr_array_index(explanations, i);
		if (explanation->verdict == verdict && explanation->reason->code == reason->code &&
		    !strcmp(explanation->reason->text, reason->text))
			return explanation;
	}
	explanation = g_new(PlanExplanation, 1);
	*explanation = (PlanExplanation){verdict, reason, g_ptr_array_new()};
	g_ptr_array_add(explanations, explanation);
	return explanation;
}

static void plan_explain_vm(GPtrArray *explanations, const PlanVm *vm, const GPtrArray *reasons)
{
	for (unsigned i = 0; i < reasons->len; i++)
		g_ptr_array_add(plan_explanation_of(explanations, vm->cpupm->verdict,
						    g_ptr_array_index(reasons, i))
					->vms,
				vm->spec->name);
}

GPtrArray *plan_explanations(const Plan *plan)
{
	GPtrArray *explanations = g_ptr_array_new_with_free_func(plan_explanation_free);

	for (unsigned notes = 0; notes <= 1; notes++)
		for (unsigned i = 0; i < plan->vms->len; i++) {
			const PlanVm *vm = g_ptr_array_index(plan->vms, i);

			if (vm->placed)
				plan_explain_vm(explanations, vm,
						notes ? vm->cpupm->notes : vm->cpupm->reasons);
		}
	return explanations;
}

char *plan_explanation_vms(const PlanExplanation *explanation)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (unsigned i = 0; i < explanation->vms->len; i++)
		list_add(names, "%s", (const char *)g_ptr_array_index(explanation->vms, i));
	if (explanation->vms->len > 1 && g_utf8_strlen(names->str, -1) > PLAN_NAMES_WIDTH)
		g_string_printf(names, "%u VMs", explanation->vms->len);
	return g_strdup(names->str);
}

unsigned plan_count_on(const Plan *plan)
{
	unsigned on = 0;

	for (unsigned i = 0; i < plan->vms->len; i++)
		on += ((const PlanVm *)g_ptr_array_index(plan->vms, i))->cpupm->verdict == CPUPM_ON;
	return on;
}

char *plan_cpus_text(const GArray *cpus)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < cpus->len; i++)
		g_string_append_printf(text, "%s%u", i ? "," : "",
				       g_array_index(cpus, unsigned, i));
	return g_string_free(text, FALSE);
}
