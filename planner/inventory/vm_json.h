/* SPDX-License-Identifier: MIT */
/*
 * A VM as an object of JSON says it, in lines of events and of requests: "id" and the settings of a
 * VM (planner/inventory/settings.h) under their names in documents, with the same meaning; but not
 * those that are SETTING_UNASKED.
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
