/* SPDX-License-Identifier: MIT */
/*
 * Rooms: the cores that VMs may have, as plan, fit, replay and fleet count them. A room is those of
 * one class that share a NUMA node, an L3 and a die; a cell, the rooms of one class on one node.
 * Here is what never changes while VMs come and go, and how cores counted in rooms become pins.
 */
#ifndef PLANNER_PLACE_ROOMS_H
#define PLANNER_PLACE_ROOMS_H

#include "planner/place/plan.h"

typedef struct Room {
	const Core *first;	       /* its lowest core: what it says of where it is, all say */
	unsigned node, class, threads; /* class: 0 … n_classes - 1 */
	unsigned cell;
	GArray *cores; /* of unsigned: positions in host->cores, ascending */
} Room;

typedef struct RoomCell {
	unsigned node, class, threads;
	const unsigned *rooms; /* ascending */
	unsigned n_rooms, cores;
} RoomCell;

typedef struct Rooms {
	const Host *host;
	Room *room; /* by node, then lowest CPU */
	RoomCell *cell;
	unsigned n_rooms, n_cells, n_classes;
	unsigned *room_of; /* by core: the room that it is like, HOST_NONE */
	unsigned *by_cell; /* the rooms, cell by cell: what RoomCell.rooms points into */
} Rooms;

/* The rooms of PLAN's split, whoever has their cores. Counted: yours until rooms_unref(). */
Rooms *rooms_new(const Plan *plan);
/* The same and one more room of the core LIKE, before the room AT. */
Rooms *rooms_with(const Rooms *rooms, unsigned at, const Core *like);
Rooms *rooms_ref(Rooms *rooms);
void rooms_unref(Rooms *rooms);

/* Can VMs have CORE of PLAN's host at all, whoever has it now? */
bool rooms_core_of_vms(const Plan *plan, unsigned core);
/* Are two cores of one room? */
bool rooms_same(const Core *a, const Core *b);
/* Cores that may hold one VM together are of one class: a number that all hosts have alike. */
unsigned rooms_class(const Core *core);

/*
 * Give VM, a demand, the cores of SHARES, N of them: the lowest of their rooms that are HOST_NONE
 * in OWNER, by core, and become AS there. vCPUs walk the threads of a core, then the next core;
 * with isolate each takes a core. Cores beyond them are the helpers'. CORES and PINS, of unsigned,
 * get the positions of cores, and the CPUs as a PlanVm's; both are empty.
 */
void rooms_pin(const Rooms *rooms, const SearchVm *vm, const SearchShare *shares, unsigned n,
	       unsigned *owner, unsigned as, GArray *cores, GArray *pins);

#endif
