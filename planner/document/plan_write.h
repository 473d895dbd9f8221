/* SPDX-License-Identifier: MIT */
/*
 * A plan as a JSON document, which plan_read() takes back. Keys keep their order, and nothing
 * depends on the clock or on where the inputs were.
 */
#ifndef PLANNER_DOCUMENT_PLAN_WRITE_H
#define PLANNER_DOCUMENT_PLAN_WRITE_H

#include "planner/place/plan.h"

#include <jansson.h>

#define JSON_FORMAT_PLAN "planner-plan/1"

/* All give a new reference, yours. */
json_t *plan_to_json(const Plan *plan);
/* Parts of it: its node, those of PINS, like VM's, that are vCPUs', and what would place a VM. */
json_t *plan_node_to_json(const Plan *plan);
json_t *plan_vcpupin_to_json(const PlanVm *vm, const GArray *pins);
json_t *changes_to_json(const Plan *plan, const GPtrArray *changes);

#endif
