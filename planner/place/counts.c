/* SPDX-License-Identifier: MIT */
#include "planner/place/counts.h"

#include <string.h>

/* Life */

static size_t counts_size(const Rooms *rooms)
{
	return 2 * rooms->host->nodes->len * sizeof(uint64_t) +
	       (rooms->n_rooms + rooms->n_cells) * sizeof(unsigned);
}

static Counts counts_in(const Rooms *rooms, void *block)
{
	Counts counts = {.rooms = rooms, .memory = block};

	counts.owed = counts.memory + rooms->host->nodes->len;
	counts.free = (unsigned *)(counts.owed + rooms->host->nodes->len);
	counts.cell = counts.free + rooms->n_rooms;
	return counts;
}

Counts counts_of(const Rooms *rooms, const uint64_t *memory)
{
	Counts counts = counts_in(rooms, g_malloc0(counts_size(rooms) + 1));

	for (unsigned r = 0; r < rooms->n_rooms; r++)
		counts.free[r] = rooms->room[r].cores->len;
	for (unsigned c = 0; c < rooms->n_cells; c++)
		counts.cell[c] = rooms->cell[c].cores;
	memcpy(counts.memory, memory, rooms->host->nodes->len * sizeof *memory);
	return counts;
}

Counts counts_copy(const Counts *counts)
{
	return counts_in(counts->rooms, g_memdup2(counts->memory, counts_size(counts->rooms) + 1));
}

void counts_free(Counts *counts)
{
	g_free(counts->memory);
}

/* Taking */

void counts_take_cores(Counts *counts, unsigned room, int cores)
{
	counts->free[room] -= (unsigned)cores;
	counts->cell[counts->rooms->room[room].cell] -= (unsigned)cores;
}

void counts_take_memory(Counts *counts, unsigned node, int64_t bytes)
{
	uint64_t *left = &counts->memory[node], *owed = &counts->owed[node];
	uint64_t amount = (uint64_t)(bytes < 0 ? -bytes : bytes);
	uint64_t part = MIN(bytes < 0 ? *owed : *left, amount);

	if (*left == UINT64_MAX)
		return;
	if (bytes < 0) {
		*owed -= part;
		*left += amount - part;
	} else {
		*left -= part;
		*owed += amount - part;
	}
}

/* vCPUs that ASSIGNMENT has on the node of its share FIRST, when that is the node's first share;
 * else 0. */
static unsigned node_vcpus(const Rooms *rooms, const Assignment *assignment, unsigned first)
{
	unsigned node = rooms->room[assignment->shares[first].room].node, vcpus = 0;

	for (unsigned i = 0; i < assignment->n; i++) {
		if (rooms->room[assignment->shares[i].room].node != node)
			continue;
		if (i < first)
			return 0;
		vcpus += assignment->shares[i].vcpus;
	}
	return vcpus;
}

void counts_take(Counts *counts, const Demand *demand, const Assignment *assignment, int sign)
{
	for (unsigned i = 0; i < assignment->n; i++) {
		const SearchShare *share = &assignment->shares[i];
		unsigned vcpus = node_vcpus(counts->rooms, assignment, i);

		counts_take_cores(counts, share->room, sign * (int)share->cores);
		if (vcpus)
			counts_take_memory(counts, counts->rooms->room[share->room].node,
					   sign * (int64_t)demand_memory(demand, vcpus));
	}
}

/* Holding */

bool counts_hold(const Counts *counts, unsigned cell, const SearchSlice *slice,
		 const Demand *demand)
{
	unsigned node = counts->rooms->cell[cell].node;

	return (demand->vm.node == G_MAXUINT || node == demand->vm.node) &&
	       counts->cell[cell] >= slice->cores && counts->memory[node] >= slice->memory;
}

bool counts_may_hold(const Counts *counts, unsigned cell, const SearchSlice *slice,
		     const Demand *demand)
{
	return (!demand->cells || demand->cells[cell]) && counts_hold(counts, cell, slice, demand);
}

/* The room of CELL with fewest free cores, but NEED if any has that many, that ASSIGNMENT, from
 * share FIRST on, has not. */
static unsigned next_room(const Counts *counts, const RoomCell *cell, unsigned need,
			  const Assignment *assignment, unsigned first)
{
	unsigned small = HOST_NONE, whole = HOST_NONE;

	for (unsigned c = 0; c < cell->n_rooms; c++) {
		unsigned room = cell->rooms[c], free = counts->free[room];
		bool used = !free;

		for (unsigned i = first; i < assignment->n; i++)
			used |= assignment->shares[i].room == room;
		if (used)
			continue;
		if (free >= need && (whole == HOST_NONE || free < counts->free[whole]))
			whole = room;
		if (small == HOST_NONE || free < counts->free[small])
			small = room;
	}
	return first == assignment->n && whole != HOST_NONE ? whole : small;
}

void counts_share(const Counts *counts, unsigned cell, const SearchSlice *slice,
		  const Demand *demand, Assignment *assignment)
{
	const RoomCell *at = &counts->rooms->cell[cell];
	unsigned need = slice->cores, vcpus = slice->vcpus, first = assignment->n;

	while (need) {
		unsigned room = next_room(counts, at, need, assignment, first);
		unsigned cores = MIN(counts->free[room], need);
		unsigned part = MIN(vcpus, cores * (demand->vm.isolate ? 1 : at->threads));

		assignment->shares[assignment->n++] = (SearchShare){room, cores, part};
		vcpus -= part;
		need -= cores;
	}
}
