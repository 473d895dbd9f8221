/* SPDX-License-Identifier: MIT */
#include "planner/place/level.h"

static bool level_dies(const Host *host)
{
	for (unsigned i = 0; i < host->cores->len; i++)
		if (host_core(host, i)->die)
			return true;
	return false;
}

const char *level_room(const Host *host)
{
	return level_dies(host) ? "die" : "L3";
}

const char *level_text(const Host *host, Level level)
{
	static const char *const texts[][2] = {
		{"in one L3", "in one die"},
		{"in one NUMA node, over several L3s", "in one NUMA node, over several dies"},
		{"over several NUMA nodes", "over several NUMA nodes"}};
	bool dies = level_dies(host);

	return level == LEVEL_L3 && !host->l3s->len && !dies ? "in one NUMA node"
							     : texts[level][dies];
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
		if (core->l3 != first->l3 || core->die != first->die)
			level = LEVEL_NODE;
	}
	return level;
}
