/* SPDX-License-Identifier: MIT */
/* The VMs that `planner fit --place` found no node for: how many more nodes they need, of each kind
 * of hardware that the fleet has. */
#ifndef CMD_FLEET_LEFT_H
#define CMD_FLEET_LEFT_H

#include "planner/assign/dispatch.h"

#include <jansson.h>

/*
 * Of FILES (FleetFile), the nodes of DISPATCH, which are called NAMES, the first fine one of each
 * kind shows what its kind takes. REQUESTS, of Request, are all that were decided. Of FleetLeft;
 * yours; empty where all have a node.
 */
GPtrArray *fleet_left_new(const GPtrArray *files, const GPtrArray *names, const Dispatch *dispatch,
			  const GPtrArray *requests);
/* A line a kind; nothing where LEFT is empty. */
void fleet_left_print(const GPtrArray *left, bool color);
/* A new reference, yours. */
json_t *fleet_left_to_json(const GPtrArray *left);

#endif
