/* SPDX-License-Identifier: MIT */
#include "planner/place/placer.h"
#include "planner/base/subject.h"

/* Memory of VMs */

static VmShare *share_on(PlanVm *vm, unsigned node)
{
	VmShare share = {.node = node};

	for (unsigned i = 0; i < vm->shares->len; i++) {
		VmShare *have = &g_array_index(vm->shares, VmShare, i);

		if (have->node == node)
			return have;
	}
	g_array_append_val(vm->shares, share);
	return &g_array_index(vm->shares, VmShare, vm->shares->len - 1);
}

void place_fill_shares(const Host *host, PlanVm *vm)
{
	unsigned vcpus = MIN(vm->pins->len, vm_spec_pinned(vm->spec)); /* helpers follow */

	for (unsigned v = 0; v < vcpus; v++) {
		unsigned core = host_core_of(host, g_array_index(vm->pins, unsigned, v));

		share_on(vm, host_core(host, core)->node)->vcpus++;
	}
	for (unsigned i = 0; i < vm->shares->len; i++) {
		VmShare *share = &g_array_index(vm->shares, VmShare, i);

		share->memory = place_share_memory(vm->spec, share->vcpus);
	}
}

/* Memory of nodes */

uint64_t *place_node_memory(const Plan *plan)
{
	uint64_t *memory = g_new0(uint64_t, plan->host->nodes->len + 1);

	for (unsigned i = 0; i < plan->host->nodes->len; i++)
		if (!hwloc_bitmap_iszero(host_node(plan->host, i)->cpus))
			memory[i] = plan_node_room(plan, i);
	return memory;
}

uint64_t place_memory_sum(const uint64_t *memory, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		if (memory[i] == UINT64_MAX)
			return UINT64_MAX;
		sum += memory[i];
	}
	return sum;
}

void place_shares_take(const PlanVm *vm, uint64_t *memory)
{
	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);

		place_memory_take(&memory[share->node], share->memory);
	}
}

/* Take the memory of VM's shares, and say where it is not there. */
static void take_shares(Placer *placer, const PlanVm *vm)
{
	g_autofree char *subject = subject_vm(vm->spec->name);

	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		uint64_t left = placer->memory[share->node];

		if (left < share->memory)
			findings_add(placer->plan->findings, SEVERITY_ERROR, "memory.node-full",
				     subject, "give it less memory, or CPUs on another node",
				     "its pins need %" G_GUINT64_FORMAT
				     " MiB on node %u, which has %" G_GUINT64_FORMAT
				     " MiB left for VMs",
				     share->memory >> 20, host_node(placer->host, share->node)->id,
				     left >> 20);
	}
	place_shares_take(vm, placer->memory);
}

void place_take_memory(Placer *placer, PlanVm *vm)
{
	place_fill_shares(placer->host, vm);
	take_shares(placer, vm);
}

void place_recount_memory(Placer *placer)
{
	GPtrArray *findings = placer->plan->findings;

	for (unsigned i = findings->len; i-- > 0;)
		if (g_str_equal(((const Finding *)g_ptr_array_index(findings, i))->id,
				"memory.node-full"))
			g_ptr_array_remove_index(findings, i);
	g_free(placer->memory);
	placer->memory = place_node_memory(placer->plan);
	for (unsigned i = 0; i < placer->plan->vms->len; i++)
		take_shares(placer, g_ptr_array_index(placer->plan->vms, i));
}

/* The placer */

Placer *placer_new(Plan *plan, const Inventory *inventory)
{
	Placer *placer = g_new0(Placer, 1);

	placer->host = plan->host;
	placer->inventory = inventory;
	placer->plan = plan;
	placer->memory = place_node_memory(plan);
	placer->owner = g_new(unsigned, plan->host->cores->len);
	for (unsigned i = 0; i < plan->host->cores->len; i++)
		placer->owner[i] = HOST_NONE;
	return placer;
}

void placer_free(Placer *placer)
{
	g_free(placer->memory);
	g_free(placer->owner);
	g_free(placer);
}

bool place_core_free(const Placer *placer, unsigned core)
{
	return g_array_index(placer->plan->roles, Role, core) == ROLE_FREE &&
	       placer->owner[core] == HOST_NONE;
}
