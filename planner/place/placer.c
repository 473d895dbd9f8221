/* SPDX-License-Identifier: MIT */
#include "planner/place/placer.h"
#include "planner/base/subject.h"

#define SMALL_PAGE 4096

/* Cores of VMs */

SearchVm place_demand(const VmSpec *spec)
{
	return (SearchVm){.vcpus = vm_spec_pinned(spec),
			  .isolate = spec->threads == THREADS_ISOLATE,
			  .memory = spec->memory,
			  .page = place_page(spec),
			  .node = G_MAXUINT,
			  .helpers = vm_spec_helpers(spec),
			  .floating = vm_spec_floating(spec)};
}

unsigned place_cores(const VmSpec *spec, unsigned threads)
{
	SearchVm vm = place_demand(spec);

	return search_vm_cores(&vm, threads);
}

unsigned place_cpus(const VmSpec *spec)
{
	return vm_spec_pinned(spec) + vm_spec_helpers(spec);
}

/* Memory of VMs */

uint64_t place_page(const VmSpec *spec)
{
	return spec->page ? spec->page : SMALL_PAGE;
}

uint64_t place_share_memory(const VmSpec *spec, unsigned vcpus)
{
	unsigned all = vm_spec_pinned(spec);
	uint64_t page = place_page(spec);
	uint64_t each = spec->memory / all, rest = spec->memory % all;
	uint64_t share = each * vcpus + (rest * vcpus + all - 1) / all;

	return (share + page - 1) / page * page;
}

uint64_t place_memory(const VmSpec *spec)
{
	uint64_t page = place_page(spec);

	return (spec->memory + page - 1) / page * page;
}

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

uint64_t *place_node_memory(const Host *host, const Inventory *inventory)
{
	uint64_t *memory = g_new0(uint64_t, host->nodes->len + 1);

	for (unsigned i = 0; i < host->nodes->len; i++) {
		uint64_t bytes = host_node_memory(host, i);

		if (hwloc_bitmap_iszero(host_node(host, i)->cpus))
			continue;
		if (bytes == UINT64_MAX)
			memory[i] = UINT64_MAX;
		else if (bytes > inventory->node->host_memory)
			memory[i] = bytes - inventory->node->host_memory;
	}
	return memory;
}

void place_take_memory(Placer *placer, PlanVm *vm)
{
	g_autofree char *subject = subject_vm(vm->spec->name);

	place_fill_shares(placer->host, vm);
	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		uint64_t *left = &placer->memory[share->node];

		if (*left == UINT64_MAX)
			continue;
		if (*left < share->memory)
			findings_add(placer->plan->findings, SEVERITY_ERROR, "memory.node-full",
				     subject, "give it less memory, or CPUs on another node",
				     "its pins need %" G_GUINT64_FORMAT
				     " MiB on node %u, which has %" G_GUINT64_FORMAT
				     " MiB left for VMs",
				     share->memory >> 20, host_node(placer->host, share->node)->id,
				     *left >> 20);
		*left -= MIN(*left, share->memory);
	}
}

/* The placer */

Placer *placer_new(Plan *plan, const Inventory *inventory)
{
	Placer *placer = g_new0(Placer, 1);

	placer->host = plan->host;
	placer->inventory = inventory;
	placer->plan = plan;
	placer->memory = place_node_memory(plan->host, inventory);
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
