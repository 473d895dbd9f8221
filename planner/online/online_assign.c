/* SPDX-License-Identifier: MIT */
/* Assignments on counts of free cores. */
#include "planner/online/online_internal.h"
#include "planner/place/whole.h"

#include <string.h>

#define NONE G_MAXUINT
#define EVEN_WITHIN 1e-9 /* costs that close are the same */

/* What one decision knows. */
typedef struct AssignmentChoice {
	const Online *o;
	const Counts *counts;
	const OnlineValue *value; /* NULL: by the policy alone */
	OnlinePolicy policy;
	const Demand *d;
	Assignment *assignment;
} AssignmentChoice;

/* One room */

typedef struct BestRoom {
	unsigned room, need, free;
	double cost;
} BestRoom;

/* The room of CELL where NEED cores are missed least; COST is what the node loses by it. */
static void best_in_cell(const AssignmentChoice *c, unsigned cell, unsigned need, double cost,
			 BestRoom *best)
{
	const RoomCell *at = online_cell(c->o, cell);
	unsigned known = NONE;
	double loss = 0;

	for (unsigned i = 0; i < at->n_rooms; i++) {
		unsigned r = at->rooms[i], free = c->counts->free[r];

		if (free < need || (c->d->rooms && !c->d->rooms[r]))
			continue;
		if (c->value && free != known && at->n_rooms > 1)
			loss = online_value_room(c->value, at->class, known = free, need);
		if (best->room != NONE && cost + loss >= best->cost - EVEN_WITHIN &&
		    (cost + loss > best->cost + EVEN_WITHIN || c->policy == ONLINE_FIRST_FIT ||
		     free >= best->free))
			continue;
		*best = (BestRoom){r, need, free, cost + loss};
	}
}

static bool online_assign_room_holds(const Counts *counts, const RoomCell *cell, const Demand *d,
				     unsigned need)
{
	for (unsigned i = 0; i < cell->n_rooms; i++)
		if (counts->free[cell->rooms[i]] >= need && (!d->rooms || d->rooms[cell->rooms[i]]))
			return true;
	return false;
}

/* Judge the rooms of CELL; where it is the ONLY one that has any, what the node loses is no matter.
 */
static void judge_cell(const AssignmentChoice *c, unsigned cell, bool only, BestRoom *best)
{
	const Demand *d = c->d;
	unsigned need = search_vm_cores(&d->vm, online_cell(c->o, cell)->threads);
	double cost = 0;

	if (c->value && !only)
		cost = online_value_cell(c->o, c->value, cell, need, d);
	best_in_cell(c, cell, need, cost, best);
}

static bool cell_has_room(const AssignmentChoice *c, unsigned cell)
{
	const RoomCell *at = online_cell(c->o, cell);
	unsigned need = search_vm_cores(&c->d->vm, at->threads);
	SearchSlice whole = {1, need, c->d->vm.vcpus, c->d->memory};

	return counts_hold(c->counts, cell, &whole, c->d) &&
	       online_assign_room_holds(c->counts, at, c->d, need);
}

static bool online_assign_in_room(const AssignmentChoice *c)
{
	BestRoom best = {.room = NONE};
	unsigned first = NONE;

	for (unsigned i = 0; i < c->o->rooms->n_cells; i++) {
		if (!cell_has_room(c, i))
			continue;
		if (first == NONE) { /* judged when there is another */
			first = i;
			continue;
		}
		if (best.room == NONE)
			judge_cell(c, first, false, &best);
		judge_cell(c, i, false, &best);
	}
	if (first == NONE)
		return false;
	if (best.room == NONE)
		judge_cell(c, first, true, &best);
	c->assignment->n = 1;
	c->assignment->shares[0] = (SearchShare){best.room, best.need, c->d->vm.vcpus};
	return true;
}

/* Cells */

static bool assignment_has_node(const Online *o, const Assignment *assignment, unsigned node)
{
	for (unsigned i = 0; i < assignment->n; i++)
		if (online_room(o, assignment->shares[i].room)->node == node)
			return true;
	return false;
}

/* The cell of CLASS where a share, SLICE, is missed least, on a node that the assignment does not
 * have yet. */
static unsigned best_cell(const AssignmentChoice *c, unsigned class, const SearchSlice *slice)
{
	bool whole = c->value && slice->vcpus == c->d->vm.vcpus;
	unsigned best = NONE;
	double best_cost = 0;

	for (unsigned i = 0; i < c->o->rooms->n_cells; i++) {
		const RoomCell *cell = online_cell(c->o, i);
		double cost = 0;

		if (cell->class != class || !counts_may_hold(c->counts, i, slice, c->d) ||
		    assignment_has_node(c->o, c->assignment, cell->node))
			continue;
		if (whole)
			cost = online_value_cell(c->o, c->value, i, slice->cores, c->d);
		if (best != NONE && (cost > best_cost - EVEN_WITHIN) &&
		    (cost > best_cost + EVEN_WITHIN || c->policy == ONLINE_FIRST_FIT ||
		     c->counts->cell[i] >= c->counts->cell[best]))
			continue;
		best = i;
		best_cost = cost;
	}
	return best;
}

/* Shares over K nodes, all of CLASS, the larger first; K = 1 is the node level. */
static bool online_assign_over_nodes(const AssignmentChoice *c, unsigned class, unsigned k)
{
	SearchSlice slices[SEARCH_SLICES];
	unsigned n = online_slices(c->o, c->d, class, k, slices);

	c->assignment->n = 0;
	for (unsigned i = 0; i < n; i++)
		for (unsigned s = 0; s < slices[i].n; s++) {
			unsigned cell = best_cell(c, class, &slices[i]);

			if (cell == NONE)
				return false;
			counts_share(c->counts, cell, &slices[i], c->d, c->assignment);
		}
	return n > 0;
}

/* The nearest nodes */

#define NEAREST_STEPS 4096 /* cells tried: a bound that only hosts of many nodes reach */
#define NEAREST_NODES 64   /* a VM over more takes any */

/* Choosing K cells, in their order, that are nearest to each other; of as near ones the fullest. */
typedef struct Nearest {
	const AssignmentChoice *c;
	unsigned class, k, n_slices, steps;
	SearchSlice slices[SEARCH_SLICES];
	unsigned cells[NEAREST_NODES], sorts[NEAREST_NODES], n; /* which slice a cell has */
	uint64_t distance, free;				/* of those; and of the best */
	unsigned best_cells[NEAREST_NODES], best_sorts[NEAREST_NODES];
	uint64_t best_distance, best_free;
} Nearest;

/* The largest share still missing that CELL holds, NONE = it holds none. */
static unsigned nearest_slice(const Nearest *n, unsigned cell)
{
	for (unsigned i = 0; i < n->n_slices; i++)
		if (n->slices[i].n && counts_may_hold(n->c->counts, cell, &n->slices[i], n->c->d))
			return i;
	return NONE;
}

static uint64_t nearest_added(const Nearest *n, unsigned cell)
{
	const Online *o = n->c->o;
	uint64_t sum = 0;

	for (unsigned i = 0; i < n->n; i++)
		sum += host_distance(o->plan->host, online_cell(o, n->cells[i])->node,
				     online_cell(o, cell)->node);
	return sum;
}

static void nearest_keep(Nearest *n)
{
	if (n->distance == n->best_distance && n->free >= n->best_free)
		return;
	memcpy(n->best_cells, n->cells, n->n * sizeof *n->cells);
	memcpy(n->best_sorts, n->sorts, n->n * sizeof *n->sorts);
	n->best_distance = n->distance;
	n->best_free = n->free;
}

static void nearest_from(Nearest *n, unsigned from)
{
	const Online *o = n->c->o;

	if (n->n == n->k) {
		nearest_keep(n);
		return;
	}
	for (unsigned i = from; i < o->rooms->n_cells && n->steps; i++) {
		unsigned slice = online_cell(o, i)->class == n->class ? nearest_slice(n, i) : NONE;
		uint64_t added = nearest_added(n, i);

		if (slice == NONE || n->distance + added > n->best_distance)
			continue;
		n->steps--;
		n->slices[slice].n--;
		n->cells[n->n] = i;
		n->sorts[n->n++] = slice;
		n->distance += added;
		n->free += n->c->counts->cell[i];
		nearest_from(n, i + 1);
		n->free -= n->c->counts->cell[i];
		n->distance -= added;
		n->n--;
		n->slices[slice].n++;
	}
}

static bool assignment_nearest(const AssignmentChoice *c, unsigned class, unsigned k)
{
	Nearest n = {.c = c,
		     .class = class,
		     .k = k,
		     .steps = NEAREST_STEPS,
		     .best_distance = UINT64_MAX};

	n.n_slices = online_slices(c->o, c->d, class, k, n.slices);
	c->assignment->n = 0;
	nearest_from(&n, 0);
	for (unsigned i = 0; n.best_distance != UINT64_MAX && i < k; i++)
		counts_share(c->counts, n.best_cells[i], &n.slices[n.best_sorts[i]], c->d,
			     c->assignment);
	return c->assignment->n > 0;
}

static int taken_compare(const void *a, const void *b)
{
	const SearchShare *x = a, *y = b;

	return x->room < y->room ? -1 : x->room > y->room;
}

void online_assignment_sort(Assignment *assignment)
{
	qsort(assignment->shares, assignment->n, sizeof *assignment->shares, taken_compare);
}

/* Where in one class it is over K nodes. */
static bool assignment_over(const AssignmentChoice *c, unsigned class, unsigned k)
{
	if (k > 1 && k <= NEAREST_NODES && host_distances(c->o->plan->host) &&
	    assignment_nearest(c, class, k))
		return true;
	return online_assign_over_nodes(c, class, k);
}

/* Cores of several rooms, whole ones where that leaves as much. */
static void assignment_gather(const AssignmentChoice *c)
{
	const Rooms *rooms = c->o->rooms;
	g_autofree unsigned *left = g_memdup2(c->counts->free, rooms->n_rooms * sizeof *left);

	for (unsigned i = 0; i < c->assignment->n; i++)
		left[c->assignment->shares[i].room] -= c->assignment->shares[i].cores;
	whole_gather(rooms, &c->d->vm, left, c->assignment->shares, &c->assignment->n);
}

bool online_assignment(const Online *o, const Counts *counts, const OnlineValue *value,
		       OnlinePolicy policy, const Demand *d, Assignment *assignment)
{
	AssignmentChoice choice = {o, counts, value, policy, d, assignment};

	if (online_assign_in_room(&choice))
		return true;
	for (unsigned k = 1; k <= d->most; k++)
		for (unsigned class = 0; class < o->rooms->n_classes; class ++)
			if (assignment_over(&choice, class, k)) {
				online_assignment_sort(assignment);
				assignment_gather(&choice);
				return true;
			}
	return false;
}
