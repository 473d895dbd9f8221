/* SPDX-License-Identifier: MIT */
/*
 * `planner fleet`: questions about many nodes at once, a sub-command each.
 *
 * To add one: its file cmd/fleet_NAME.c with a `const FleetQuestion fleet_question_NAME`; its line
 * below and in the table of fleet_command.c; man/planner-fleet.1. Completion asks the program.
 */
#ifndef CMD_FLEET_COMMAND_H
#define CMD_FLEET_COMMAND_H

#include "cmd/cmd.h"

typedef struct FleetQuestion {
	const char *name;
	/* As a command's; the arguments are those after the name. */
	Status (*run)(const Options *options, GError **error);
	bool picture; /* it has --format svg */
} FleetQuestion;

extern const FleetQuestion fleet_question_drain, fleet_question_survive, fleet_question_waves;

#endif
