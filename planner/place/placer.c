/* SPDX-License-Identifier: MIT */
#include "planner/place/placer.h"
#include "planner/base/size.h"
#include "planner/base/subject.h"
#include "planner/place/memory_node.h"

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

/* All memory comes from NODE: the parts of its VCPUS vCPUs, in whole pages, are all of it together.
 * Each has a page at least, where there are so many. */
static void shares_from(PlanVm *vm, unsigned node, unsigned vcpus)
{
	uint64_t page = place_page(vm->spec), pages = place_whole_memory(vm->spec) / page;
	uint64_t before = 0;
	unsigned done = 0;

	for (unsigned i = 0; i < vm->shares->len; i++) {
		VmShare *share = &g_array_index(vm->shares, VmShare, i);
		uint64_t until;

		done += share->vcpus;
		until = pages / vcpus * done + (pages % vcpus * done + vcpus - 1) / vcpus;
		if (pages >= vm->shares->len)
			until = CLAMP(until, before + 1, pages - (vm->shares->len - 1 - i));
		share->from = node;
		share->memory = (until - before) * page;
		before = until;
	}
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

		share->from = share->node;
		share->memory = place_share_memory(vm->spec, share->vcpus);
	}
	if (memory_node_of(host, vm->spec) != HOST_NONE)
		shares_from(vm, memory_node_of(host, vm->spec), vcpus);
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

		if (share->from == share->node)
			place_memory_take(&memory[share->node], share->memory);
	}
}

/* The node without cores that VM asks memory of has too little. */
static void only_check(const Placer *placer, const PlanVm *vm, const char *subject)
{
	g_autofree char *lack = memory_node_lack(placer->host, vm->spec, placer->only);

	if (lack)
		findings_add(placer->plan->findings, SEVERITY_ERROR, "memory.node-full", subject,
			     "give it less memory, or name another node", "%s", lack);
}

/* A guest cell without memory is none to QEMU. */
static void cells_check(const Placer *placer, const PlanVm *vm, const char *subject)
{
	uint64_t pages = place_whole_memory(vm->spec) / place_page(vm->spec);
	g_autofree char *page = size_format(place_page(vm->spec));

	if (vm->spec->memory_node >= 0 && pages < vm->shares->len)
		findings_add(placer->plan->findings, SEVERITY_ERROR, "memory.cell-empty", subject,
			     "give it more memory, or smaller huge pages",
			     "is over %u NUMA nodes, and has %" G_GUINT64_FORMAT
			     " page%s of %s: a NUMA node of its guest has no memory",
			     vm->shares->len, pages, pages == 1 ? "" : "s", page);
}

/* Take the memory of VM's shares, and say where it is not there. */
static void take_shares(Placer *placer, const PlanVm *vm)
{
	g_autofree char *subject = subject_vm(vm->spec->name);

	only_check(placer, vm, subject);
	cells_check(placer, vm, subject);
	memory_node_take(placer->host, vm->spec, placer->only);
	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		uint64_t left = placer->memory[share->node];

		if (share->from == share->node && left < share->memory)
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
	static const char *const ids[] = {"memory.node-full", "memory.cell-empty", NULL};
	GPtrArray *findings = placer->plan->findings;

	for (unsigned i = findings->len; i-- > 0;)
		if (g_strv_contains(ids, ((const Finding *)g_ptr_array_index(findings, i))->id))
			g_ptr_array_remove_index(findings, i);
	g_free(placer->memory);
	g_free(placer->only);
	placer->memory = place_node_memory(placer->plan);
	placer->only = memory_node_rooms(placer->plan);
	for (unsigned i = 0; i < placer->plan->vms->len; i++)
		if (((const PlanVm *)g_ptr_array_index(placer->plan->vms, i))->placed)
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
	placer->only = memory_node_rooms(plan);
	placer->owner = g_new(unsigned, plan->host->cores->len);
	for (unsigned i = 0; i < plan->host->cores->len; i++)
		placer->owner[i] = HOST_NONE;
	return placer;
}

void placer_free(Placer *placer)
{
	g_free(placer->memory);
	g_free(placer->only);
	g_free(placer->owner);
	g_free(placer);
}

bool place_core_free(const Placer *placer, unsigned core)
{
	return g_array_index(placer->plan->roles, Role, core) == ROLE_FREE &&
	       placer->owner[core] == HOST_NONE;
}
