/* SPDX-License-Identifier: MIT */
#include "planner/search_internal.h"

/* The value if VMs could be cut anywhere: cheapest cores per value first, over all cores. */
uint64_t bound_value(const Model *model)
{
	uint64_t value = 0, cores = 0;

	for (unsigned g = 0; g < model->n_groups; g++)
		cores += model->groups[g].cores;
	for (unsigned k = 0; k < model->n_kinds; k++) {
		const Kind *kind = &model->kinds[k];

		if (kind->natural != SEARCH_NEVER)
			value += kind->count * kind_value(model, kind);
	}
	if (model->problem->prefer == PREFER_VCPUS) {
		unsigned threads = 1;

		for (unsigned c = 0; c < model->n_classes; c++)
			threads = MAX(threads, model->threads[c]);
		value = MIN(value, cores * threads);
	}
	return value;
}
