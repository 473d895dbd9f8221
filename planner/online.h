/* SPDX-License-Identifier: MIT */
/*
 * Online placement: VMs come and go, and each is decided when it comes, from what came before. The
 * rules are those of planner/search.h: the finest level that holds the VM now, room, node, or equal
 * shares.
 *
 * The choice among rooms of one level looks ahead: every size seen so far (and those of the
 * inventory's VMs) weighs how many VMs of it each room could still take, and the room is chosen
 * where taking these cores costs fewest of them; then the fullest, then the lowest. A decision
 * costs a few table look-ups a room.
 *
 * Pure: no clock. Callers time decisions themselves.
 */
#ifndef PLANNER_ONLINE_H
#define PLANNER_ONLINE_H

#include "planner/plan.h"

typedef struct Online Online;

/* A VM that runs. */
typedef struct OnlineVm {
	VmSpec *spec;  /* spec->name is its id */
	GArray *cores; /* of unsigned: positions in host->cores, in vCPU order; empty when shared */
	GArray *vcpupin;    /* of unsigned; empty when shared */
	unsigned pool_node; /* where a shared VM's memory is, a position */
	bool movable;	    /* not pinned by the inventory's cpus = */
} OnlineVm;

/* A VM that has to move, and where to. */
typedef struct OnlineMove {
	char *id;
	GArray *from, *to; /* of unsigned: CPUs in vCPU order */
} OnlineMove;

typedef enum OnlineStatus {
	ONLINE_PLACED,
	ONLINE_REJECTED,
	ONLINE_DUPLICATE, /* a VM of that id runs already */
} OnlineStatus;

typedef enum OnlinePolicy { ONLINE_LOOK_AHEAD, ONLINE_BEST_FIT, ONLINE_FIRST_FIT } OnlinePolicy;

/*
 * Begin with the placed VMs of PLAN running, on the cores its split leaves to VMs. PLAN and
 * INVENTORY are borrowed for the life of the result. POLICY is for comparisons; ONLINE_LOOK_AHEAD
 * is what users get.
 */
Online *online_new(const Plan *plan, const Inventory *inventory, OnlinePolicy policy);
void online_free(Online *online);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Online, online_free)

/* Decide on a VM; SPEC is copied, its cpus are not read. Where it is placed, *VM is set (borrowed).
 */
OnlineStatus online_place(Online *online, const VmSpec *spec, const OnlineVm **vm);
/* A VM leaves; false when no such VM runs. */
bool online_remove(Online *online, const char *id);
/* Why SPEC was just rejected: one line, yours. */
char *online_why(const Online *online, const VmSpec *spec);

/* Whole free cores were enough for SPEC, wherever they were. */
bool online_has_room(const Online *online, const VmSpec *spec);
/*
 * The fewest moves of running VMs, at most MOST, after which SPEC fits: a GPtrArray of OnlineMove,
 * yours; NULL when there are none. Exact for the moves it may look at: identical VMs in identical
 * places count as one.
 */
GPtrArray *online_moves(const Online *online, const VmSpec *spec, unsigned most);
/* Carry out the moves, of online_moves() for the same state. */
void online_apply(Online *online, const GPtrArray *moves);

unsigned online_vcpus(const Online *online); /* of dedicated VMs that run */
double online_fill(const Online *online);    /* share of the VMs' cores that is taken, 0 to 1 */
hwloc_const_bitmap_t online_pool(const Online *online); /* where shared VMs float */

#endif
