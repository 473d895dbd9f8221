/* SPDX-License-Identifier: MIT */
/*
 * Where VMs may go, room apart: NUMA nodes are of one class where a VM fares alike on all of them.
 * What decides are the threads of their cores and what is said of their nodes.
 */
#ifndef PLANNER_FLEET_DRAIN_CLASS_H
#define PLANNER_FLEET_DRAIN_CLASS_H

#include "planner/fleet/standing.h"
#include "planner/migrate/migrate.h"

#define DRAIN_CLASSES_MOST 64 /* further ones take no VM: what may go where is 64 bits */

typedef struct DrainClass {
	const Standing *standing; /* one of them */
	unsigned threads;
	Plan *bare; /* the node, without VMs */
} DrainClass;

typedef struct DrainClasses DrainClasses;

DrainClasses *drain_classes_new(void);
void drain_classes_free(DrainClasses *classes);
/* The class of a room with so many THREADS on STANDING, new or known. DRAIN_CLASSES_MOST: there
 * are too many. */
unsigned drain_class_of(DrainClasses *classes, const Standing *standing, unsigned threads);
const DrainClass *drain_class(const DrainClasses *classes, unsigned class);

/* Bits of classes, by how a VM gets there. */
typedef struct DrainReach {
	guint64 live, unsure, stopped; /* surely live; perhaps; powered off and on */
} DrainReach;

/* How VM, on a node of the class FROM, gets to TO. */
MigrateVerdict drain_passage(const DrainClasses *classes, const StandingVm *vm, unsigned from,
			     unsigned to);
/* The same for all classes; to none for one with devices of its node, or on a class too many. */
DrainReach drain_reach(const DrainClasses *classes, const StandingVm *vm, unsigned from);

static inline guint64 drain_reach_any(const DrainReach *reach)
{
	return reach->live | reach->unsure | reach->stopped;
}

/* Why VM does not get to TO: one line, yours. */
char *drain_passage_why(const DrainClasses *classes, const StandingVm *vm, unsigned from,
			unsigned to);

#endif
