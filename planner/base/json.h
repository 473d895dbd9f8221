/* SPDX-License-Identifier: MIT */
/*
 * The documents: plans, hosts and findings as JSON, in the documented form. Keys keep their order,
 * CPU lists are strings in the shortest ascending kernel form, and nothing depends on the clock or
 * on where the inputs were. Every document names its format.
 */
#ifndef PLANNER_BASE_JSON_H
#define PLANNER_BASE_JSON_H

#include "planner/place/plan.h"

#include <jansson.h>

#define JSON_FORMAT_PLAN "planner-plan/1"
#define JSON_FORMAT_HOST "planner-host/1"

/* All give a new reference, yours. */
json_t *host_to_json(const Host *host);
json_t *findings_to_json(const GPtrArray *findings);
json_t *plan_to_json(const Plan *plan);
/* Parts of the plan's: its node, and what would place a VM. */
json_t *plan_node_to_json(const Plan *plan);
json_t *changes_to_json(const Plan *plan, const GPtrArray *changes);

/* DOCUMENT as text with a final newline, yours. */
char *json_text(const json_t *document);

#endif
