/* SPDX-License-Identifier: MIT */
/*
 * The spare that a fleet must keep: free cores, room by room, in which the VMs of each loss, one at
 * a time, find their places. As few cores in all as are found; and a bound that no spare is below:
 *
 *   the largest loss must fit in the spare; and as no loss may use the spare of its own nodes, the
 *   sum over all losses needs each core of spare as often as there are losses, but one.
 *
 * Losses are packed one after the other, large ones first, into what is kept already, and it grows
 * by as little as it can; then rooms are given up that all losses can do without. In a small fleet
 * all choices are tried as well.
 */
#ifndef PLANNER_FLEET_SPARE_H
#define PLANNER_FLEET_SPARE_H

#include "planner/fleet/loss.h"

/* Losses of nodes share no node, nor do those of groups; those of pairs do. */
typedef enum SpareKind { SPARE_NODE, SPARE_GROUP, SPARE_PAIR, SPARE_KINDS } SpareKind;

/* Nodes that may be lost at once, and what becomes of their VMs. */
typedef struct SpareLoss {
	const GArray *members; /* of unsigned */
	const Loss *loss;
	SpareKind kind;
} SpareLoss;

/* What is kept of one room. */
typedef struct SpareRoom {
	unsigned room, cores;
	uint64_t memory;
} SpareRoom;

typedef struct Spare {
	unsigned losses; /* that it is for: those that all VMs survive */
	uint64_t cores, memory;
	uint64_t bound; /* no spare has fewer cores; equal where that is proved */
	GArray *rooms;	/* of SpareRoom, by room */
} Spare;

/* For LOSSES, of SpareLoss. Leaves the space as it was. Yours. */
Spare *spare_new(Space *space, const GArray *losses);
void spare_free(Spare *spare);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spare, spare_free)

/* The steps of spare_new(). */

/* What is kept, while it is worked out. */
typedef struct SpareKept {
	Space *space;
	const GArray *losses; /* of SpareLoss: those that it is for, large ones first */
	unsigned *cores;      /* by room */
	uint64_t *memory;     /* by slot: bytes that a loss takes of it, at most */
	uint64_t total;	      /* cores */
	bool spans;	      /* a VM is over several NUMA nodes */
} SpareKept;

/* The bound, by counting (spare_bound.c). */
uint64_t spare_least(const Space *space, const GArray *losses);
/* Keep fewer if any choice of rooms does; true where all were tried (spare_search.c). */
bool spare_search(SpareKept *kept, uint64_t bound);

#endif
