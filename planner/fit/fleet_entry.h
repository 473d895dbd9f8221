/* SPDX-License-Identifier: MIT */
/*
 * A line of a fleet's list: {"inventory": PATH, "topology": PATH or description, "name": NAME}, the
 * last two optional.
 */
#ifndef PLANNER_FIT_FLEET_ENTRY_H
#define PLANNER_FIT_FLEET_ENTRY_H

#include <glib.h>

typedef struct FleetEntry {
	char *inventory;
	char *topology, *name; /* NULL = not said */
} FleetEntry;

/* Parse one line; NULL with PLANNER_ERROR_INPUT: what is wrong, without file or line. Yours. */
FleetEntry *fleet_entry_parse(const char *line, size_t length, GError **error);
void fleet_entry_free(FleetEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FleetEntry, fleet_entry_free)

#endif
