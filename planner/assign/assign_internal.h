/* SPDX-License-Identifier: MIT */
/* What the files assign*.c share. */
#ifndef PLANNER_ASSIGN_ASSIGN_INTERNAL_H
#define PLANNER_ASSIGN_ASSIGN_INTERNAL_H

#include "planner/assign/assign.h"
#include "planner/assign/choice.h"

#define ASSIGN_PARTS_MOST 16u /* NUMA nodes of a host that a VM is over, here */
#define ASSIGN_NONE G_MAXUINT

/* Requests alike but for name and group. */
typedef struct AssignAsk {
	const Request *like;
	unsigned type; /* choice.h */
	bool plain;    /* cores, memory and a NUMA node are all that it asks for */
	uint64_t memory;
	int64_t value, price;
	GArray *open; /* of unsigned: requests without a node, the first one last */
	unsigned placed;
	bool hopeless; /* PREFER_ORDER: no node was found even by filling some anew */
	/* By node, once asked for: what placing one there loses, INT64_MAX = it has no room, as of
	 * the version of the node. */
	int64_t *loss;
	unsigned *seen;
} AssignAsk;

/* What a VM has of one room. */
typedef struct AssignPart {
	unsigned room, cores;
	uint64_t memory;
} AssignPart;

typedef struct AssignPlacement {
	unsigned node, n;
	int64_t loss;
	AssignPart parts[ASSIGN_PARTS_MOST];
} AssignPlacement;

typedef struct AssignNode {
	const Bid *bid;
	unsigned first, end; /* rooms */
	unsigned version;    /* changes with its rooms; never 0 */
	GArray *taken;	     /* of unsigned: requests */
} AssignNode;

typedef struct AssignRoom {
	const BidRoom *bid;
	const ChoiceKind *kind;
	unsigned slot, cores;
} AssignRoom;

typedef struct Assign {
	const GPtrArray *requests;
	Prefer prefer;
	Choice *choice;
	AssignNode *nodes;
	unsigned n_nodes;
	AssignRoom *rooms;
	uint64_t *memory;	     /* by slot */
	GArray *asks;		     /* of AssignAsk, in the order of the requests */
	unsigned *ask_of;	     /* by request */
	AssignPlacement *placements; /* by request: node is ASSIGN_NONE where it has none */
	bool cached;		     /* losses are kept by ask and node */
	int64_t value;		     /* of what is placed */
	uint64_t work;
} Assign;

static inline AssignAsk *assign_ask(const Assign *a, unsigned ask)
{
	return &g_array_index(a->asks, AssignAsk, ask);
}

static inline const Request *assign_request(const Assign *a, unsigned request)
{
	return g_ptr_array_index(a->requests, request);
}

/* Placements (assign_placement.c) */

/* The placement on NODE that loses least for one of ASK; false = there is none. */
bool assign_find_placement(Assign *a, const AssignAsk *ask, unsigned node,
			   AssignPlacement *placement);
/* What is lost by it, INT64_MAX = it has none. */
int64_t assign_loss(Assign *a, AssignAsk *ask, unsigned node);
/* May NODE have REQUEST, room apart? */
bool assign_allows(const Assign *a, unsigned request, unsigned node);
void assign_put(Assign *a, unsigned request, const AssignPlacement *placement);
void assign_remove(Assign *a, unsigned request);
/* Place REQUEST on the node that loses least; false = none has room. */
bool assign_place_one(Assign *a, unsigned request);
/* What the rooms of NODE are worth as they are. */
int64_t assign_node_worth(const Assign *a, unsigned node);

/* All requests, the largest that are taken in the best case first, then the others, of most value
 * for their price first (assign_all.c). */
void assign_place_all(Assign *a);
/* In their order. */
void assign_place_in_order(Assign *a);

/* Fill nodes anew for better (assign_repair.c). */
void assign_improve(Assign *a);
/* So that REQUEST gets a place. */
bool assign_make_room(Assign *a, GRand *rand, unsigned request);

#endif
