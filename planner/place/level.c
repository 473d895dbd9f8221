/* SPDX-License-Identifier: MIT */
#include "planner/place/level.h"

/* What divides the nodes of a host. */
typedef enum LevelRoom { ROOM_L3, ROOM_DIE, ROOM_CLUSTER, ROOM_SOME_CLUSTER } LevelRoom;

static LevelRoom level_room_of(const Host *host)
{
	unsigned clustered = 0;

	for (unsigned i = 0; i < host->cores->len; i++) {
		if (host_core(host, i)->die)
			return ROOM_DIE;
		clustered += host_core(host, i)->cluster > 0;
	}
	if (!clustered)
		return ROOM_L3;
	return clustered == host->cores->len ? ROOM_CLUSTER : ROOM_SOME_CLUSTER;
}

const char *level_room(const Host *host)
{
	static const char *const names[] = {"L3", "die", "cluster", "cluster"};

	return names[level_room_of(host)];
}

const char *level_text(const Host *host, Level level)
{
	static const char *const texts[][4] = {
		{"in one L3", "in one die", "in one cluster", "in one L3 or cluster"},
		{"in one NUMA node, over several L3s", "in one NUMA node, over several dies",
		 "in one NUMA node, over several clusters",
		 "in one NUMA node, over several clusters"}};
	LevelRoom room = level_room_of(host);

	if (level == LEVEL_NODES)
		return "over several NUMA nodes";
	return level == LEVEL_L3 && !host->l3s->len && room == ROOM_L3 ? "in one NUMA node"
								       : texts[level][room];
}

Level level_of(const Plan *plan, const PlanVm *vm)
{
	const Core *first = NULL;
	Level level = LEVEL_L3;

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned index = host_core_of(plan->host, g_array_index(vm->pins, unsigned, v));
		const Core *core = host_core(plan->host, index);

		first = first ? first : core;
		if (core->node != first->node)
			return LEVEL_NODES;
		if (core->l3 != first->l3 || core->die != first->die ||
		    core->cluster != first->cluster)
			level = LEVEL_NODE;
	}
	return level;
}

hwloc_bitmap_t level_nodes(const Plan *plan, const PlanVm *vm)
{
	hwloc_bitmap_t nodes = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned index = host_core_of(plan->host, g_array_index(vm->pins, unsigned, v));

		hwloc_bitmap_set(nodes, host_core(plan->host, index)->node);
	}
	return nodes;
}

typedef struct LevelDistance {
	unsigned least, most;
	uint64_t sum;
} LevelDistance;

static LevelDistance distances_of(const Host *host, hwloc_const_bitmap_t nodes)
{
	LevelDistance of = {.least = G_MAXUINT};
	unsigned a, b;

	hwloc_bitmap_foreach_begin(a, nodes)
		for (b = (unsigned)hwloc_bitmap_first(nodes); b != a;
		     b = (unsigned)hwloc_bitmap_next(nodes, (int)b)) {
			unsigned distance = host_distance(host, a, b);

			of.least = MIN(of.least, distance);
			of.most = MAX(of.most, distance);
			of.sum += distance;
		}
	hwloc_bitmap_foreach_end();
	return of;
}

uint64_t level_distance_sum(const Host *host, hwloc_const_bitmap_t nodes)
{
	return distances_of(host, nodes).sum;
}

char *level_distance(const Host *host, hwloc_const_bitmap_t nodes)
{
	LevelDistance of = distances_of(host, nodes);

	return of.least == of.most ? g_strdup_printf("%u", of.most)
				   : g_strdup_printf("%u to %u", of.least, of.most);
}
