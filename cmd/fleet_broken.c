/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_broken.h"
#include "cmd/fleet_print.h"
#include "cmd/output.h"

#include <stdio.h>

static void fleet_broken_free(gpointer data)
{
	FleetBroken *broken = data;

	g_free(broken->name);
	g_free(broken->why);
	g_free(broken);
}

GPtrArray *fleet_broken_list(void)
{
	return g_ptr_array_new_with_free_func(fleet_broken_free);
}

FleetBroken *fleet_broken_new(const FleetFile *file, const char *name, const char *why)
{
	FleetBroken *broken = g_new0(FleetBroken, 1);

	broken->name = g_strdup(name);
	broken->why = g_strdup(why);
	broken->file = file;
	return broken;
}

void fleet_broken_print(const GPtrArray *list, bool json)
{
	for (unsigned i = 0; i < list->len; i++) {
		const FleetBroken *broken = g_ptr_array_index(list, i);
		g_autofree char *file = g_filename_display_name(broken->file->inventory);
		g_autofree char *name = output_safe(broken->name);
		g_autofree char *why = output_safe(broken->why);

		if (json)
			fleet_print_json(json_pack("{s:s, s:s, s:s, s:s}", "node", broken->name,
						   "inventory", file, "state", "broken", "why",
						   broken->why));
		else
			fprintf(stderr, "planner: %s: %s\n", name, why);
	}
}
