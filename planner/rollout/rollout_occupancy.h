/* SPDX-License-Identifier: MIT */
/*
 * Who is where in the midst of a roll-out: the CPUs that each VM and the SDK have, and the memory
 * of the nodes. An actor is a VM, by its index in diff->vms, or the SDK, whose index is their
 * number.
 *
 * Counted by CPU, not by rooms (planner/place/rooms.h): on the way two VMs may have one CPU, VMs
 * may have CPUs of the host, and two plans, with rooms of their own, are true at once.
 */
#ifndef PLANNER_ROLLOUT_ROLLOUT_OCCUPANCY_H
#define PLANNER_ROLLOUT_ROLLOUT_OCCUPANCY_H

#include "planner/rollout/rollout.h"

typedef struct Actor {
	DiffVm *vm;  /* NULL = the SDK */
	GArray *now; /* of unsigned, by vCPU: pins of a dedicated VM that runs, else empty */
	const PlanVm *state; /* whose memory and policy it runs with; NULL while it does not run */
	bool done;	     /* it is as the new plan has it */
	bool cold;	     /* it gets there by a restart */
	bool parked;	     /* once, which is the most */
} Actor;

typedef struct Occupancy {
	Diff *diff; /* borrowed */
	const Host *host;
	Actor *actors;
	unsigned n;	    /* actors, the SDK with them */
	hwloc_bitmap_t sdk; /* its CPUs now */
	/* By CPU: how many vCPUs are pinned there, and the sum of their VMs' indexes, which names
	 * the VM where there is one. */
	struct OccupancySlot {
		unsigned vcpus;
		uint64_t sum;
	} * slots;
	uint64_t *used, *room; /* by node: bytes VMs have, and may have; UINT64_MAX = not known */
} Occupancy;

Occupancy *occupancy_new(Diff *diff);
void occupancy_free(Occupancy *occupancy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Occupancy, occupancy_free)

/* The VM goes to the pins TO (borrowed; NULL = it stops) and then runs as STATE says. */
void occupancy_move(Occupancy *occupancy, unsigned actor, const GArray *to, const PlanVm *state);
/* The SDK goes where the new plan has it. */
void occupancy_move_sdk(Occupancy *occupancy);

/*
 * Who stands in the way of ACTOR's going where the new plan has it, HOST_NONE when nobody does.
 * *MEMORY is set where it is for want of memory.
 */
unsigned occupancy_blocker(const Occupancy *occupancy, unsigned actor, bool *memory);
/* A VM other than ACTOR on CPU, HOST_NONE. */
unsigned occupancy_holder(const Occupancy *occupancy, unsigned cpu, unsigned actor);
/*
 * Isolated whole cores that nobody has, nor is going to: positions, those on NODE (a position)
 * first. A GArray of unsigned, yours.
 */
GArray *occupancy_spares(const Occupancy *occupancy, unsigned node);

#endif
