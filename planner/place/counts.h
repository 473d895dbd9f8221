/* SPDX-License-Identifier: MIT */
/*
 * What is free in rooms, and what VMs take of it: plain counts of cores and memory, cheap to copy.
 * A choice among places is for those to make who count: replay (planner/online/) by what is likely
 * to come, a fleet's bids (planner/fit/fleet_bid.h) by what is lost. The exact search keeps tables
 * of its own (search_internal.h): by kind of VM, for its speed.
 */
#ifndef PLANNER_PLACE_COUNTS_H
#define PLANNER_PLACE_COUNTS_H

#include "planner/place/demand.h"
#include "planner/place/rooms.h"

/* Where a VM sits: at most one share a room. */
typedef struct Assignment {
	unsigned n;
	SearchShare *shares; /* space for one of each room */
} Assignment;

/* What is free. One block of memory, so that a copy is one copy. */
typedef struct Counts {
	const Rooms *rooms; /* borrowed */
	unsigned *free;	    /* by room: cores */
	unsigned *cell;	    /* by cell: cores */
	uint64_t *memory;   /* by node: bytes, UINT64_MAX = not known */
	uint64_t *owed;	    /* by node: bytes that VMs have beyond what it has for VMs */
} Counts;

/* All cores of ROOMS are free; MEMORY, by node, is copied. Yours. */
Counts counts_of(const Rooms *rooms, const uint64_t *memory);
Counts counts_copy(const Counts *counts);
void counts_free(Counts *counts);

/* So many CORES of ROOM, and BYTES of a node's memory, are taken; those of a negative number come
 * back. */
void counts_take_cores(Counts *counts, unsigned room, int cores);
void counts_take_memory(Counts *counts, unsigned node, int64_t bytes);
/* DEMAND takes ASSIGNMENT, or (SIGN -1) gives it back. */
void counts_take(Counts *counts, const Demand *demand, const Assignment *assignment, int sign);

/* Does CELL hold a share, SLICE, by its counts alone; and may the VM have all its rooms, too? */
bool counts_hold(const Counts *counts, unsigned cell, const SearchSlice *slice,
		 const Demand *demand);
bool counts_may_hold(const Counts *counts, unsigned cell, const SearchSlice *slice,
		     const Demand *demand);
/* Add a share, SLICE, in CELL, which has the cores, to ASSIGNMENT: one room that holds it, else the
 * fragments first. */
void counts_share(const Counts *counts, unsigned cell, const SearchSlice *slice,
		  const Demand *demand, Assignment *assignment);

#endif
