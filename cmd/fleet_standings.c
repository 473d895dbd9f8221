/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_standings.h"
#include "cmd/fleet_hosts.h"
#include "cmd/fleet_work.h"

/* What a thread makes of a node: one of the two. */
typedef struct FleetStood {
	Standing *standing;
	FleetBroken *broken;
} FleetStood;

static gpointer fleet_standings_each(void *data, const FleetFile *file, const char *name,
				     Inventory *inventory, const char *error)
{
	const FleetStandings *standings = data;
	FleetStood *stood = g_new0(FleetStood, 1);

	if (!inventory) {
		stood->broken = fleet_broken_new(file, name, error);
		return stood;
	}
	stood->standing = standing_new(name, file->host, inventory);
	if (standings->located) {
		PlanOptions options = {0};
		g_autoptr(Plan) plan = plan_compute(file->host, inventory, NULL, &options);

		standing_locate(stood->standing, plan);
	}
	return stood;
}

static void fleet_standings_done(void *data, const FleetFile *file, gpointer result)
{
	FleetStandings *standings = data;
	FleetStood *stood = result;
	g_autofree char *why = NULL;

	if (stood->standing)
		why = fleet_name_taken(standings->names, stood->standing->name, file->inventory);
	if (why) {
		stood->broken = fleet_broken_new(file, stood->standing->name, why);
		g_clear_pointer(&stood->standing, standing_free);
	}
	if (stood->broken) {
		g_ptr_array_add(standings->broken, stood->broken);
	} else {
		g_ptr_array_add(standings->standings, stood->standing);
		g_ptr_array_add(standings->of, (gpointer)file);
	}
	g_free(stood);
}

FleetStandings *fleet_standings_read(const Options *options, bool located, GError **error)
{
	g_autoptr(GPtrArray) files = fleet_list(options, error);
	FleetStandings *standings;

	if (!files)
		return NULL;
	standings = g_new0(FleetStandings, 1);
	standings->files = g_steal_pointer(&files);
	standings->hosts = fleet_hosts_load(standings->files);
	standings->standings = g_ptr_array_new_with_free_func((GDestroyNotify)standing_free);
	standings->of = g_ptr_array_new();
	standings->broken = fleet_broken_list();
	standings->names = fleet_names_new();
	standings->located = located;
	fleet_work(standings->files, options->threads, fleet_standings_each, fleet_standings_done,
		   standings);
	return standings;
}

void fleet_standings_free(FleetStandings *standings)
{
	g_ptr_array_unref(standings->standings);
	g_ptr_array_unref(standings->of);
	g_ptr_array_unref(standings->broken);
	g_hash_table_unref(standings->names);
	g_hash_table_unref(standings->hosts);
	g_ptr_array_unref(standings->files);
	g_free(standings);
}
