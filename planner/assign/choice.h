/* SPDX-License-Identifier: MIT */
/*
 * Which VMs of a list a fleet had best take, of the whole list at once, and what its rooms are
 * worth by that.
 *
 * A linear program over the VM sizes asked for, and over all nodes of a kind together, says how
 * many of each size are taken in the best case. It relaxes what is left to whoever places them: a
 * VM over several NUMA nodes may lie on several hosts, and groups and names do not matter. So its
 * value is a bound as well. Its prices of sizes say what so many cores and so much memory of a NUMA
 * node are worth: the most that VMs in them are.
 */
#ifndef PLANNER_ASSIGN_CHOICE_H
#define PLANNER_ASSIGN_CHOICE_H

#include "planner/assign/request.h"
#include "planner/fit/fleet_bid.h"

/* Cells of tables that are filled in at most: some tenths of a second. */
#define CHOICE_WORK UINT64_C(200000000)
#define CHOICE_UNIT (INT64_C(1) << 16) /* prices are whole numbers: so many for one vCPU, or VM */

/* VMs that ask for the same: as prices see them. */
typedef struct ChoiceType {
	unsigned vcpus, pinned; /* all of one, and those that take cores */
	bool isolate, never, cpu_pm;
	uint64_t memory; /* bytes; no more than any of them has */
	unsigned demand;
	int64_t value, price; /* of one */
	unsigned taken;	      /* so many of them in the best case, rounded down */
} ChoiceType;

/* What a VM of a type takes of one room: CORES of the NEED that it has in all. */
typedef struct ChoiceItem {
	unsigned type, cores, need, memory; /* memory in steps */
	int64_t gain;
} ChoiceItem;

/* Rooms of nodes alike but for what is free in them. */
typedef struct ChoiceKind {
	unsigned threads;
	bool cpu_pm;
	unsigned rooms;	  /* of the class, of one node */
	unsigned largest; /* cores of the largest of them, were it empty; and its memory */
	uint64_t capacity;
	bool even;		/* all of them are as large */
	unsigned cores, memory; /* the most that are free in one; memory in steps */
	GArray *items;		/* of ChoiceItem */
	int64_t *worth;		/* by cores, then memory: what so much is worth */
	int16_t *last;		/* the item that comes last in what is worth that; -1 = none */
} ChoiceKind;

typedef struct ChoiceRoom {
	unsigned kind, cores;
	unsigned slot; /* of its memory */
} ChoiceRoom;

typedef struct Choice {
	const GPtrArray *bids, *requests;
	Prefer prefer;
	GArray *types; /* of ChoiceType */
	GPtrArray *kinds;
	GArray *rooms;	  /* of ChoiceRoom: by node, those of open ones */
	uint64_t *memory; /* by slot: bytes that are free */
	unsigned slots;
	unsigned *type_of; /* by request */
	uint64_t step;	   /* of memory in tables, bytes */
	uint64_t work;	   /* cells of tables that were filled in */
	/* No assignment places more vCPUs, with PREFER_VMS more VMs, while the VMs of the nodes
	 * stay where they are. UINT64_MAX = not known, and so are prices: there are too many sizes,
	 * or kinds of nodes. */
	uint64_t bound;
} Choice;

static inline ChoiceType *choice_type(const Choice *a, unsigned type)
{
	return &g_array_index(a->types, ChoiceType, type);
}

static inline ChoiceKind *choice_kind(const Choice *a, unsigned kind)
{
	return g_ptr_array_index(a->kinds, kind);
}

static inline ChoiceRoom *choice_room(const Choice *a, unsigned room)
{
	return &g_array_index(a->rooms, ChoiceRoom, room);
}

/* For REQUESTS (of Request); with PREFER_ORDER as with PREFER_VCPUS. BIDS (of Bid) are the nodes'.
 * Yours; both are borrowed. */
Choice *choice_new(const GPtrArray *bids, const GPtrArray *requests, Prefer prefer);
void choice_free(Choice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Choice, choice_free)

/* What CORES and MEMORY of a NUMA node of KIND are worth; 0 where it is not known. */
static inline int64_t choice_worth(const Choice *a, const ChoiceKind *kind, unsigned cores,
				   uint64_t memory)
{
	if (!kind->worth)
		return 0;
	return kind
		->worth[(size_t)cores * (kind->memory + 1) + MIN(memory / a->step, kind->memory)];
}

/* choice.c and choice_prices.c: cells that filling in the tables of all kinds takes, once; and find
 * the bound, how many of each type are taken, and the tables at the best prices. */
uint64_t choice_round_work(const Choice *a);
void choice_find_prices(Choice *a);

#endif
