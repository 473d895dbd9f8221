/* SPDX-License-Identifier: MIT */
#include "planner/place/memory_node.h"
#include "planner/base/size.h"
#include "planner/place/placer.h"

static bool memory_node_plain(const Host *host, unsigned node)
{
	return !hwloc_bitmap_iszero(host_node(host, node)->cpus);
}

unsigned memory_node_of(const Host *host, const VmSpec *spec)
{
	unsigned node = HOST_NONE;

	if (spec->memory_node >= 0)
		node = host_node_of_id(host, (unsigned)spec->memory_node);
	return node == HOST_NONE || memory_node_plain(host, node) ? HOST_NONE : node;
}

uint64_t *memory_node_rooms(const Plan *plan)
{
	uint64_t *rooms = g_new0(uint64_t, plan->host->nodes->len + 1);

	for (unsigned i = 0; i < plan->host->nodes->len; i++)
		if (!memory_node_plain(plan->host, i))
			rooms[i] = plan_node_room(plan, i);
	return rooms;
}

bool memory_node_holds(const Host *host, const VmSpec *spec, const uint64_t *left)
{
	return spec->memory_node < 0 || memory_node_times(host, spec, 1, left);
}

void memory_node_take(const Host *host, const VmSpec *spec, uint64_t *left)
{
	unsigned node = memory_node_of(host, spec);

	if (node != HOST_NONE)
		place_memory_take(&left[node], place_whole_memory(spec));
}

unsigned memory_node_times(const Host *host, const VmSpec *spec, unsigned most,
			   const uint64_t *left)
{
	unsigned node = memory_node_of(host, spec);
	uint64_t each = place_whole_memory(spec);

	if (spec->memory_node < 0)
		return most;
	if (node == HOST_NONE)
		return 0;
	return left[node] == UINT64_MAX || !each ? most : (unsigned)MIN(most, left[node] / each);
}

char *memory_node_name(const Host *host, unsigned node)
{
	const NumaNode *of = host_node(host, node);

	return of->subtype ? g_strdup_printf("node %u (%s)", of->id, of->subtype)
			   : g_strdup_printf("node %u", of->id);
}

char *memory_node_lack(const Host *host, const VmSpec *spec, const uint64_t *left)
{
	unsigned node = memory_node_of(host, spec);
	g_autofree char *needed = size_format(place_whole_memory(spec)), *name = NULL, *free = NULL;

	if (memory_node_holds(host, spec, left))
		return NULL;
	if (node == HOST_NONE && host_node_of_id(host, (unsigned)spec->memory_node) == HOST_NONE)
		return g_strdup_printf("asks for memory of node %d, which the host does not have",
				       spec->memory_node);
	if (node == HOST_NONE)
		return g_strdup_printf("asks for memory of node %d, which has cores: memory-node "
				       "is for nodes of memory alone",
				       spec->memory_node);
	name = memory_node_name(host, node);
	free = size_format_rounded(left[node]);
	return g_strdup_printf("needs %s of memory; %s has %s of memory free", needed, name, free);
}
