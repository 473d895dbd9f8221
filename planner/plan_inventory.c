/* SPDX-License-Identifier: MIT */
#include "planner/plan_inventory.h"
#include "planner/artifact_fill.h"

static CoreRequest request_of(const Plan *plan, Role role)
{
	CoreRequest request = {0};

	if (!hwloc_bitmap_iszero(plan->cpus[role])) {
		request.by = SPLIT_CPUS;
		request.cpus = hwloc_bitmap_dup(plan->cpus[role]);
	}
	return request;
}

/* The OS index of the one node that CPUS are all of, -1. */
static int node_of(const Host *host, hwloc_const_bitmap_t cpus)
{
	for (unsigned i = 0; i < host->nodes->len; i++)
		if (hwloc_bitmap_isincluded(cpus, host_node(host, i)->cpus))
			return (int)host_node(host, i)->id;
	return -1;
}

/* A saved plan does not say which node a shared VM asked for: it floats over that one's CPUs. */
static VmSpec *spec_of(const Plan *plan, const PlanVm *vm)
{
	VmSpec *spec = vm_spec_copy(vm->spec, vm->spec->name);

	g_clear_pointer(&spec->cpus, g_array_unref);
	if (vm->cpuset)
		spec->node = node_of(plan->host, vm->cpuset);
	else
		spec->cpus = g_array_copy(vm->vcpupin);
	return spec;
}

Inventory *plan_inventory(const Plan *plan)
{
	Inventory *inventory = inventory_new();

	inventory->name = g_strdup(plan->name);
	inventory->kernel = g_strdup(plan->kernel);
	inventory->qemu = g_strdup(plan->qemu);
	inventory->libvirt = g_strdup(plan->libvirt);
	inventory->mwait = plan->mwait;
	inventory->host = request_of(plan, ROLE_HOST);
	inventory->sdk = request_of(plan, ROLE_SDK);
	inventory->shared = request_of(plan, ROLE_SHARED);
	inventory->host_memory = plan->host_memory;
	inventory->isolation = plan_is_cpuset(plan) ? ISOLATION_CPUSET : ISOLATION_ISOLCPUS;
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->placed)
			g_ptr_array_add(inventory->vms, spec_of(plan, vm));
	}
	return inventory;
}
