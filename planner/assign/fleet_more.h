/* SPDX-License-Identifier: MIT */
/*
 * How many more nodes of a kind take the VMs that a fleet has no room for. Nodes of one kind are
 * alike, so what one of them takes the next ones take as well: the VMs of most vCPUs first, then
 * what fits beside them, as plan places them. That number is enough; that fewer are not is proved
 * by the cores and memory in all, by each size alone, and by groups.
 *
 * Where the list has so many sizes that the questions come to an end first, the VMs left are
 * counted size by size, on nodes that take no other: enough all the same.
 */
#ifndef PLANNER_ASSIGN_FLEET_MORE_H
#define PLANNER_ASSIGN_FLEET_MORE_H

#include "planner/assign/request.h"
#include "topology/host/host.h"

typedef struct FleetMore {
	unsigned never; /* VMs that no such node takes, even alone */
	unsigned nodes; /* so many take all the others */
	unsigned least; /* fewer do not: equal to nodes where that is proved */
} FleetMore;

/* Questions to the search and to plan that all kinds of nodes of a fleet share. */
#define FLEET_MORE_QUESTIONS 6000

/* For REQUESTS, of Request, those of most vCPUs first. Nodes are like HOST with INVENTORY, whose
 * VMs are taken away. What is asked is subtracted from QUESTIONS; where none is left, only each
 * size by itself is. */
FleetMore fleet_more(const Host *host, Inventory *inventory, const GPtrArray *requests,
		     unsigned *questions);

#endif
