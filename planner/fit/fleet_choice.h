/* SPDX-License-Identifier: MIT */
/*
 * Which VMs of a list a fleet had best take, of the whole list at once.
 *
 * A linear program over the VM sizes asked for, and over all nodes of a kind together, says how
 * many of each size are taken in the best case. It relaxes what is left to whoever places them: a
 * VM over several NUMA nodes may lie on several hosts, and groups and names do not matter. So its
 * value is a bound as well.
 */
#ifndef PLANNER_FIT_FLEET_CHOICE_H
#define PLANNER_FIT_FLEET_CHOICE_H

#include "planner/fit/fleet_bid.h"
#include "planner/fit/request.h"

typedef struct FleetChoice {
	bool *taken; /* by request */
	/* No assignment places more vCPUs, with PREFER_VMS more VMs, while the VMs of the nodes
	 * stay where they are. UINT64_MAX = not known: there are too many sizes, or kinds of nodes.
	 */
	uint64_t bound;
	uint64_t work; /* cells of tables that were filled in: at most FLEET_CHOICE_WORK */
} FleetChoice;

/* Some tenths of a second, whatever the list and the fleet. */
#define FLEET_CHOICE_WORK UINT64_C(200000000)

/* For REQUESTS (of Request), with PREFER_VCPUS or PREFER_VMS; BIDS (of Bid) are the nodes'. Of
 * requests alike the first are taken. Yours. */
FleetChoice *fleet_choice_new(const GPtrArray *bids, const GPtrArray *requests, Prefer prefer);
void fleet_choice_free(FleetChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FleetChoice, fleet_choice_free)

#endif
