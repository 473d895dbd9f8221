/* SPDX-License-Identifier: MIT */
#include "planner/place/level.h"

const char *level_text(const Host *host, Level level)
{
	static const char *const texts[] = {"in one L3", "in one NUMA node, over several L3s",
					    "over several NUMA nodes"};

	return level == LEVEL_L3 && !host->l3s->len ? "in one NUMA node" : texts[level];
}

Level level_of(const Plan *plan, const PlanVm *vm)
{
	const Core *first = NULL;
	Level level = LEVEL_L3;

	for (unsigned v = 0; v < vm->vcpupin->len; v++) {
		unsigned index = host_core_of(plan->host, g_array_index(vm->vcpupin, unsigned, v));
		const Core *core = host_core(plan->host, index);

		first = first ? first : core;
		if (core->node != first->node)
			return LEVEL_NODES;
		if (core->l3 != first->l3)
			level = LEVEL_NODE;
	}
	return level;
}
