/* SPDX-License-Identifier: MIT */
#include "planner/place/demand.h"

#define SMALL_PAGE 4096

unsigned place_node(const Host *host, const VmSpec *spec)
{
	unsigned node;

	if (spec->node < 0)
		return G_MAXUINT;
	node = host_node_of_id(host, (unsigned)spec->node);
	return node == HOST_NONE ? host->nodes->len : node;
}

SearchVm place_demand(const VmSpec *spec)
{
	return (SearchVm){.vcpus = vm_spec_pinned(spec),
			  .isolate = spec->threads == THREADS_ISOLATE,
			  .memory = spec->memory_node < 0 ? spec->memory : 0,
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

uint64_t place_page(const VmSpec *spec)
{
	return spec->page ? spec->page : SMALL_PAGE;
}

uint64_t place_share_memory(const VmSpec *spec, unsigned vcpus)
{
	SearchVm vm = place_demand(spec);

	return search_share_memory(&vm, vcpus);
}

bool place_cut(const VmSpec *spec, unsigned threads, unsigned n, PlaceCut *cut)
{
	unsigned own = search_cores(vm_spec_helpers(spec), threads, false);
	unsigned cores = place_cores(spec, threads) - own;
	unsigned each = spec->threads == THREADS_ISOLATE ? 1 : threads;
	unsigned idle = cores * each - vm_spec_pinned(spec);

	if (cores < n)
		return false;
	cut->n = n;
	cut->large = (cores + n - 1) / n;
	cut->small = cores / n;
	cut->n_large = cores % n ? cores % n : n;
	cut->full = place_share_memory(spec, cut->large * each);
	cut->not_full = place_share_memory(spec, cut->large * each - idle);
	cut->memory_small = place_share_memory(spec, cut->small * each);
	cut->large += own;
	cut->small += own;
	return true;
}

uint64_t place_memory(const VmSpec *spec)
{
	return spec->memory_node < 0 ? place_whole_memory(spec) : 0;
}

uint64_t place_whole_memory(const VmSpec *spec)
{
	return search_pages_memory(spec->memory, place_page(spec));
}
