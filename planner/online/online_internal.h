/* SPDX-License-Identifier: MIT */
/*
 * What the files of online placement share.
 *
 *   online.c        who runs where; coming and going
 *   online_demand.c what a VM asks for
 *   online_why.c    why a VM has no assignment
 *   online_assign.c assignments on counts of free cores: pure, so the same on a copy
 *   online_value.c  what the free cores are worth to the VMs that are likely to come
 *   online_moves.c  which VMs would have to move
 */
#ifndef PLANNER_ONLINE_ONLINE_INTERNAL_H
#define PLANNER_ONLINE_ONLINE_INTERNAL_H

#include "planner/online/online.h"
#include "planner/place/counts.h"
#include "planner/place/memory_node.h"

/* Do they ask for the same? Those alike in where they may sit are kept as the same. Inline: every
 * decision asks it of each kind of VM seen lately. */
static inline bool online_demands_equal(const Demand *a, const Demand *b)
{
	return a->vm.vcpus == b->vm.vcpus && a->vm.helpers == b->vm.helpers &&
	       a->vm.isolate == b->vm.isolate && a->vm.memory == b->vm.memory &&
	       a->vm.page == b->vm.page && a->vm.node == b->vm.node && a->most == b->most &&
	       a->rooms == b->rooms;
}

typedef struct OnlineValue OnlineValue;

struct Online {
	const Plan *plan;
	OnlinePolicy policy;
	Rooms *rooms;
	Counts now;
	uint64_t *only;	    /* by node: left of those without cores: memory_node.h */
	OnlineValue *value; /* of now */
	unsigned *owner;    /* by core: HOST_NONE = free */
	uint64_t *pooled;   /* by node: bytes that shared VMs have of it */
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
/* Its shares over K cells of CLASS, as search_slices() has them. */
unsigned online_slices(const Online *online, const Demand *demand, unsigned class, unsigned k,
		       SearchSlice slices[SEARCH_SLICES]);

/* online.c */

/* The VMs that WANT says yes to, as COMPARE has them (of OnlineVm *): their table has no order of
 * its own. Of OnlineVm *, the array is yours. */
GPtrArray *online_vms(const Online *online, bool (*want)(const OnlineVm *vm), GCompareFunc compare);
/* The assignment VM has now; space as for online_assignment(). */
void online_assignment_of(const Online *online, const OnlineVm *vm, Assignment *assignment);

/* online_assign.c */

/*
 * Assign DEMAND in what COUNTS has, at the finest level that holds it; ASSIGNMENT->shares has
 * space for as many entries as there are rooms. False when it fits nowhere. VALUE, of the same
 * counts, says which of the places is best; where it is NULL the policy does.
 */
bool online_assignment(const Online *online, const Counts *counts, const OnlineValue *value,
		       OnlinePolicy policy, const Demand *demand, Assignment *assignment);
/* Rooms in ascending order. */
void online_assignment_sort(Assignment *assignment);
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
