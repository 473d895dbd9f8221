/* SPDX-License-Identifier: MIT */
/* What a VM asks of the rooms: cores, memory, and where. */
#include "planner/online/online_internal.h"
#include "planner/place/allowed.h"
#include "planner/place/placer.h"

#include <string.h>

/* Where it may sit */

/* Fill in the cells after ROOMS; the same of an earlier demand, or this one, kept. */
static const bool *allowed_keep(const Online *o, bool *rooms)
{
	size_t n = o->rooms->n_rooms + o->rooms->n_cells;

	for (unsigned c = 0; c < o->rooms->n_cells; c++) {
		const RoomCell *cell = online_cell(o, c);
		bool *all = &rooms[o->rooms->n_rooms + c];

		*all = true;
		for (unsigned i = 0; i < cell->n_rooms; i++)
			*all = *all && rooms[cell->rooms[i]];
	}
	for (unsigned i = 0; i < o->allowed->len; i++)
		if (!memcmp(g_ptr_array_index(o->allowed, i), rooms, n * sizeof *rooms)) {
			g_free(rooms);
			return g_ptr_array_index(o->allowed, i);
		}
	g_ptr_array_add(o->allowed, rooms);
	return rooms;
}

static void demand_allow(const Online *o, Demand *d, bool *rooms)
{
	d->rooms = allowed_keep(o, rooms);
	d->cells = d->rooms + o->rooms->n_rooms;
}

static bool *demand_rooms_new(const Online *o)
{
	return g_new0(bool, o->rooms->n_rooms + o->rooms->n_cells + 1);
}

/* A socket, a die, an L3, or a kind of cores. */
static void demand_wishes(const Online *o, const VmSpec *spec, Demand *d)
{
	bool *rooms;

	if (allowed_nodes(spec))
		return;
	rooms = demand_rooms_new(o);
	for (unsigned r = 0; r < o->rooms->n_rooms; r++)
		rooms[r] = allowed_core(o->plan->host, spec, online_room(o, r)->first);
	demand_allow(o, d, rooms);
}

/* The rooms in the places of PINS are none for VMs that are apart from theirs BY that. */
static void demand_leave(const Online *o, const GArray *pins, ApartBy by, bool *rooms)
{
	const Host *host = o->plan->host;

	for (unsigned i = 0; i < pins->len; i++) {
		unsigned cpu = g_array_index(pins, unsigned, i);
		const Core *core = host_core(host, host_core_of(host, cpu));

		for (unsigned r = 0; r < o->rooms->n_rooms; r++)
			if (apart_place(host, core, by) ==
			    apart_place(host, online_room(o, r)->first, by))
				rooms[r] = false;
	}
}

void online_demand_apart(const Online *o, const VmSpec *spec, Demand *d)
{
	GHashTableIter iter;
	gpointer vm;
	bool *rooms;

	if (!spec->apart.group)
		return;
	rooms = demand_rooms_new(o);
	for (unsigned r = 0; r < o->rooms->n_rooms; r++)
		rooms[r] = !d->rooms || d->rooms[r];
	g_hash_table_iter_init(&iter, o->vms);
	while (g_hash_table_iter_next(&iter, NULL, &vm)) {
		const OnlineVm *other = vm;
		ApartBy by;

		if (strcmp(other->spec->name, spec->name) != 0 &&
		    apart_from(&other->spec->apart, &spec->apart, &by))
			demand_leave(o, other->pins, by, rooms);
	}
	for (unsigned i = 0; i < o->outside->len; i++) {
		const PlanVm *other = g_ptr_array_index(o->outside, i);
		ApartBy by;

		if (apart_from(&other->spec->apart, &spec->apart, &by))
			demand_leave(o, other->pins, by, rooms);
	}
	demand_allow(o, d, rooms);
}

/* Does a node hold it, all empty? */
static bool some_cell_holds(const Online *o, const Demand *d)
{
	g_autofree uint64_t *memory = place_node_memory(o->plan);

	for (unsigned i = 0; i < o->rooms->n_cells; i++) {
		const RoomCell *cell = online_cell(o, i);

		if ((!d->cells || d->cells[i]) &&
		    cell->cores >= search_vm_cores(&d->vm, cell->threads) &&
		    memory[cell->node] >= d->memory)
			return true;
	}
	return false;
}

Demand online_demand(const Online *o, const VmSpec *spec)
{
	Demand demand = {.vm = place_demand(spec),
			 .memory = place_memory(spec),
			 .most = o->plan->host->nodes->len};

	demand.vm.node = place_node(o->plan->host, spec);
	demand_wishes(o, spec, &demand);
	if (demand.vm.node != G_MAXUINT ||
	    (spec->spans == SPANS_NEVER && some_cell_holds(o, &demand)))
		demand.most = 1;
	return demand;
}

unsigned online_slices(const Online *o, const Demand *d, unsigned class, unsigned k,
		       SearchSlice slices[SEARCH_SLICES])
{
	for (unsigned i = 0; i < o->rooms->n_cells; i++)
		if (online_cell(o, i)->class == class)
			return search_slices(&d->vm, online_cell(o, i)->threads, k, slices);
	return 0;
}
