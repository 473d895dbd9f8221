/* SPDX-License-Identifier: MIT */
#include "planner/place/near.h"
#include "planner/place/plan.h"
#include "planner/place/split.h"

/* KVM on Arm reports no host model: host-passthrough is what it has, and libvirt refuses
 * host-model. Whether SPEC was changed. */
static bool model_fit(const Host *host, VmSpec *spec)
{
	if (g_strcmp0(host->arch, "aarch64") != 0 || spec->cpu_mode != CPU_MODE_HOST_MODEL)
		return false;
	spec->cpu_mode = CPU_MODE_HOST_PASSTHROUGH;
	return true;
}

static void add_vms(Plan *plan, const Inventory *inventory)
{
	unsigned changed = 0;

	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);
		VmSpec *own = vm_spec_copy(spec, spec->name);

		changed += model_fit(plan->host, own);
		near_take_node(plan->host, own, plan->findings);
		near_widen(plan, own);
		g_ptr_array_add(plan->vms, plan_vm_new(own));
	}
	if (changed)
		findings_add(plan->findings, SEVERITY_INFO, "vm.no-host-model", "cpu-mode",
			     "set cpu-mode = host-passthrough",
			     "KVM on aarch64 has no host-model: %u VM%s with host-passthrough "
			     "instead",
			     changed, changed == 1 ? " is planned" : "s are planned");
}

Plan *plan_begin(const Host *host, const Inventory *inventory)
{
	Plan *plan = plan_new(host);

	node_spec_free(plan->node);
	plan->node = node_spec_copy(inventory->node);
	plan->overcommit = inventory->overcommit;
	plan->roles = split_compute(host, inventory, plan->findings);
	add_vms(plan, inventory);
	return plan;
}
