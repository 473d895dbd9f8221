/* SPDX-License-Identifier: MIT */
#include "planner/base/size.h"
#include "planner/online/online_internal.h"
#include "planner/place/allowed.h"
#include "planner/place/place.h"
#include "planner/place/placer.h"

#define NONE G_MAXUINT

/* Cores of all cells of CLASS that are free. */
static unsigned free_of_class(const Online *o, unsigned class)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < o->rooms->n_cells; i++)
		sum += online_cell(o, i)->class == class ? o->now.cell[i] : 0;
	return sum;
}

static unsigned cell_need(const RoomCell *cell, const VmSpec *spec)
{
	return place_cores(spec, cell->threads);
}

bool online_has_room(const Online *o, const VmSpec *spec)
{
	for (unsigned i = 0; i < o->rooms->n_cells; i++) {
		const RoomCell *cell = online_cell(o, i);

		if (spec->policy == POLICY_DEDICATED &&
		    free_of_class(o, cell->class) >= cell_need(cell, spec))
			return true;
	}
	return false;
}

/* May it have a room of the cell? */
static bool cell_allowed(const Online *o, const Demand *demand, unsigned index)
{
	const RoomCell *cell = online_cell(o, index);
	bool any = !demand->rooms;

	for (unsigned i = 0; i < cell->n_rooms && !any; i++)
		any = demand->rooms[cell->rooms[i]];
	return any;
}

/* What limits it: "; it asks for socket 1". Yours. */
static char *why_limits(const VmSpec *spec)
{
	g_autofree char *wish = allowed_text(spec);
	GString *text = g_string_new(NULL);

	if (wish)
		g_string_append_printf(text, "; it asks for %s", wish);
	if (spec->apart.group)
		g_string_append_printf(text, "; the others of group %s are apart from it",
				       spec->apart.group);
	return g_string_free(text, FALSE);
}

/* The cell, of those that DEMAND may have, that comes closest to holding it; NONE. */
static unsigned closest_cell(const Online *o, const VmSpec *spec, const Demand *demand)
{
	unsigned best = NONE;
	int64_t fewest = G_MAXINT64;

	for (unsigned i = 0; i < o->rooms->n_cells; i++) {
		const RoomCell *cell = online_cell(o, i);
		int64_t missing = (int64_t)cell_need(cell, spec) - o->now.cell[i];

		if ((demand->vm.node != NONE && cell->node != demand->vm.node) ||
		    !cell_allowed(o, demand, i) || MAX(missing, 0) >= fewest)
			continue;
		best = i;
		fewest = MAX(missing, 0);
	}
	return best;
}

/* Would it have a place, if it asked for no memory? */
static bool why_memory_alone(const Online *o, const Demand *demand)
{
	Assignment assignment = {0, (SearchShare *)o->scratch->data};
	Demand bare = *demand;

	bare.vm.memory = bare.memory = 0;
	return demand->memory && online_assignment(o, &o->now, NULL, o->policy, &bare, &assignment);
}

/* Cores, or memory beside them, of the node that comes closest. */
static char *why_cell(const Online *o, const VmSpec *spec, const Demand *demand, unsigned index)
{
	const RoomCell *cell = online_cell(o, index);
	unsigned need = cell_need(cell, spec), id = host_node(o->plan->host, cell->node)->id;
	unsigned have = o->now.cell[index];
	g_autofree char *wish =
		g_strdup_printf("needs %u whole core%s", need, need == 1 ? "" : "s");
	g_autofree char *memory = size_format(demand_memory(demand, demand->vm.vcpus));

	if (have >= need)
		return g_strdup_printf("%s and %s of memory on one node; none%s has both", wish,
				       memory, demand->vm.node == NONE ? "" : " that it may have");
	if (demand->vm.node != NONE)
		return g_strdup_printf("%s on node %u; %u free there", wish, id, have);
	if (why_memory_alone(o, demand))
		return g_strdup_printf("%s and %s of memory in shares on several nodes; those that "
				       "have the cores lack memory",
				       wish, memory);
	return g_strdup_printf("%s on one node%s; %u free in all, %u on node %u", wish,
			       demand->most > 1 ? ", or in shares on several" : "",
			       free_of_class(o, cell->class), have, id);
}

static char *why_pooled(const Online *o, const VmSpec *spec)
{
	g_auto(CpuSet) cpus = place_pool_for(o->plan->host, spec, o->pool);

	if (!hwloc_bitmap_iszero(cpus))
		return g_strdup("not enough memory is left on the nodes that it may use");
	return spec->node < 0
		       ? g_strdup("the pool has no CPU")
		       : g_strdup_printf("asks for node %d, where the pool has no CPU", spec->node);
}

char *online_why(const Online *o, const VmSpec *spec)
{
	Demand demand = online_demand(o, spec);
	g_autofree char *limits = NULL, *cell = NULL, *lack = NULL;
	unsigned closest;

	if (spec->policy == POLICY_SHARED)
		return why_pooled(o, spec);
	if (spec->node >= 0 && host_node_of_id(o->plan->host, (unsigned)spec->node) == HOST_NONE)
		return g_strdup_printf("asks for node %d, which this host does not have",
				       spec->node);
	lack = memory_node_lack(o->plan->host, spec, o->only);
	if (lack)
		return g_steal_pointer(&lack);
	online_demand_apart(o, spec, &demand);
	limits = why_limits(spec);
	closest = closest_cell(o, spec, &demand);
	if (closest == NONE && spec->apart.group)
		return g_strdup_printf("no core is left for VMs that is apart from the others of "
				       "group %s",
				       spec->apart.group);
	if (closest == NONE)
		return g_strconcat(demand.vm.node == NONE ? "no core is left for VMs"
							  : "no core of that node is left for VMs",
				   demand.vm.node == NONE ? limits : "", NULL);
	cell = why_cell(o, spec, &demand, closest);
	return g_strconcat(cell, demand.rooms ? limits : "", NULL);
}
