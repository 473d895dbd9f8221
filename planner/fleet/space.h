/* SPDX-License-Identifier: MIT */
/*
 * All rooms of a fleet, and what is left of them while VMs are tried in them.
 *
 * VMs stay where they are; a VM that comes takes what is free. It sits in one NUMA node, or where
 * none is left that holds it, in equal shares over as few nodes of one host as do, unless its spans
 * = never forbids that: as the search assigns VMs (search.h).
 */
#ifndef PLANNER_FLEET_YARD_H
#define PLANNER_FLEET_YARD_H

#include "planner/fleet/standing.h"

/* What a VM takes of one room. */
typedef struct YardPart {
	unsigned room, cores;
	uint64_t memory;
} YardPart;

/* The cores of one class in a NUMA node. */
typedef struct YardRoom {
	unsigned standing, slot; /* positions: of its host, and of its memory */
	const BidRoom *bid;
	unsigned left; /* free cores */
} YardRoom;

typedef struct Yard {
	const GPtrArray *standings; /* of Standing */
	GArray *rooms;		    /* of YardRoom, by host, those of open ones */
	unsigned *first;	    /* by host: its first room; and one more, the end */
	uint64_t *memory;	    /* by slot: bytes left; UINT64_MAX = not known */
	unsigned slots;
	GArray *roomy;		      /* of unsigned: open hosts, most free memory first */
	bool *lost;		      /* by host */
	GPtrArray *shelves;	      /* of YardShelf: rooms that nobody touched, by what is free */
	bool *touched;		      /* by host: a VM was tried there */
	GArray *touches;	      /* of unsigned: those hosts */
	GArray *guests;		      /* of YardGuest: the VMs tried */
	GHashTable *named, *repeated; /* name → a host with a VM of it; → all, where two have */
} Yard;

/* STANDINGS are borrowed. Yours. */
Yard *yard_new(const GPtrArray *standings);
void yard_free(Yard *yard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Yard, yard_free)

static inline YardRoom *yard_room(const Yard *yard, unsigned room)
{
	return &g_array_index(yard->rooms, YardRoom, room);
}

static inline const Standing *yard_standing(const Yard *yard, unsigned standing)
{
	return g_ptr_array_index(yard->standings, standing);
}

/* May VM be on the host, room apart? */
bool yard_allows(const Yard *yard, const StandingVm *vm, unsigned standing);
/* Does ROOM hold it now? */
bool yard_holds(const Yard *yard, const StandingVm *vm, unsigned room);
/* The fewest cores that VM takes of any host. */
unsigned yard_least_cores(const Yard *yard, const StandingVm *vm);
/* Parts of VM in the room that is left smallest by it; false = no room holds it. PARTS, of
 * YardPart, is empty. */
bool yard_find_room(const Yard *yard, const StandingVm *vm, GArray *parts);
/* The same over several NUMA nodes of a host, as few as do. */
bool yard_find_span(const Yard *yard, const StandingVm *vm, GArray *parts);

/* Take PARTS, found for VM; and give back those that were taken last. */
void yard_take(Yard *yard, const StandingVm *vm, const GArray *parts);
void yard_give_back(Yard *yard, const GArray *parts);
/* Nothing is lost or taken; and the same, but MEMBERS (of unsigned, hosts) are lost. */
void yard_reset(Yard *yard);
void yard_lose(Yard *yard, const GArray *members);

#endif
