/* SPDX-License-Identifier: MIT */
/* The inventories and plans that a fleet's question decided on (-d DIR), as files. */
#ifndef CMD_FLEET_SAVE_H
#define CMD_FLEET_SAVE_H

#include "cmd/fleet_list.h"
#include "topology/base/error.h"

#include <stdbool.h>

#define FLEET_SAVE_LIST "fleet.jsonl"

/* The new inventory of NODE, yours; TEXT is that which it has today, with its name. NULL: TEXT. */
typedef char *FleetSaveText(const void *data, const FleetFile *node, const char *text);

/*
 * Write what TEXT says is the inventory of each of FILES (FleetFile), which are called NAMES, into
 * DIR as NODE.ini, and its plan as NODE.json beside it; and FLEET_SAVE_LIST, which names each with
 * its topology. WRITTEN gets the name of each inventory, in the order of FILES. False with ERROR
 * set: nothing changed, or the message says how far it came.
 */
bool fleet_save(const char *dir, const GPtrArray *files, const GPtrArray *names,
		FleetSaveText *text, const void *data, GPtrArray *written, GError **error);

/* The files in DIR that have the inventory and the plan of the node called NAME. Yours. */
char *fleet_save_inventory_file(const char *dir, const char *name);
char *fleet_save_plan_file(const char *dir, const char *name);

#endif
