/* SPDX-License-Identifier: MIT */
/*
 * A node of a fleet in plain numbers: the VMs it has, the rooms and memory that its plan leaves.
 *
 * What a fleet is asked about (drain, survive) is worked out from these alone, so that ten thousand
 * nodes are no matter: neither host nor inventory is needed any more.
 */
#ifndef PLANNER_FLEET_STANDING_H
#define PLANNER_FLEET_STANDING_H

#include "planner/fit/fleet_bid.h"

typedef struct StandingVm {
	VmSpec *spec;	 /* as it comes to another host */
	bool shared;	 /* it takes no cores of its own */
	bool cpu_pm;	 /* it has cpu-pm, and must have it where it goes */
	bool device;	 /* near = names devices of this node that it has */
	uint64_t memory; /* in whole pages */
	unsigned room;	/* standing_locate(): its bid's room, which it may leave for another node */
	unsigned cores; /* and what it has of it */
} StandingVm;

#define STANDING_NO_ROOM G_MAXUINT /* it stays where it is */

typedef struct Standing {
	char *name;	  /* unique in the fleet */
	char *group;	  /* what it shares with other nodes; NULL = not said */
	char *kind;	  /* of its hardware */
	const Host *host; /* borrowed */
	NodeSpec *node;
	unsigned modes; /* a bit for each CpuMode: a VM of it that comes here has cpu-pm */
	Bid *bid;	/* its rooms; closed where its plan is bad news: it takes no VM then */
	GPtrArray *vms; /* of StandingVm, in the inventory's order */
} Standing;

/* The node NAME, which HOST and INVENTORY describe; for any thread. Yours. */
Standing *standing_new(const char *name, const Host *host, const Inventory *inventory);
/* Where PLAN, of the same inventory, has its VMs. One is not to make room for others that is over
 * several NUMA nodes, shares a core, has devices, or must be apart or on cores of a kind. */
void standing_locate(Standing *standing, const Plan *plan);
void standing_free(Standing *standing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Standing, standing_free)

/* Cores that SPEC takes of such with so many threads. */
unsigned standing_cores(const VmSpec *spec, unsigned threads);
/* May VM, room apart, be on STANDING? */
bool standing_takes(const Standing *standing, const StandingVm *vm);
/* Must VM be in one NUMA node of STANDING, if anywhere? */
bool standing_whole(const Standing *standing, const StandingVm *vm);
/* Cores of all its VMs but shared ones, on a host of so many threads a core. */
uint64_t standing_need(const Standing *standing, unsigned threads);

#endif
