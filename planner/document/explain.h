/* SPDX-License-Identifier: MIT */
/* Why a CPU or a VM is what it is in a plan: the chain of reasons, as lines for people. */
#ifndef PLANNER_DOCUMENT_EXPLAIN_H
#define PLANNER_DOCUMENT_EXPLAIN_H

#include "planner/place/plan.h"

/*
 * Lines (char *) about CPU or VM of PLAN; yours. INVENTORY is what the plan was made from, NULL for
 * a saved plan: then what only the inventory knows is left out. The first line names the subject.
 */
GPtrArray *explain_cpu(const Plan *plan, const Inventory *inventory, unsigned cpu);
GPtrArray *explain_vm(const Plan *plan, const Inventory *inventory, const PlanVm *vm);

#endif
