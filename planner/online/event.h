/* SPDX-License-Identifier: MIT */
/*
 * Events of a history: VMs that come and go, one JSON object a line.
 *   {"op":"place","id":"a1","vcpus":8,"memory":"16G","policy":"dedicated"}
 *   {"op":"remove","id":"a1"}
 * Keys of a place event as the inventory's, see vm_json.h.
 */
#ifndef PLANNER_ONLINE_EVENT_H
#define PLANNER_ONLINE_EVENT_H

#include "planner/inventory/inventory.h"

typedef enum EventOp { EVENT_PLACE, EVENT_REMOVE } EventOp;

typedef struct Event {
	EventOp op;
	VmSpec *spec; /* of a place event; of a remove event the name alone */
} Event;

/* Parse one line; NULL with PLANNER_ERROR_INPUT: what is wrong, without file or line. Yours. */
Event *event_parse(const char *line, size_t length, GError **error);
void event_free(Event *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Event, event_free)

#endif
