/* SPDX-License-Identifier: MIT */
/* What drain_new() is made of. */
#ifndef PLANNER_FLEET_DRAIN_INTERNAL_H
#define PLANNER_FLEET_DRAIN_INTERNAL_H

#include "planner/fleet/drain.h"
#include "planner/fleet/drain_class.h"

#define DRAIN_PRICE ((int64_t)1 << 20) /* what a move costs */
#define DRAIN_WORSE                                                                                \
	(DRAIN_PRICE * 128) /* and a way that is worse than another: more than all moves */
#define DRAIN_EVICT_MOST 6  /* VMs that make room for one other in its NUMA node */
#define DRAIN_OWN_MOST 64   /* that may do so in one: they are bits of a number */

/* VMs that are alike: one stands for the other. */
typedef struct DrainType {
	unsigned vcpus;
	unsigned helpers; /* threads beside the vCPUs, on cores of their own */
	bool isolate;
	uint64_t memory;
	guint64 classes;	 /* where it may go */
	guint64 unsure, stopped; /* and of those, where in a worse way than to others */
	unsigned leave;		 /* so many of them leave */
	int64_t price;		 /* what it costs to find one a place, at least */
	int row;		 /* in the linear program; -1 = none */
} DrainType;

/* A VM that leaves, or may make room. */
typedef struct DrainOne {
	DrainVm *vm;
	unsigned type;
	unsigned home; /* its bin; DRAIN_NOWHERE of one that leaves */
	unsigned bin;  /* where it goes; DRAIN_NOWHERE = nowhere yet, or it stays */
	bool waits;    /* for a place */
} DrainOne;

/* A NUMA node that takes VMs. */
typedef struct DrainBin {
	unsigned room; /* of the space */
	unsigned standing, class;
	unsigned like;	 /* the first bin that is as good, while nobody came to or left its node */
	unsigned cores;	 /* free ones */
	uint64_t memory; /* free; UINT64_MAX = not known */
	GArray *own;	 /* of DrainOwn: those that may make room, by type */
	int64_t value;	 /* the most that it can give at the prices there are */
	int row;	 /* in the linear program; -1 = none */
} DrainBin;

typedef struct DrainOwn {
	DrainOne *one;
	unsigned cores;
	bool gone;
} DrainOwn;

/* By cores and memory, the most that VMs in so much room are worth, and which came last. */
typedef struct DrainTable {
	unsigned cores, cells; /* the largest of each */
	int64_t *worth;
	int *last;
} DrainTable;

typedef struct DrainProgram {
	Space *space;
	DrainClasses *classes;
	unsigned moves;	    /* most VMs that make room */
	GArray *types;	    /* of DrainType */
	GPtrArray *ones;    /* of DrainOne: those that leave, then others */
	unsigned n_leave;   /* of them */
	unsigned worse;	    /* the most that ways of all of them can be worse, in DRAIN_WORSE */
	int64_t left;	    /* what a VM that is left costs: more than all worse ways */
	GArray *bins;	    /* of DrainBin */
	unsigned *touched;  /* by node: VMs that came or left */
	DrainTable *tables; /* by class */
	uint64_t cell;	    /* bytes of a step in tables' memory */
	int64_t bound;	    /* what a solution costs at least */
	uint64_t work;	    /* steps taken */
} DrainProgram;

static inline DrainType *drain_type(const DrainProgram *program, unsigned type)
{
	return &g_array_index(program->types, DrainType, type);
}

static inline DrainBin *drain_bin(const DrainProgram *program, unsigned bin)
{
	return &g_array_index(program->bins, DrainBin, bin);
}

/* So many times DRAIN_WORSE it costs that one of TYPE goes to CLASS. */
static inline unsigned drain_worse(const DrainType *type, unsigned class)
{
	return (type->unsure >> class & 1) + 2 * (type->stopped >> class & 1);
}

static inline unsigned drain_cores(const DrainProgram *program, const DrainType *type,
				   unsigned class)
{
	const SearchVm vm = {
		.vcpus = type->vcpus, .isolate = type->isolate, .helpers = type->helpers};

	return search_vm_cores(&vm, drain_class(program->classes, class)->threads);
}

/* MEMORY, which may not be known, and more. */
static inline uint64_t drain_more(uint64_t memory, uint64_t more)
{
	return memory == UINT64_MAX ? memory : memory + more;
}

/* What BIN gives at the prices there are, with what is free in it now: VMs that come are worth
 * their prices, and those that make room cost a move and theirs. EVICTED (may be NULL) gets bits of
 * its own that then go. */
int64_t drain_value(DrainProgram *program, const DrainBin *bin, guint64 *evicted);
/* BIN gives no more without so many cores and so much memory, whoever leaves it; -1: it does not
 * have them. */
int64_t drain_value_most(const DrainProgram *program, const DrainBin *bin, unsigned less_cores,
			 uint64_t less_memory);
/* Find prices, what bins give, and the bound. */
void drain_price(DrainProgram *program);
/* Find a place for each that waits, and make it so: `bin` of those that go. What is proved on the
 * way raises the bound. */
void drain_search(DrainProgram *program);

#endif
