/* SPDX-License-Identifier: MIT */
/* What the files of the exact search share: where it stands. */
#ifndef PLANNER_SEARCH_SEARCH_FINDER_H
#define PLANNER_SEARCH_SEARCH_FINDER_H

#include "planner/search/search_internal.h"

/* One decision: what sits coarser in a group (room is SEARCH_NEVER), then, what fills a room. */
typedef struct Slot {
	unsigned group, node, class, room;
	unsigned group_end, node_end; /* the first slot of the next group, node */
	bool whole;		      /* the group's only room */
} Slot;

/* The order of decisions: by node, then group, then room. */
typedef struct Layout {
	Rows *rows;
	GroupFill *fills; /* of each group */
	Slot *slots;
	unsigned n_slots;
	unsigned optimized; /* how often, without and with copies */
	bool optimized_copies;
} Layout;

/* The shares of a sort that are assigned. */
typedef struct Shares {
	unsigned sum;
	unsigned *later;    /* group → groups after it that could hold one */
	unsigned most, vms; /* of the way, at its first sort: most in a group, VMs they are of */
} Shares;

struct Finder {
	const Model *model;
	uint64_t *steps, limit;
	bool stopped; /* the limit is reached: what is not found is not disproved */
	Layout layouts[2];
	Memo *memo;
	uint32_t *words;

	/* of the task */
	const SearchTask *task;
	const Layout *layout;
	const Rows *rows;
	bool spans;	       /* may VMs span nodes? */
	unsigned leave_end;    /* no VM can be spread from this slot on */
	unsigned *cap;	       /* slot → cores; of the group at its first slot */
	unsigned *cap_line;    /* of a group */
	unsigned *group_cores; /* slot → cores of the group's rooms from there on */
	unsigned *node_cores;  /* slot → cores of the node's groups after this one */
	int64_t *rest;	       /* row × slot → what slots from there on carry */
	double *later_memory;  /* node → bytes in the nodes after it */
	unsigned *half_later;  /* group × slice → groups after it that could hold such a share */
	int half_sort;	       /* its first sort, -1 = none of the rows' */

	/* where it stands */
	unsigned *rem;	/* kind → VMs not assigned yet */
	unsigned *owed; /* group → cores its coarser VMs still need of the rooms to come */
	Shares *shares; /* of each sort */
	unsigned half[SEARCH_SLICES]; /* shares the partly placed VM misses */
	uint64_t half_nodes[SEARCH_SLICES];
	unsigned last_row; /* that said no */
	unsigned pending;  /* shares missing, of all sorts */
	uint64_t *memory;
	uint64_t value, spare;
	unsigned far, spread;
	unsigned *in_slot;    /* slot × kind → VMs and copies assigned there */
	unsigned *share_slot; /* group × sort → shares */
};

/* What a room is being filled with: what it must carry, and does, by the rows with a tail. */
typedef struct Room {
	unsigned slot;
	int64_t missing[ROWS_MOST];
} Room;

/* A less B, and never below 0. */
static inline uint64_t saturating_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* How many VMs may still be spread, or far; SEARCH_NEVER = any number. */
unsigned finder_may_leave(const Finder *f);
unsigned finder_may_part(const Finder *f);
/* VMs of the way that begins with sort FIRST, by the shares that are assigned. */
unsigned finder_way_vms(const Finder *f, unsigned first);
/* Does the partly placed VM miss any share? */
bool finder_half_misses(const Finder *f);
/* Cores that the rooms from that of SLOT on have to leave to coarser VMs of their group. */
unsigned finder_owed(const Finder *f, unsigned slot);

/* What all rooms from SLOT on carry at most by row R (search_carry.c). */
int64_t finder_carry(const Finder *f, unsigned r, unsigned slot);
/* The same of the group's rooms from that of SLOT on, which give up so many cores. */
int64_t finder_carry_rooms(const Finder *f, unsigned r, unsigned slot, unsigned cores);
/* Can the slots from SLOT on not carry what they must? Also says what ROOM must carry. */
bool finder_hopeless(Finder *f, unsigned slot, Room *room);

/* Assign what there is from SLOT on, in every way that may do; true: found (search_fill.c). */
bool finder_visit(Finder *f, unsigned slot);

/* The layout for such tasks; made when first asked for (search_layout.c). */
Layout *finder_layout(Finder *f, bool merged);
/* Before a search: the task's layout is in use, … */
void finder_take_layout(Finder *f, bool merged);
/* … the rooms are as its base leaves them, and what they carry is known. */
void finder_prepare(Finder *f);

#endif
