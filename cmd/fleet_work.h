/* SPDX-License-Identifier: MIT */
/* Nodes of a fleet read and worked out by several threads, and handed over in their order. */
#ifndef CMD_FLEET_WORK_H
#define CMD_FLEET_WORK_H

#include "cmd/fleet_list.h"
#include "planner/inventory/inventory.h"

/*
 * What to do with a node, in any thread: its inventory, theirs to change, or why it is broken, one
 * line. What is returned goes to FleetDone.
 */
typedef gpointer FleetEach(void *data, const FleetFile *file, const char *name,
			   Inventory *inventory, const char *error);
/* What to do with what came of it, in the caller's thread, in the order of the files. */
typedef void FleetDone(void *data, const FleetFile *file, gpointer result);

/*
 * THREADS at once (0 = as many as CPUs this process may run on). Only a few nodes are in memory at
 * a time. The name of a node is what the list says, else the inventory, else its path.
 */
void fleet_work(const GPtrArray *files, unsigned threads, FleetEach *each, FleetDone *done,
		void *data);

/* The inventory of FILE; NULL and *ERROR, yours: all that is wrong with it, in one line. */
Inventory *fleet_read(const FleetFile *file, char **error);

/* The names that there were. Yours. */
GHashTable *fleet_names_new(void);
/* NULL, and NAME is taken now; or why the node of INVENTORY cannot have it, yours. */
char *fleet_name_taken(GHashTable *names, const char *name, const char *inventory);

#endif
