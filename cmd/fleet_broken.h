/* SPDX-License-Identifier: MIT */
/* Nodes of a fleet that cannot be read. */
#ifndef CMD_FLEET_BROKEN_H
#define CMD_FLEET_BROKEN_H

#include "cmd/fleet_list.h"

typedef struct FleetBroken {
	char *name, *why;
	const FleetFile *file; /* borrowed */
} FleetBroken;

/* A list of FleetBroken, which owns them. */
GPtrArray *fleet_broken_list(void);
FleetBroken *fleet_broken_new(const FleetFile *file, const char *name, const char *why);

/* A line each: on stderr, or with JSON an object. */
void fleet_broken_print(const GPtrArray *list, bool json);

#endif
