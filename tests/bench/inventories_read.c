/* SPDX-License-Identifier: MIT */
/*
 * The bare reading that a fleet needs: every inventory of a list, read and parsed on one core.
 * Usage: inventories_read FLEET.jsonl
 */
#include "cmd/inputs.h"
#include "cmd/lines.h"
#include "planner/fit/fleet_entry.h"

#include <stdio.h>

static void read_one(void *data, const char *line, size_t length, const char *fault)
{
	g_autoptr(FleetEntry) entry = fault ? NULL : fleet_entry_parse(line, length, NULL);
	g_autofree char *path =
		entry ? g_build_filename((const char *)data, entry->inventory, NULL) : NULL;
	g_autoptr(GError) error = NULL;
	Inventory *inventory = path ? input_inventory(path, &error) : NULL;

	if (!inventory)
		g_error("%s", error ? error->message : "a wrong line in the list");
	inventory_free(inventory);
}

int main(int argc, char **argv)
{
	g_autofree char *folder = argc > 1 ? g_path_get_dirname(argv[1]) : NULL;

	return folder && lines_read(argv[1], read_one, folder, NULL) ? 0 : 2;
}
