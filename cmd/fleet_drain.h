/* SPDX-License-Identifier: MIT */
/* `planner fleet drain`: what is asked, and what its answer is printed from. */
#ifndef CMD_FLEET_DRAIN_H
#define CMD_FLEET_DRAIN_H

#include "cmd/fleet_standings.h"
#include "planner/fleet/drain_steps.h"

typedef struct FleetDrain {
	const Options *options;
	FleetStandings *standings;
	GArray *members; /* of unsigned: the nodes that are drained */
	Drain *drain;
	DrainSteps *steps;
	char *unread; /* what became of an inventory that cannot be read any more; NULL */
} FleetDrain;

static inline const char *fleet_drain_name(const FleetDrain *drain, unsigned node)
{
	return ((const Standing *)g_ptr_array_index(drain->standings->standings, node))->name;
}

static inline const FleetFile *fleet_drain_file(const FleetDrain *drain, unsigned node)
{
	return g_ptr_array_index(drain->standings->of, node);
}

/* The steps as a shell script (fleet_drain_commands.c). */
void fleet_drain_print_commands(const FleetDrain *drain);
/* The steps, who is left, and the totals (fleet_drain_print.c). */
void fleet_drain_print_people(const FleetDrain *drain);
void fleet_drain_print_json(const FleetDrain *drain);

#endif
