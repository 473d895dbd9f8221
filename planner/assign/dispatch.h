/* SPDX-License-Identifier: MIT */
/*
 * Which node of a fleet takes which VM.
 *
 * Decided in three steps. The whole list in plain numbers (assign.h), which is near the best. Then
 * node by node: a node keeps what plan places there (dispatch_check()). Then those that are left,
 * one after the other, those of most vCPUs first (with PREFER_VMS of fewest, with PREFER_ORDER as
 * they are listed): of the nodes that can have the VM, the one takes it that loses least by it,
 * fewest vCPUs of further VMs that no longer fit, over the sizes left; of these the fullest; of
 * these the first by name. So no request is refused that a node is known to be able to have. The
 * answer does not depend on the order of nodes, and on that of requests with PREFER_ORDER alone.
 *
 * Nothing is read here. Callers give each node's inventory when it is needed:
 *
 *   for each node         bid_new() in any thread, then dispatch_add()
 *   dispatch_assign()
 *   for each node         dispatch_check() in any thread, then dispatch_return()
 *   dispatch_find_shapes()
 *   for each node         bid_new() in any thread, then dispatch_renew()
 *   while dispatch_next() node = dispatch_best(): dispatch_try() it, again until it is taken, or
 *                         where there is none: bid_settle() those of dispatch_open(),
 *                         dispatch_settle(), and again; where none is open: nobody takes it
 *   dispatch_explain()
 */
#ifndef PLANNER_ASSIGN_DISPATCH_H
#define PLANNER_ASSIGN_DISPATCH_H

#include "planner/assign/request.h"
#include "planner/fit/fleet_bid.h"

typedef struct Dispatch Dispatch;

#define DISPATCH_NONE G_MAXUINT

/* REQUESTS: of Request, borrowed. */
Dispatch *dispatch_new(const GPtrArray *requests, Prefer prefer);
void dispatch_free(Dispatch *dispatch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dispatch, dispatch_free)

/* What nodes are to bid for: nothing before dispatch_find_shapes(), then what is left. */
const BidShapes *dispatch_shapes(const Dispatch *dispatch);
/* A node more; NAMEs differ. Takes BID. Nodes are numbered as they are added, from 0. */
void dispatch_add(Dispatch *dispatch, const char *name, Bid *bid);

/* Once nodes are added: which node had best take which VM. */
void dispatch_assign(Dispatch *dispatch);
/* After that: no assignment places more vCPUs, with PREFER_VMS more VMs, while the VMs of the nodes
 * stay where they are. UINT64_MAX = not known. */
uint64_t dispatch_bound(const Dispatch *dispatch);
/* What of that NODE keeps (of unsigned, requests, yours), as plan says for HOST and INVENTORY, to
 * which these are added. In any thread. */
GArray *dispatch_check(const Dispatch *dispatch, unsigned node, const Host *host,
		       Inventory *inventory);
/* NODE has KEPT alone. */
void dispatch_return(Dispatch *dispatch, unsigned node, const GArray *kept);
/* What is left is asked for: dispatch_shapes(). */
void dispatch_find_shapes(Dispatch *dispatch);
/* The bid of NODE with what it keeps, for these shapes. Takes BID. */
void dispatch_renew(Dispatch *dispatch, unsigned node, Bid *bid);

/* The next request that is left, its position in the list; DISPATCH_NONE when all are decided. */
unsigned dispatch_next(Dispatch *dispatch);
/* The request at hand. */
unsigned dispatch_request(const Dispatch *dispatch);
/* The node that had best take it, of those that are known to be able; DISPATCH_NONE. */
unsigned dispatch_best(const Dispatch *dispatch);
/* The nodes that may be able: of unsigned, yours. */
GArray *dispatch_open(Dispatch *dispatch);
/* In how many steps bid_settle() is to say: fewer where there are many. */
uint64_t dispatch_steps(const Dispatch *dispatch);
/* What bid_settle() says of NODE. */
void dispatch_settle(Dispatch *dispatch, unsigned node, Offer offer);
/* The shape that the request asks for. */
const VmSpec *dispatch_shape(const Dispatch *dispatch);
/*
 * Have NODE take it: HOST and INVENTORY, to which dispatch_fill() has added what NODE took before.
 * False where its plan does not place them all; then it is not offered for this request again.
 */
bool dispatch_try(Dispatch *dispatch, unsigned node, const Host *host, Inventory *inventory);
/* When all are decided: why requests are refused. */
void dispatch_explain(Dispatch *dispatch);

/* Add the VMs that NODE took to its inventory. */
void dispatch_fill(const Dispatch *dispatch, unsigned node, Inventory *inventory);
/* Did NODE take any? */
bool dispatch_took(const Dispatch *dispatch, unsigned node);
/* Do all VMs of INVENTORY, to which dispatch_fill() added, have their place, and cpu-pm where asked
 * for? */
bool dispatch_verify(const Dispatch *dispatch, unsigned node, const Host *host,
		     const Inventory *inventory);

/* Once decided: who took REQUEST, DISPATCH_NONE. */
unsigned dispatch_node(const Dispatch *dispatch, unsigned request);
/* Why nobody did: one line, borrowed. */
const char *dispatch_why(const Dispatch *dispatch, unsigned request);
/* The node that had least too little for it, and what it lacked there, borrowed; NULL where no node
 * was short of cores or memory alone. */
const BidLack *dispatch_lack(const Dispatch *dispatch, unsigned request, unsigned *node);
/* NODE as it is with what it took, borrowed; and how many VMs it took. */
const Bid *dispatch_bid(const Dispatch *dispatch, unsigned node);
unsigned dispatch_took_count(const Dispatch *dispatch, unsigned node);

#endif
