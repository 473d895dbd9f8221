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

/* Does a node hold it, all empty? */
static bool some_cell_holds(const Online *o, const Demand *d)
{
	g_autofree uint64_t *memory = place_node_memory(o->plan->host, o->inventory);

	for (unsigned i = 0; i < o->cells->len; i++) {
		const Cell *cell = online_cell(o, i);

		if (cell->capacity >= search_cores(d->vcpus, cell->threads, d->isolate) &&
		    memory[cell->node] >= d->whole)
			return true;
	}
	return false;
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
	demand.most = o->plan->host->nodes->len;
	if (demand.node != G_MAXUINT || (spec->spans == SPANS_NEVER && some_cell_holds(o, &demand)))
		demand.most = 1;
	return demand;
}

unsigned online_slices(const Online *o, const Demand *d, unsigned class, unsigned k,
		       SearchSlice slices[SEARCH_SLICES])
{
	SearchVm vm = {d->vcpus, d->isolate, d->memory, d->page, d->node};

	for (unsigned i = 0; i < o->cells->len; i++)
		if (online_cell(o, i)->class == class)
			return search_slices(&vm, online_cell(o, i)->threads, k, slices);
	return 0;
}
