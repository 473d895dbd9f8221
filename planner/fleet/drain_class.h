/* SPDX-License-Identifier: MIT */
/*
 * Where VMs may go, room apart: NUMA nodes are of one ground where a VM fares alike on all of them.
 * What decides are the threads of their cores and what is said of their nodes.
 */
#ifndef PLANNER_FLEET_DRAIN_GROUND_H
#define PLANNER_FLEET_DRAIN_GROUND_H

#include "planner/fleet/standing.h"
#include "planner/migrate/migrate.h"

#define DRAIN_GROUNDS_MOST 64 /* further ones take no VM: what may go where is 64 bits */

typedef struct DrainGround {
	const Standing *standing; /* one of them */
	unsigned threads;
	Plan *bare; /* the node, without VMs */
} DrainGround;

typedef struct DrainGrounds DrainGrounds;

DrainGrounds *drain_grounds_new(void);
void drain_grounds_free(DrainGrounds *grounds);
/* The ground of a room with so many THREADS on STANDING, new or known. DRAIN_GROUNDS_MOST: there
 * are too many. */
unsigned drain_ground_of(DrainGrounds *grounds, const Standing *standing, unsigned threads);
const DrainGround *drain_ground(const DrainGrounds *grounds, unsigned ground);

/* How VM, on the ground FROM, gets to TO. */
MigrateVerdict drain_passage(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
			     unsigned to);
/* A bit for each ground to which it gets so, or better. */
guint64 drain_passages(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
		       MigrateVerdict most);
/* Why VM does not get to TO: one line, yours. */
char *drain_passage_why(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
			unsigned to);

#endif
