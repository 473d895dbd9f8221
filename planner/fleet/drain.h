/* SPDX-License-Identifier: MIT */
/*
 * Emptying nodes: where each of their VMs goes, and which VMs of other nodes move to make room.
 *
 * First as few VMs as possible are left where they are; then as many as possible go in the best way
 * that any node offers them; then as few others as possible move; then as little of their memory.
 * The best way is to migrate live, as far as the nodes tell (migrate.h); perhaps live is worse, and
 * to be powered off and on as bad as two of those. A VM that makes room goes live, to another node,
 * once. Prices of VMs by their type, from a linear program over what NUMA
 * nodes may hold, give the bound (drain_price.c) and guide the search (drain_search.c).
 *
 * A VM that is over several NUMA nodes, or wants a kind of cores or to be apart from others, goes
 * where there is room for it as the others are; nobody makes room for it.
 */
#ifndef PLANNER_FLEET_DRAIN_H
#define PLANNER_FLEET_DRAIN_H

#include "planner/fleet/space.h"
#include "planner/migrate/migrate.h"

#define DRAIN_MOVES_MOST 64

typedef struct DrainVm {
	const StandingVm *vm;
	unsigned from; /* its node: position */
	bool leaves;   /* its node is drained; else it makes room */
	unsigned to;   /* a node; DRAIN_NOWHERE = it is left where it is */
	char *why;     /* it is left: one line; NULL */
} DrainVm;

#define DRAIN_NOWHERE G_MAXUINT

typedef struct Drain {
	GPtrArray *vms;	 /* of DrainVm: those that leave, by node and in its order; then those that
			    make room */
	unsigned left;	 /* that leave, but have no place */
	unsigned stuck;	 /* of those: that may go to no other node, whoever makes room */
	unsigned moves;	 /* that make room */
	uint64_t memory; /* of those */
	/* No way with so many moves leaves fewer; and none that leaves as few, and powers off as
	 * few, moves fewer. */
	unsigned left_bound, moves_bound;
	bool unsure; /* some VM goes that nobody makes room for: the bounds are without it */
} Drain;

/* Empty MEMBERS (of unsigned) of STANDINGS (of Standing, located, borrowed), with at most MOVES
 * moves of others. Yours. */
Drain *drain_new(const GPtrArray *standings, const GArray *members, unsigned moves);
void drain_free(Drain *drain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drain, drain_free)

#endif
