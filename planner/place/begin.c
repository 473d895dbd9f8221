/* SPDX-License-Identifier: MIT */
#include "planner/place/plan.h"
#include "planner/place/split.h"

static void add_vms(Plan *plan, const Inventory *inventory)
{
	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		g_ptr_array_add(plan->vms, plan_vm_new(vm_spec_copy(spec, spec->name)));
	}
}

Plan *plan_begin(const Host *host, const Inventory *inventory)
{
	Plan *plan = plan_new(host);

	node_spec_free(plan->node);
	plan->node = node_spec_copy(inventory->node);
	plan->roles = split_compute(host, inventory, plan->findings);
	add_vms(plan, inventory);
	return plan;
}
