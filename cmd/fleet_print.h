/* SPDX-License-Identifier: MIT */
/* What is said of a fleet: a line a node, and the totals. */
#ifndef CMD_FLEET_PRINT_H
#define CMD_FLEET_PRINT_H

#include "cmd/options.h"
#include "planner/fit/fleet.h"

#include <jansson.h>

/*
 * With --json lines go out as they come. For people they wait for a table, whose widths depend on
 * all of them.
 */
typedef struct FleetPrinter FleetPrinter;

/* SIZES: of VmSpec, borrowed, each named as --vm takes it. */
FleetPrinter *fleet_printer_new(const Options *options, const GPtrArray *sizes);
void fleet_print_node(FleetPrinter *printer, const FleetNode *node);
/* The table or page if it is one, and the totals; TODAY are those without --what-if, NULL where
 * nothing is asked. The printer is freed. False with ERROR set: there is no page. */
bool fleet_print_end(FleetPrinter *printer, const FleetTotals *totals, const FleetTotals *today,
		     GError **error);

/* A line of JSON at once. OBJECT is unreferenced. */
void fleet_print_json(json_t *object);

/* "no way moves fewer than 2 (proved)": VERB = "moves". Yours. */
char *fleet_print_proof(const char *verb, uint64_t done, uint64_t bound);

#endif
