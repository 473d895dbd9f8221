/* SPDX-License-Identifier: MIT */
/*
 * Which node of a fleet takes which VM, for the whole list at once, in plain numbers.
 *
 * The prices of VM sizes (choice.h) say what is left in a NUMA node is worth. Each VM goes where
 * that falls least; then a few nodes at a time are emptied of the VMs that they took and filled
 * anew, with those that have no place yet, and what is better stays. With PREFER_ORDER requests are
 * accepted in their order, and one that has no room where the others sit gets it if a few nodes,
 * filled anew, hold it too: none is given up for it.
 *
 * These are the rooms that plan leaves: whether plan does place the VMs of a node is for the caller
 * to prove. So is what only fits when VMs that a node has already sit elsewhere. Requests that ask
 * for more than cores, memory and a NUMA node (a socket, an L3, a kind of cores, distance to other
 * VMs) get no node here.
 */
#ifndef PLANNER_ASSIGN_ASSIGN_H
#define PLANNER_ASSIGN_ASSIGN_H

#include "planner/assign/request.h"
#include "planner/fit/fleet_bid.h"

/* Rooms that are looked at in the search for better, at most: some tenths of a second. */
#define ASSIGN_WORK UINT64_C(16000000)

typedef struct Assignment {
	unsigned *nodes; /* by request: the position of its node; G_MAXUINT = none */
	uint64_t bound;	 /* choice.h; with PREFER_ORDER UINT64_MAX */
	uint64_t work;	 /* rooms that were looked at */
} Assignment;

/* For REQUESTS (of Request), in order of priority; BIDS (of Bid) are the nodes'. Yours. */
Assignment *assign_compute(const GPtrArray *bids, const GPtrArray *requests, Prefer prefer);
void assignment_free(Assignment *assignment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assignment, assignment_free)

#endif
