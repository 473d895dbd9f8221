/* SPDX-License-Identifier: MIT */
/* A VM as counts: what it needs of cores and memory. */
#include "planner/online/online_internal.h"
#include "planner/place/placer.h"

uint64_t online_part_memory(const Demand *demand, unsigned vcpus)
{
	uint64_t each = demand->memory / demand->vcpus, rest = demand->memory % demand->vcpus;
	uint64_t share = each * vcpus + (rest * vcpus + demand->vcpus - 1) / demand->vcpus;

	return (share + demand->page - 1) / demand->page * demand->page;
}

Demand online_demand(const Online *o, const VmSpec *spec)
{
	Demand demand = {spec->vcpus, spec->threads == THREADS_ISOLATE, spec->memory,
			 place_page(spec), G_MAXUINT};

	if (spec->node >= 0) {
		demand.node = host_node_of_id(o->plan->host, (unsigned)spec->node);
		if (demand.node == HOST_NONE) /* no such node: no room is on it */
			demand.node = o->plan->host->nodes->len;
	}
	demand.whole = (demand.memory + demand.page - 1) / demand.page * demand.page;
	return demand;
}
