/* SPDX-License-Identifier: MIT */
/*
 * What the files of online placement share.
 *
 *   online.c        who runs where; coming and going
 *   online_demand.c what a VM needs, as counts
 *   online_why.c    why a VM has no assignment
 *   online_assign.c assignments on counts of free cores: pure, so the same on a copy
 *   online_value.c  what the free cores are worth to the VMs that are likely to come
 *   online_moves.c  which VMs would have to move
 */
#ifndef PLANNER_ONLINE_ONLINE_INTERNAL_H
#define PLANNER_ONLINE_ONLINE_INTERNAL_H

#include "planner/online/online.h"
#include "planner/place/rooms.h"
#include "planner/search/search.h"

/* What is free. One block of memory, so that a copy is one copy. */
typedef struct Counts {
	unsigned *free;	  /* by room: cores */
	unsigned *cell;	  /* by cell: cores */
	uint64_t *memory; /* by node: bytes, UINT64_MAX = not known */
} Counts;

/* A VM's demand, as counts. */
typedef struct Demand {
	unsigned vcpus, helpers;
	bool isolate;
	uint64_t memory, page;
	unsigned node;		   /* G_MAXUINT = any */
	uint64_t whole;		   /* memory in whole pages */
	unsigned most;		   /* nodes it may be over */
	const bool *rooms, *cells; /* by room, cell: may it sit there? NULL = anywhere. A cell all
				      of whose rooms it may have. Those alike are the same */
} Demand;

/* Inline: every decision asks it of each kind of VM seen lately. */
static inline bool online_demands_equal(const Demand *a, const Demand *b)
{
	return a->vcpus == b->vcpus && a->helpers == b->helpers && a->isolate == b->isolate &&
	       a->memory == b->memory && a->page == b->page && a->node == b->node &&
	       a->most == b->most && a->rooms == b->rooms;
}

/* The cores that a demand takes, of THREADS threads each. */
static inline unsigned online_cores(const Demand *d, unsigned threads)
{
	return search_cores(d->vcpus, threads, d->isolate) +
	       (d->helpers ? search_cores(d->helpers, threads, false) : 0);
}

/* Where a demand sits: at most one entry a room. */
typedef struct Assignment {
	unsigned n;
	SearchShare *taken; /* room for n_rooms entries */
} Assignment;

typedef struct OnlineValue OnlineValue;

struct Online {
	const Plan *plan;
	const Inventory *inventory;
	OnlinePolicy policy;
	Rooms *rooms;
	Counts now;
	OnlineValue *value; /* of now */
	unsigned *owner;    /* by core: HOST_NONE = free */
	GPtrArray *allowed; /* of bool *: what demands have as rooms, then cells */
	GHashTable *vms;    /* id → OnlineVm, owned */
	GPtrArray *
		outside; /* of PlanVm, borrowed: VMs with cores that are no business of the rooms */
	GPtrArray *spare; /* of OnlineVm: records of VMs that left, for those that come */
	GArray *scratch;  /* of SearchShare: the assignment being decided */
	unsigned vcpus, cores_taken, cores_all;
	hwloc_bitmap_t pool;
};

static inline const Room *online_room(const Online *online, unsigned room)
{
	return &online->rooms->room[room];
}

static inline const RoomCell *online_cell(const Online *online, unsigned cell)
{
	return &online->rooms->cell[cell];
}

/* online_demand.c */

Demand online_demand(const Online *online, const VmSpec *spec);
/* DEMAND, of SPEC, may not be with the VMs that run and that it must be apart from. */
void online_demand_apart(const Online *online, const VmSpec *spec, Demand *demand);
uint64_t online_part_memory(const Demand *demand, unsigned vcpus);

/* Bytes a share of VCPUS takes. */
static inline uint64_t online_share_memory(const Demand *demand, unsigned vcpus)
{
	return vcpus == demand->vcpus ? demand->whole : online_part_memory(demand, vcpus);
}

/* Its shares over K cells of CLASS, as search_slices() has them. */
unsigned online_slices(const Online *online, const Demand *demand, unsigned class, unsigned k,
		       SearchSlice slices[SEARCH_SLICES]);

/* online.c */

/* The assignment VM has now; space as for online_assignment(). */
void online_assignment_of(const Online *online, const OnlineVm *vm, Assignment *assignment);

/* online_assign.c */

Counts online_counts_new(const Online *online);
Counts online_counts_copy(const Online *online, const Counts *counts);
void online_counts_free(Counts *counts);
/*
 * Assign DEMAND in what COUNTS has, at the finest level that holds it; ASSIGNMENT->taken has
 * space for as many entries as there are rooms. False when it fits nowhere. VALUE, of the same
 * counts, says which of the places is best; where it is NULL the policy does.
 */
bool online_assignment(const Online *online, const Counts *counts, const OnlineValue *value,
		       OnlinePolicy policy, const Demand *demand, Assignment *assignment);
/* Add a share, SLICE, in CELL, which has the cores, to ASSIGNMENT: one room that holds it, else the
 * fragments first. */
void online_share(const Online *online, const Counts *counts, unsigned cell,
		  const SearchSlice *slice, const Demand *demand, Assignment *assignment);
/* Rooms in ascending order. */
void online_assignment_sort(Assignment *assignment);
/* Does CELL hold a share, SLICE? */
bool online_holds(const Online *online, const Counts *counts, unsigned cell,
		  const SearchSlice *slice, const Demand *demand);
/* Take an assignment from, or (SIGN -1) give it back to, the counts. */
void online_count(const Online *online, Counts *counts, const Demand *demand,
		  const Assignment *assignment, int sign);

/* online_value.c */

OnlineValue *online_value_new(void);
void online_value_free(OnlineValue *value);
/* One more VM like this was seen. */
void online_value_learn(const Online *online, OnlineValue *value, const Demand *demand);
/* The assignment was taken from the counts, or (SIGN -1) given back to them, just now. */
void online_value_update(const Online *online, OnlineValue *value, const Assignment *assignment,
			 int sign);
/* The memory of NODE changed. */
void online_value_node(const Online *online, OnlineValue *value, unsigned node);
/* What is lost when DEMAND takes NEED cores, and its memory, of CELL; and of a room of CELL's class
 * with FREE cores. */
double online_value_cell(const Online *online, const OnlineValue *value, unsigned cell,
			 unsigned need, const Demand *demand);
double online_value_room(const OnlineValue *value, unsigned class, unsigned free, unsigned need);

#endif
