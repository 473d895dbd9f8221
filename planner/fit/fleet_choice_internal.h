/* SPDX-License-Identifier: MIT */
/* What the files fleet_choice*.c share. */
#ifndef PLANNER_FIT_CHOICE_INTERNAL_H
#define PLANNER_FIT_CHOICE_INTERNAL_H

#include "planner/fit/fleet_choice.h"

#define CHOICE_UNIT (INT64_C(1) << 16) /* prices are whole numbers: so many for one vCPU, or VM */

/* VMs that ask for the same: as prices see them. */
typedef struct ChoiceType {
	unsigned vcpus, pinned; /* all of one, and those that take cores */
	bool isolate, never, cpu_pm;
	uint64_t memory; /* bytes; no more than any of them has */
	unsigned demand;
	int64_t value, price; /* of one */
	unsigned taken;	      /* so many of them, rounded down */
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
	GArray *rooms;	   /* of ChoiceRoom */
	uint64_t *memory;  /* by slot: bytes that are free */
	unsigned *type_of; /* by request */
	uint64_t step;	   /* of memory in tables, bytes */
	uint64_t work;	   /* cells of tables that were filled in */
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

/* Cells that filling in the tables of all kinds takes, once. */
uint64_t choice_round_work(const Choice *a);
/* Find the bound, and how many of each type are taken (fleet_choice_prices.c). */
void choice_find_prices(Choice *a);

#endif
