/* SPDX-License-Identifier: MIT */
/* The inventories and plans that `planner fit --place -d DIR` decided, as files. */
#ifndef CMD_FLEET_SAVE_H
#define CMD_FLEET_SAVE_H

#include "planner/fit/dispatch.h"
#include "topology/base/error.h"

#include <stdbool.h>

#define FLEET_SAVE_LIST "fleet.jsonl"

/*
 * Write the inventory of each of FILES (FleetFile), the nodes of DISPATCH, which are called NAMES,
 * into DIR as NODE.ini, with the VMs that the node took added at its end, and its plan as NODE.json
 * beside it; and FLEET_SAVE_LIST, which names each with its topology. WRITTEN gets the name of each
 * inventory, in the order of FILES. False with ERROR set: nothing changed, or the message says how
 * far it came.
 */
bool fleet_save(const char *dir, const GPtrArray *files, const GPtrArray *names,
		const Dispatch *dispatch, GPtrArray *written, GError **error);

#endif
