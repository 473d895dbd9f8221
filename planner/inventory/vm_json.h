/* SPDX-License-Identifier: MIT */
/*
 * A VM as an object of JSON says it, in lines of events and of requests: "id" and the inventory's
 * keys "vcpus", "memory", "hugepages", "policy", "threads" and "node", with the same meaning.
 *
 * To add a key: its row in vm_json.c, planner(1), a case in tests/unit/test_event.c.
 */
#ifndef PLANNER_INVENTORY_VM_JSON_H
#define PLANNER_INVENTORY_VM_JSON_H

#include "planner/inventory/inventory.h"

#include <jansson.h>

/* A VM that has the name OBJECT's "id" gives, and no more; NULL with PLANNER_ERROR_INPUT. Yours. */
VmSpec *vm_json_named(const json_t *object, GError **error);

/*
 * Read the keys of OBJECT into SPEC. OTHERS (ended by NULL) are those that the caller reads; any
 * further one is refused, and "vcpus" must be there. False with PLANNER_ERROR_INPUT.
 */
bool vm_json_read(VmSpec *spec, const json_t *object, const char *const *others, GError **error);

#endif
