/* SPDX-License-Identifier: MIT */
/*
 * All there is to say about the capacity of one node: each size alone, with why no more; the best
 * mix; the largest VM; what is free, and what of it is stranded.
 */
#ifndef PLANNER_FIT_FIT_NODE_H
#define PLANNER_FIT_FIT_NODE_H

#include "planner/fit/fit.h"

/* What there is too little of for one more. */
typedef enum FitLimit {
	FIT_CORES,    /* no more memory would do */
	FIT_MEMORY,   /* with more memory one more would fit */
	FIT_TOGETHER, /* as CORES, but as many cores are free: not together */
	FIT_SEARCH,   /* the budget ran out: it is not known that one more does not fit */
	FIT_NOTHING,  /* FIT_MOST fit */
} FitLimit;
extern const char *const fit_limit_names[]; /* "cores", … as in the document */

/* One size, alone. */
typedef struct FitAnswer {
	VmSpec *spec; /* its name is the size: "8:16G" */
	bool asked;   /* by the user, not one of the usual */
	FitCount count;
	unsigned *nodes;   /* by node: so many sit in it */
	unsigned across;   /* so many over several nodes */
	GPtrArray *movers; /* of PlanVm *, borrowed: those that move for it */
	FitLimit limit;
	unsigned cores_alone; /* so many would fit if memory were no matter */
	unsigned cores_left;  /* free cores beside them all, of those VMs may have */
	uint64_t memory_left; /* and memory, UINT64_MAX = not known */
	char *why, *fix;      /* why one more does not fit, what would make it; NULL = not known */
	GPtrArray *changes;   /* of Change: fix, NULL where why is */
} FitAnswer;

/* The largest VM that fits, of as much memory a vCPU as the usual sizes have. */
typedef struct FitLargest {
	unsigned vcpus; /* 0 = none */
	unsigned node;	/* it is in that node, HOST_NONE = over several; where today's plan leaves
			   it room somewhere without another VM moving, it is there */
	unsigned l3;	/* in that L3, HOST_NONE = over several, or there is none */
	unsigned nodes; /* over so many */
	bool proved;
} FitLargest;

/* The cores of one node and L3 that VMs may have, as plan leaves them. */
typedef struct FitRoom {
	unsigned node, l3, threads; /* positions; of each core */
	unsigned cores, free;
	hwloc_bitmap_t cpus; /* of the free ones */
} FitRoom;

/* CPUs that no VM gets although no VM runs on them. */
typedef struct FitStranded {
	hwloc_bitmap_t cpus;
	const char *why; /* static */
	GPtrArray *vms;	 /* of PlanVm *, borrowed: beside whom; empty where it is of no VM */
} FitStranded;

typedef struct FitMix {
	GArray *parts;	/* of FitSize, largest first, none of them 0 */
	unsigned sets;	/* of the ratio asked for; 0 where none was */
	uint64_t vcpus; /* of all parts */
	bool proved;	/* no mix has more: of sets, then of vCPUs */
} FitMix;

enum { FIT_L3, FIT_NODE, FIT_NODES, FIT_LEVELS };

/* Further steps for the whole answer, beside those that plan itself may take: so many times as
 * many. */
#define FIT_BUDGET_TIMES 6

typedef struct Fit {
	Plan *plan; /* today's, of the inventory as it is */
	FitBase *base;
	uint64_t steps, part;	 /* of the search: left for later questions, and for this one */
	uint64_t per_vcpu, page; /* of the usual sizes' memory: as most of the VMs have it; 0 */
	GPtrArray *sizes;	 /* of FitAnswer, in the order asked, then by size */
	FitMix mix;
	FitLargest largest[FIT_LEVELS];
	GArray *rooms;	     /* of FitRoom, by node, then lowest CPU */
	uint64_t *memory;    /* by node: free, UINT64_MAX = not known; 0 where it has no cores */
	GPtrArray *stranded; /* of FitStranded */
} Fit;

typedef struct FitOptions {
	PlanOptions plan;
	const GPtrArray *sizes; /* of VmSpec: those asked for; NULL = the usual */
	const FitSize *ratio;	/* of the mix; NULL = the most vCPUs of the sizes */
	unsigned n_ratio;
} FitOptions;

/*
 * Answer for HOST with INVENTORY, which are borrowed for the life of the result. Pure and
 * deterministic. Yours.
 */
Fit *fit_compute(const Host *host, const Inventory *inventory, const FitOptions *options);
void fit_free(Fit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fit, fit_free)

/* "8", "8:16G", "8:16G:1G": as --vm takes it; isolate and the number of helpers, "+2", are said.
 * Yours. */
char *fit_size_name(const VmSpec *spec);

/* The OS index of the node at that position. */
unsigned fit_node_id(const Fit *fit, unsigned node);

/* Give the next of PARTS questions that are still to come its fair share of the steps; what the
 * last one left over is shared, too. Not for bases with moves, whose answers depend on choices that
 * plan must come to again. */
static inline void fit_budget_next(Fit *fit, unsigned parts)
{
	fit->steps += fit->part;
	fit->part = fit->steps / parts;
	fit->steps -= fit->part;
}
/* The parts that come after the sizes: the mix, and the largest VM by level. */
#define FIT_PARTS_BESIDE_SIZES (1 + FIT_LEVELS)

/* The steps of fit_compute(). */
void fit_sizes(Fit *fit, const FitOptions *options);	/* fit_sizes.c */
void fit_why_not(Fit *fit, FitAnswer *answer);		/* fit_why.c */
void fit_find_rooms(Fit *fit);				/* fit_rooms.c */
void fit_find_stranded(Fit *fit);			/* the same, by the sizes */
void fit_find_largest(Fit *fit);			/* fit_largest.c, by the rooms */
void fit_find_mix(Fit *fit, const FitOptions *options); /* fit_mix.c */

#endif
