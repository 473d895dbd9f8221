/* SPDX-License-Identifier: MIT */
/*
 * A tracing instance of planner's own, in which the kernel counts what interrupts CPUs and VMs: as
 * histograms (topology/facts/histogram.h), never as a stream of events. It is all that planner
 * changes of a machine, and is gone afterwards: signals wait until it is, and what a run that was
 * killed left behind, the next one takes away.
 *
 * Setting it up and taking it away interrupts every CPU some hundred times, since the kernel
 * patches its own code; reading it interrupts none.
 *
 * To add an event: 1. its row in the table of tracing.c; 2. who tells of it, in
 * planner/measure/traced.c.
 */
#ifndef TOPOLOGY_FACTS_TRACING_H
#define TOPOLOGY_FACTS_TRACING_H

#include "topology/base/cpulist.h"

/* Nobody else's, by its name: what is called "planner" may be anybody's. */
#define TRACING_INSTANCE "planner-measure"
/* An event of planner's own: a vCPU was out of its guest for lat nanoseconds, for that reason. */
#define TRACING_EXIT "planner_exit"

typedef struct TraceEvent {
	const char *group, *name;
	const char *trigger; /* without its filter */
	const char *cpu;     /* the field that must be one of the measured CPUs; NULL = any */
	bool noise;	     /* it is of osnoise, and set only where that runs */
} TraceEvent;

/* In the order they are set up, and taken away backwards; ended by a row without a name. */
extern const TraceEvent tracing_events[];

/* Where tracefs is mounted, of the lines of /proc/self/mounts: a later mount counts. Yours; NULL =
 * it is not. */
char *tracing_mounted(const char *mounts);

/* Where tracefs is; where it is not mounted, it is for this process alone. Yours; NULL with
 * PLANNER_ERROR_SYSTEM. */
char *tracing_tracefs(GError **error);

typedef struct Tracing Tracing;

/*
 * Have the kernel count, of CPUS and of all VMs; and look for noise on the CPUs NOISE (NULL = not),
 * if it has osnoise and nobody else uses that. NULL with PLANNER_ERROR_SYSTEM where it cannot be:
 * no tracefs, no right, no histograms, another planner does it now. Hold signals (signals_hold())
 * before; one that waits ends the set-up early. End it by tracing_stop().
 */
Tracing *tracing_start(hwloc_const_bitmap_t cpus, hwloc_const_bitmap_t noise, GError **error);
/* The same in TRACEFS, wherever that is: for tests. */
Tracing *tracing_start_in(const char *tracefs, hwloc_const_bitmap_t cpus,
			  hwloc_const_bitmap_t noise, GError **error);
/* Does the kernel look for noise? */
bool tracing_has_noise(const Tracing *tracing);
/* Where the events and their histograms are; and what could not be counted, of Unread: the
 * tracing's own. */
const char *tracing_folder(const Tracing *tracing);
const GPtrArray *tracing_unread(const Tracing *tracing);
/* Take it away; false with PLANNER_ERROR_SYSTEM where something of it is left. NULL is no tracing.
 */
bool tracing_stop(Tracing *tracing, GError **error);

#endif
