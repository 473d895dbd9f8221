/* SPDX-License-Identifier: MIT */
#include "planner/place/whole.h"

#include <string.h>

/* May the share FROM go to the room of the share TO? */
static bool share_moves(const Rooms *rooms, const unsigned *free, const SearchShare *from,
			const SearchShare *to)
{
	return from != to && rooms->room[from->room].cell == rooms->room[to->room].cell &&
	       free[from->room] + from->cores == free[to->room];
}

/* Move one share; false where none may. */
static bool gather_one(const Rooms *rooms, unsigned *free, SearchShare *shares, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++) {
			if (!share_moves(rooms, free, &shares[i], &shares[k]))
				continue;
			free[shares[i].room] += shares[i].cores;
			free[shares[k].room] -= shares[i].cores;
			shares[k].cores += shares[i].cores;
			shares[k].vcpus += shares[i].vcpus;
			memmove(&shares[i], &shares[i + 1], (n - i - 1) * sizeof *shares);
			return true;
		}
	return false;
}

/* vCPUs fill the cores of a cell's rooms in their order; those that are left have helpers. */
static void deal_vcpus(const Rooms *rooms, const SearchVm *vm, SearchShare *shares, unsigned n)
{
	for (unsigned i = 0, end; i < n; i = end) {
		const Room *room = &rooms->room[shares[i].room];
		unsigned left = 0;

		for (end = i; end < n && rooms->room[shares[end].room].cell == room->cell; end++)
			left += shares[end].vcpus;
		for (unsigned k = i; k < end; k++) {
			shares[k].vcpus =
				MIN(left, shares[k].cores * (vm->isolate ? 1 : room->threads));
			left -= shares[k].vcpus;
		}
	}
}

bool whole_gather(const Rooms *rooms, const SearchVm *vm, unsigned *free, SearchShare *shares,
		  unsigned *n)
{
	unsigned before = *n;

	while (gather_one(rooms, free, shares, *n))
		--*n;
	if (*n < before)
		deal_vcpus(rooms, vm, shares, *n);
	return *n < before;
}
