/* SPDX-License-Identifier: MIT */
/* The parts of a saved plan document; each is read by a file of its name. */
#ifndef PLANNER_DOCUMENT_PLAN_READ_PARTS_H
#define PLANNER_DOCUMENT_PLAN_READ_PARTS_H

#include "planner/base/reader.h"
#include "planner/place/plan.h"

/* Fill OBJECT, a struct of TABLE. */
bool plan_read_settings(Reader *r, const SettingTable *table, void *object, const json_t *document);
/* Fill HOST, which is empty. */
bool plan_read_host(Reader *r, Host *host, const json_t *root);
/* Add the VM of OBJECT to INTO, a Plan. */
bool plan_read_vm(Reader *r, void *into, const json_t *object);
/* What was moved, and what would place the rest. */
bool plan_read_changes(Reader *r, Plan *plan, const json_t *root);

#endif
