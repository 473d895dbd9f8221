/* SPDX-License-Identifier: MIT */
/*
 * A drain as it is done: the plans of the nodes that give or get VMs, and the steps, one after the
 * other.
 *
 * VMs that stay are kept on their CPUs. A VM goes to a NUMA node when all have left it that make
 * room there: what is in a NUMA node at any moment is then part of what its new plan has there, and
 * no core is ever two VMs'. Where VMs wait for each other in a circle, one is powered off first.
 */
#ifndef PLANNER_FLEET_DRAIN_STEPS_H
#define PLANNER_FLEET_DRAIN_STEPS_H

#include "planner/fleet/drain.h"

/* A node that gives or gets VMs. */
typedef struct DrainNode {
	unsigned node;
	Inventory *inventory; /* as it is afterwards: all its dedicated VMs with cpus = */
	Plan *before, *after;
} DrainNode;

typedef enum DrainHow {
	DRAIN_LIVE,    /* it migrates while it runs */
	DRAIN_STOPPED, /* powered off here, and on there */
	DRAIN_STOP,    /* powered off: others wait for its room */
	DRAIN_START,   /* and on there, later */
} DrainHow;
/* "live", "stopped", "stop", "start". */
extern const char *const drain_how_names[];

typedef struct DrainStep {
	DrainHow how;
	const DrainVm *vm;
	const DrainNode *from, *to;
	const PlanVm *after;  /* of TO's new plan */
	Migration *migration; /* NULL: it has no place in its node's plan, so it runs nowhere */
} DrainStep;

typedef struct DrainSteps {
	GPtrArray *nodes; /* of DrainNode, by position */
	GPtrArray *steps; /* of DrainStep */
} DrainSteps;

/* The inventory of a node as it is today, yours, for all that DRAIN changes; DATA is the caller's.
 * NULL: it cannot be read any more. */
typedef Inventory *(*DrainRead)(void *data, unsigned node);

/*
 * Plan DRAIN, of STANDINGS. A VM that a plan does not place after all is left where it is, and
 * DRAIN told so. NULL where READ gave NULL. Yours.
 */
DrainSteps *drain_steps_new(Drain *drain, const GPtrArray *standings, DrainRead read, void *data);
void drain_steps_free(DrainSteps *steps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrainSteps, drain_steps_free)
/* That of the node; NULL. */
const DrainNode *drain_steps_node(const DrainSteps *steps, unsigned node);

#endif
