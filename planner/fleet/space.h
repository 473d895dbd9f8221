/* SPDX-License-Identifier: MIT */
/*
 * All rooms of a fleet, and what is left of them while VMs are tried in them.
 *
 * VMs stay where they are; a VM that comes takes what is free. It sits in one NUMA node, or where
 * none is left that holds it, in equal shares over as few nodes of one host as do, unless its spans
 * = never forbids that: as the search assigns VMs (search.h).
 *
 * The cells of planner/place/rooms.h, flat over all hosts, with shelves of those alike, in the
 * order of what is free: a table for each host (planner/place/counts.h) would cost a fleet of ten
 * thousand nodes its speed.
 */
#ifndef PLANNER_FLEET_SPACE_H
#define PLANNER_FLEET_SPACE_H

#include "planner/fleet/standing.h"

/* What a VM takes of one room. */
typedef struct SpacePart {
	unsigned room, cores;
	uint64_t memory;
} SpacePart;

#define SPACE_NO_ROOM G_MAXUINT

/* The cores of one class in a NUMA node. */
typedef struct SpaceRoom {
	unsigned standing, slot; /* positions: of its host, and of its memory */
	const BidRoom *bid;
	unsigned left; /* free cores */
	struct SpaceShelf *shelf;
	GSequenceIter *at; /* on the shelf */
} SpaceRoom;

/* Hosts that can be shut together. */
typedef struct SpaceZone {
	bool shut;     /* they are as if lost */
	GArray *hosts; /* of unsigned, open ones, most free memory first */
} SpaceZone;

typedef struct Space {
	const GPtrArray *standings; /* of Standing */
	GArray *rooms;		    /* of SpaceRoom, by host, those of open ones */
	unsigned *first;	    /* by host: its first room; and one more, the end */
	uint64_t *memory;	    /* by slot: bytes left; UINT64_MAX = not known */
	unsigned slots;
	unsigned *roomy;	      /* by host: its rank, most free memory first */
	bool *lost;		      /* by host */
	unsigned *free;		      /* by host: cores of all its rooms */
	unsigned *zone;		      /* by host: 0, or what space_set_zone() said */
	GArray *zones;		      /* of SpaceZone */
	GPtrArray *shelves;	      /* of SpaceShelf: rooms alike, by what is free */
	GSequence *aside;	      /* rooms that are on no shelf while they change */
	bool *touched;		      /* by host: a VM was tried there */
	GArray *touches;	      /* of unsigned: those hosts */
	GArray *guests;		      /* of SpaceGuest: the VMs tried */
	GHashTable *named, *repeated; /* name → a host with a VM of it; → all, where two have */
} Space;

/* STANDINGS are borrowed. Yours. */
Space *space_new(const GPtrArray *standings);
void space_free(Space *space);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Space, space_free)

static inline SpaceRoom *space_room(const Space *space, unsigned room)
{
	return &g_array_index(space->rooms, SpaceRoom, room);
}

static inline const Standing *space_standing(const Space *space, unsigned standing)
{
	return g_ptr_array_index(space->standings, standing);
}

/* The host goes from its zone to another. */
void space_set_zone(Space *space, unsigned standing, unsigned zone);
void space_shut(Space *space, unsigned zone, bool shut);

static inline SpaceZone *space_zone(const Space *space, unsigned zone)
{
	return &g_array_index(space->zones, SpaceZone, zone);
}

/* Is the host lost, or its zone shut? */
static inline bool space_is_gone(const Space *space, unsigned standing)
{
	return space->lost[standing] || space_zone(space, space->zone[standing])->shut;
}

/* Is a VM of its name there? Its own host is lost, or asked for nothing. */
bool space_has_name(const Space *space, const StandingVm *vm, unsigned standing);
/* May VM be on the host, room apart? */
bool space_allows(const Space *space, const StandingVm *vm, unsigned standing);
/* Does ROOM hold it now? */
bool space_holds(const Space *space, const StandingVm *vm, unsigned room);
/* The fewest cores that VM takes of any host. */
unsigned space_least_cores(const Space *space, const StandingVm *vm);
/* Parts of VM in the room that is left smallest by it; false = no room holds it. PARTS, of
 * SpacePart, is empty. */
bool space_find_room(const Space *space, const StandingVm *vm, GArray *parts);
/* The same over several NUMA nodes of a host, as few as do. */
bool space_find_span(const Space *space, const StandingVm *vm, GArray *parts);

/* The room of the host with most memory free; SPACE_NO_ROOM = it has none. */
unsigned space_roomiest(const Space *space, unsigned standing);

/* Take PARTS, found for VM; and give back what it took. */
void space_take(Space *space, const StandingVm *vm, const GArray *parts);
void space_give_back(Space *space, const StandingVm *vm, const GArray *parts);
/* So much more is free in ROOM. */
void space_free_up(Space *space, unsigned room, unsigned cores, uint64_t memory);
/* Nothing is lost or taken; and the same, but MEMBERS (of unsigned, hosts) are lost. */
void space_reset(Space *space);
void space_lose(Space *space, const GArray *members);

#endif
