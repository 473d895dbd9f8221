/* SPDX-License-Identifier: MIT */
/*
 * What a node offers for VMs that a fleet shall take: for each shape asked for, whether it can have
 * one more, and what that would cost the VMs still to come.
 *
 * Plain numbers about the rooms as plan leaves them answer most: a VM that fits into what is free
 * is placed by plan as well. Where it does not fit as the others sit, but cores and memory would do
 * in all, it may when those without cpus = sit elsewhere; that is searched for only when no other
 * node is left (bid_settle()).
 */
#ifndef PLANNER_FIT_FLEET_BID_H
#define PLANNER_FIT_FLEET_BID_H

#include "planner/fit/fit.h"

typedef enum OfferState {
	OFFER_NO, /* the node cannot have one more, nor when further VMs are on it */
	OFFER_MAYBE,
	OFFER_YES,
} OfferState;

typedef struct Offer {
	OfferState state;
	bool proved;   /* of OFFER_NO: the search ended */
	unsigned loss; /* of OFFER_YES: vCPUs of further VMs of the scale that no longer fit */
	unsigned left; /* and free cores that are left */
	bool far;      /* the node does not have the devices that it is to be near */
	bool near;     /* it has them, … */
	unsigned node; /* … on the NUMA node of this OS index */
} Offer;

/* What is asked for: borrowed all. */
typedef struct BidShapes {
	const GPtrArray *shapes; /* of VmSpec, different ones */
	const GPtrArray *scale;	 /* of VmSpec: the shapes that loss is counted in */
} BidShapes;

/* The cores of one class in a NUMA node, as plan leaves them. */
typedef struct BidRoom {
	unsigned node;	      /* its OS index */
	unsigned class;	      /* those of one class may hold one VM together */
	unsigned threads;     /* of a core */
	unsigned cores, free; /* that VMs may have, and of these nobody's */
	uint64_t capacity;    /* of the node, for VMs; UINT64_MAX = not known */
	uint64_t memory;      /* free of it; UINT64_MAX = not known */
} BidRoom;

typedef struct Bid {
	bool open;   /* does it take any? Only a node whose plan is fine does */
	bool cpu_pm; /* the verdict of a VM it took would be on */
	char *why;   /* it takes none because its plan is bad news: why; else NULL */
	/* Of an open node alone: */
	unsigned vms, cores, free; /* its VMs; cores that they may have, and free ones */
	uint64_t memory;	   /* free; UINT64_MAX = not known */
	GArray *rooms;		   /* of BidRoom */
	Offer offers[];		   /* by shape */
} Bid;

/*
 * The offers of HOST with INVENTORY. BEFORE is the bid of the same node before it took a VM, or
 * NULL. Yours.
 */
Bid *bid_new(const BidShapes *shapes, const Host *host, const Inventory *inventory,
	     const Bid *before);
/* A node that takes none. */
Bid *bid_closed(const BidShapes *shapes);
void bid_free(Bid *bid);
/* What became of the OFFER_MAYBE for SHAPE: by search, in so many STEPS. */
Offer bid_settle(const BidShapes *shapes, const Host *host, const Inventory *inventory,
		 const VmSpec *shape, uint64_t steps);

/* What a VM lacks on a node, in the NUMA node where it lacks least, first of cores; or in all of
 * them, if none could hold it, were it empty. */
typedef struct BidLack {
	bool across;		      /* in all of them */
	unsigned node;		      /* else its OS index */
	unsigned cores, cores_free;   /* that it needs, and that are free */
	uint64_t memory, memory_free; /* UINT64_MAX = not known, which is enough */
	unsigned cores_missing;
	uint64_t memory_missing;
} BidLack;

/* Of BID, an open one. */
BidLack bid_lack(const Bid *bid, const VmSpec *spec);
/* "needs 8 whole cores on one NUMA node, …": of SPEC, on the node called NAME. Yours. */
char *bid_lack_text(const BidLack *lack, const VmSpec *spec, const char *name);
/* Does it lack less with A than with B? */
bool bid_lack_less(const BidLack *a, const BidLack *b);
/* The most cores of one class that are free in one NUMA node of BID, an open one. */
unsigned bid_largest_room(const Bid *bid);

#endif
