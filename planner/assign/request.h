/* SPDX-License-Identifier: MIT */
/*
 * Requests: VMs that a fleet shall take, one JSON object a line.
 *   {"id":"db1","vcpus":8,"memory":"32G","hugepages":"1G","group":"db","cpu_pm":true}
 * Keys as the inventory's, see vm_json.h; and "group": no two VMs of one group on one node;
 * "cpu_pm": true asks for a node where the VM's cpu-pm verdict is on. Only dedicated VMs are
 * placed: shared ones take no cores, any node would do.
 */
#ifndef PLANNER_ASSIGN_REQUEST_H
#define PLANNER_ASSIGN_REQUEST_H

#include "planner/inventory/inventory.h"

typedef struct Request {
	VmSpec *spec;
	char *group; /* NULL = alone */
	bool cpu_pm;
} Request;

/* Parse one line; NULL with PLANNER_ERROR_INPUT: what is wrong, without file or line. Yours. */
Request *request_parse(const char *line, size_t length, GError **error);
void request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)

#endif
