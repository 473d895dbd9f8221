/* SPDX-License-Identifier: MIT */
/* The nodes that `planner fleet` is asked about, read into plain numbers. */
#ifndef CMD_FLEET_STANDINGS_H
#define CMD_FLEET_STANDINGS_H

#include "cmd/fleet_broken.h"
#include "cmd/fleet_list.h"
#include "planner/fleet/standing.h"

typedef struct FleetStandings {
	GPtrArray *files;     /* of FleetFile */
	GHashTable *hosts;    /* theirs */
	GPtrArray *standings; /* of Standing: those that can be read */
	GPtrArray *of;	      /* by these: of const FleetFile *, borrowed */
	GPtrArray *broken;    /* of FleetBroken */
	GHashTable *names;
	bool located;
} FleetStandings;

/* The nodes of OPTIONS, as fleet_list() names them; LOCATED: with where their VMs are. NULL with
 * ERROR. Yours. */
FleetStandings *fleet_standings_read(const Options *options, bool located, GError **error);
void fleet_standings_free(FleetStandings *standings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FleetStandings, fleet_standings_free)

#endif
