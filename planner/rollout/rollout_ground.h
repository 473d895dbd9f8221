/* SPDX-License-Identifier: MIT */
/*
 * Who is where in the midst of a roll-out: the CPUs that each VM and the SDK have, and the memory
 * of the nodes. An actor is a VM, by its index in diff->vms, or the SDK, whose index is their
 * number.
 */
#ifndef PLANNER_ROLLOUT_ROLLOUT_GROUND_H
#define PLANNER_ROLLOUT_ROLLOUT_GROUND_H

#include "planner/rollout/rollout.h"

typedef struct Actor {
	DiffVm *vm;  /* NULL = the SDK */
	GArray *now; /* of unsigned, by vCPU: pins of a dedicated VM that runs, else empty */
	const PlanVm *state; /* whose memory and policy it runs with; NULL while it does not run */
	bool done;	     /* it is as the new plan has it */
	bool cold;	     /* it gets there by a restart */
	bool parked;	     /* once, which is the most */
} Actor;

typedef struct Ground {
	Diff *diff; /* borrowed */
	const Host *host;
	Actor *actors;
	unsigned n;	    /* actors, the SDK with them */
	hwloc_bitmap_t sdk; /* its CPUs now */
	/* By CPU: how many vCPUs are pinned there, and the sum of their VMs' indexes, which names
	 * the VM where there is one. */
	struct GroundSlot {
		unsigned vcpus;
		uint64_t sum;
	} * slots;
	uint64_t *used, *room; /* by node: bytes VMs have, and may have; UINT64_MAX = not known */
} Ground;

Ground *ground_new(Diff *diff);
void ground_free(Ground *ground);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ground, ground_free)

/* The VM goes to the pins TO (borrowed; NULL = it stops) and then runs as STATE says. */
void ground_move(Ground *ground, unsigned actor, const GArray *to, const PlanVm *state);
/* The SDK goes where the new plan has it. */
void ground_move_sdk(Ground *ground);

/*
 * Who stands in the way of ACTOR's going where the new plan has it, HOST_NONE when nobody does.
 * *MEMORY is set where it is for want of memory.
 */
unsigned ground_blocker(const Ground *ground, unsigned actor, bool *memory);
/* A VM other than ACTOR on CPU, HOST_NONE. */
unsigned ground_holder(const Ground *ground, unsigned cpu, unsigned actor);
/*
 * Isolated whole cores that nobody has, nor is going to: positions, those on NODE (a position)
 * first. A GArray of unsigned, yours.
 */
GArray *ground_spares(const Ground *ground, unsigned node);

#endif
