/* SPDX-License-Identifier: MIT */
/*
 * Whole rooms. A VM that no room of a node can hold may have the cores of any of them, and is best
 * in as few as can be: those of a whole L3 rather than pieces of two. Its share of a room goes to
 * another where it has a share already, if that one has as much left as the first would have with
 * it: the rooms then have the same sizes left as before, and nobody else is concerned.
 */
#ifndef PLANNER_PLACE_WHOLE_H
#define PLANNER_PLACE_WHOLE_H

#include "planner/place/rooms.h"

/*
 * Gather the shares of VM, *N of them by room, in fewer rooms; false where that cannot be. FREE, by
 * room, is what all VMs leave, this one included, and is kept up to date.
 */
bool whole_gather(const Rooms *rooms, const SearchVm *vm, unsigned *free, SearchShare *shares,
		  unsigned *n);

#endif
