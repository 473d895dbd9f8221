/* SPDX-License-Identifier: MIT */
/* The exact search's state, shared by its two stages: spans (search_spans.c), rooms
 * (search_exact.c). */
#ifndef PLANNER_SEARCH_FINDER_H
#define PLANNER_SEARCH_FINDER_H

#include "planner/search_internal.h"

/* One decision: which VMs fill a room, or, where a group has several rooms, which sit at level 1 of
 * it (that comes first, room is SEARCH_NEVER). */
typedef struct Slot {
	unsigned group, node, class, room;
	unsigned group_end, node_end; /* the first slot of the next group, node */
} Slot;

/* The order of decisions: by node, then group, then room. */
typedef struct Layout {
	Bounds *bounds;
	Slot *slots;
	unsigned n_slots;
	unsigned level1_end; /* no slot from here on decides about level 1 */
} Layout;

struct Finder {
	const Model *model;
	uint64_t *steps, limit;
	bool stopped; /* the limit is reached: what is not found is not disproved */
	Layout layouts[2];
	Memo *memo;
	uint32_t *words;

	/* of the task */
	const Task *task;
	const Layout *layout;
	const Bounds *bounds;
	unsigned *cap;	 /* slot → cores of the room; of the group at its first slot */
	uint64_t *rest;	 /* weight × slot → most that slots from there on carry */
	uint64_t *later; /* weight × node → most that later nodes carry */

	/* where it stands */
	Packing *space;	     /* what the base and the spans leave */
	unsigned *left_over; /* kind → VMs not seated yet */
	unsigned *outside;   /* kind → VMs that cannot be seated any more */
	unsigned *owed;	     /* group → cores its coarser VMs still need of the rooms to come */
	uint64_t *memory;    /* the space's */
	uint64_t value, spare;
	unsigned left, stage;
	unsigned *in_slot; /* slot × kind → VMs and copies seated there */
};

/* Stage 2: fill the rooms beside the spans that are chosen. True: found. */
bool finder_fill(Finder *finder);
/* Stage 1: choose spans, then fill. */
bool finder_span(Finder *finder);
/* Count a step. True: go on. */
bool finder_step(Finder *finder);
/* How many more VMs may be left. */
unsigned finder_may_leave(const Finder *finder);

#endif
