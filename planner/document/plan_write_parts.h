/* SPDX-License-Identifier: MIT */
/* The parts of a plan document; each is written by a file of its name. */
#ifndef PLANNER_DOCUMENT_PLAN_WRITE_PARTS_H
#define PLANNER_DOCUMENT_PLAN_WRITE_PARTS_H

#include "planner/place/plan.h"

#include <jansson.h>

/* All give a new reference, yours. */

json_t *plan_vm_to_json(const Plan *plan, const PlanVm *vm);
/* What was moved. */
json_t *plan_moves_to_json(const Plan *plan);
/* What would place the VMs that have no place. */
json_t *plan_why_nots_to_json(const Plan *plan);

#endif
