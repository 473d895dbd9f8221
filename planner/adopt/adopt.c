/* SPDX-License-Identifier: MIT */
#include "planner/adopt/adopt_internal.h"

/* What the inventory is made of, and could not be read */

static void note_unread(Adopter *a)
{
	static const Rule sources = {
		.id = "adopt",
		.needs = FACT_LINE | FACT_RELEASE | FACT_GUESTS,
	};
	g_autoptr(GPtrArray) findings = findings_new();

	rule_needs_check(&sources, a->audit, findings);
	for (unsigned i = 0; i < findings->len; i++)
		adopt_note(a, UNREAD, NULL, NULL, "%s",
			   ((const Finding *)g_ptr_array_index(findings, i))->text);
}

/* Life */

static void adopt_vm_free(gpointer data)
{
	AdoptVm *vm = data;

	g_free(vm->section);
	hwloc_bitmap_free(vm->floats);
	g_free(vm);
}

void adoption_free(Adoption *adoption)
{
	inventory_free(adoption->inventory);
	g_ptr_array_unref(adoption->notes);
	g_free(adoption);
}

Adoption *adoption_new(void)
{
	Adoption *adoption = g_new0(Adoption, 1);

	adoption->inventory = inventory_new();
	adoption->notes = g_ptr_array_new_with_free_func((GDestroyNotify)inventory_note_free);
	return adoption;
}

Adoption *adopt(const Facts *facts)
{
	Adoption *adoption = adoption_new();
	Adopter a = {
		.facts = facts,
		.host = facts->host,
		.audit = audit_new(NULL, NULL, facts),
		.adoption = adoption,
		.inventory = adoption->inventory,
		.isolated = set_new(),
		.others = set_new(),
		.pinned = set_new(),
		.vms = g_ptr_array_new_with_free_func(adopt_vm_free),
	};

	adopt_note(&a, SEEN, NULL, NULL,
		   "This node as 'planner adopt' found it: 'planner plan' makes its pins and its "
		   "kernel line from this file.");
	adopt_note(&a, SEEN, NULL, NULL,
		   "Read the comments, fix what they report, and audit the node against this file "
		   "with 'planner check'.");
	note_unread(&a);
	adopt_isolated(&a);
	adopt_vms(&a);
	adopt_roles(&a);
	adopt_node(&a);
	adopt_kernel(&a);
	adopt_prove(&a);
	audit_free(a.audit);
	hwloc_bitmap_free(a.isolated);
	hwloc_bitmap_free(a.others);
	hwloc_bitmap_free(a.pinned);
	g_ptr_array_unref(a.vms);
	return adoption;
}
