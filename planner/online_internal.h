/* SPDX-License-Identifier: MIT */
/* What online.c and online_moves.c share: the state in counts, small enough to copy for every "what
 * if". */
#ifndef PLANNER_ONLINE_INTERNAL_H
#define PLANNER_ONLINE_INTERNAL_H

#include "planner/online.h"

/* A room: free cores of one class that share a node and an L3. What never changes. */
typedef struct Room {
	unsigned node, class, threads;
	unsigned capacity;
	GArray *cores; /* of unsigned: positions in host->cores, ascending */
} Room;

/* A VM's demand, as counts. */
typedef struct Demand {
	unsigned vcpus;
	bool isolate;
	uint64_t memory, page;
	unsigned node; /* G_MAXUINT = any */
} Demand;

/* Some cores of a room. */
typedef struct Taken {
	unsigned room, cores, vcpus;
} Taken;

/* Where a demand sits: at most one entry a room. */
typedef struct Seat {
	unsigned n;
	Taken *taken; /* room for n_rooms entries */
} Seat;

struct Online {
	const Plan *plan;
	const Inventory *inventory;
	OnlinePolicy policy;
	GArray *rooms;	    /* of Room, by node and lowest CPU */
	unsigned *free;	    /* by room: free cores */
	uint64_t *memory;   /* by node: bytes left, UINT64_MAX = not known */
	unsigned *capacity; /* by class (index of class_ids): largest room */
	GArray *classes;    /* of unsigned: class ids, sorted by first room */
	uint64_t **slots;   /* by class: for each number of free cores, what they are worth */
	bool *taken;	    /* by core */
	unsigned *room_of;  /* by core: its room, where it has one */
	GHashTable *vms;    /* id → OnlineVm, owned */
	GArray *scratch;    /* of Taken: the seat being decided */
	unsigned vcpus, cores_taken, cores_all;
	hwloc_bitmap_t pool;
};

/*
 * Seat DEMAND in the rooms as FREE and MEMORY have them, at the finest level that holds it;
 * SEAT->taken has space for as many entries as there are rooms. False when it fits nowhere.
 */
bool online_seat(const Online *online, const unsigned *free, const uint64_t *memory,
		 const Demand *demand, Seat *seat);
/* Take a seat from, or (SIGN -1) give it back to, the counts. */
void online_count(const Online *online, unsigned *free, uint64_t *memory, const Demand *demand,
		  const Seat *seat, int sign);
Demand online_demand(const Online *online, const VmSpec *spec);
/* The seat VM has now; space as for online_seat(). */
void online_seat_of(const Online *online, const OnlineVm *vm, Seat *seat);
/* Bytes a share of VCPUS takes. */
uint64_t online_share_memory(const Demand *demand, unsigned vcpus);

#endif
