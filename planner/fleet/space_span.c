/* SPDX-License-Identifier: MIT */
/* A VM over several NUMA nodes: in shares of whole cores that differ by one at most. */
#include "planner/fleet/space.h"
#include "planner/place/demand.h"

#define SPACE_SPAN_MOST 64 /* NUMA nodes of a host that VMs may span: the search's limit */

typedef struct SpaceSpan {
	const Space *space;
	unsigned rooms[SPACE_SPAN_MOST], n; /* of one class on one host */
	unsigned rank[SPACE_SPAN_MOST]; /* 3 = holds a large share, 2 = the one that is not full, 1
					  = a small one */
	bool used[SPACE_SPAN_MOST];
	PlaceCut cut;
} SpaceSpan;

static unsigned space_span_rank(const SpaceSpan *span, unsigned index)
{
	const SpaceRoom *room = space_room(span->space, index);
	uint64_t memory = span->space->memory[room->slot];

	if (room->left >= span->cut.large && memory >= span->cut.full)
		return 3;
	if (room->left >= span->cut.large && memory >= span->cut.not_full)
		return 2;
	return room->left >= span->cut.small && memory >= span->cut.memory_small;
}

/* Use up to COUNT rooms of that rank; how many are still wanted. */
static unsigned space_span_use(SpaceSpan *span, unsigned rank, unsigned count, unsigned cores,
			       uint64_t memory, GArray *parts)
{
	for (unsigned i = 0; i < span->n && count; i++) {
		SpacePart part = {span->rooms[i], cores, memory};

		if (span->used[i] || span->rank[i] != rank)
			continue;
		span->used[i] = true;
		g_array_append_val(parts, part);
		count--;
	}
	return count;
}

/* The shares, cut, into the rooms: what holds little takes what is small. */
static bool space_span_fill(SpaceSpan *span, unsigned k, GArray *parts)
{
	unsigned small = k - span->cut.n_large, missing;

	for (unsigned i = 0; i < span->n; i++) {
		span->rank[i] = space_span_rank(span, span->rooms[i]);
		span->used[i] = false;
	}
	g_array_set_size(parts, 0);
	missing = space_span_use(span, 3, span->cut.n_large - 1, span->cut.large, span->cut.full,
				 parts);
	if (missing)
		return false;
	missing = space_span_use(span, 2, 1, span->cut.large, span->cut.not_full, parts);
	missing = space_span_use(span, 3, missing, span->cut.large, span->cut.not_full, parts);
	if (missing)
		return false;
	for (unsigned rank = 1; rank <= 3; rank++)
		small = space_span_use(span, rank, small, span->cut.small, span->cut.memory_small,
				       parts);
	return !small;
}

static bool space_span_at(const Space *space, const StandingVm *vm, unsigned standing, unsigned k,
			  GArray *parts)
{
	for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++) {
		SpaceSpan span = {.space = space};
		const BidRoom *like = space_room(space, r)->bid;

		for (unsigned s = r; s < space->first[standing + 1] && span.n < SPACE_SPAN_MOST;
		     s++)
			if (space_room(space, s)->bid->class == like->class)
				span.rooms[span.n++] = s;
		if (span.n >= k && place_cut(vm->spec, like->threads, k, &span.cut) &&
		    space_span_fill(&span, k, parts))
			return true;
	}
	return false;
}

/* The VM over several NUMA nodes, so far. */
typedef struct SpaceSpread {
	GArray *parts, *tried; /* of SpacePart */
	unsigned nodes, rank;  /* how many; of its host. 0 = it has no place */
} SpaceSpread;

/* The most NUMA nodes that a host of RANK may take to be better. */
static unsigned space_spread_most(const SpaceSpread *spread, unsigned rank)
{
	if (!spread->nodes)
		return SPACE_SPAN_MOST;
	return rank < spread->rank ? spread->nodes : spread->nodes - 1;
}

static void space_spread_on(const Space *space, const StandingVm *vm, unsigned standing,
			    SpaceSpread *spread)
{
	unsigned rank = space->roomy[standing];
	unsigned most = MIN(space_spread_most(spread, rank),
			    space->first[standing + 1] - space->first[standing]);

	for (unsigned k = 2; k <= most; k++) {
		if (!space_span_at(space, vm, standing, k, spread->tried))
			continue;
		g_array_set_size(spread->parts, 0);
		g_array_append_vals(spread->parts, spread->tried->data, spread->tried->len);
		spread->nodes = k;
		spread->rank = rank;
		return;
	}
}

static void space_spread_over(const Space *space, const StandingVm *vm, const SpaceZone *zone,
			      SpaceSpread *spread)
{
	unsigned least = space_least_cores(space, vm);

	for (unsigned i = 0; !zone->shut && i < zone->hosts->len; i++) {
		unsigned s = g_array_index(zone->hosts, unsigned, i);

		if (space_standing(space, s)->bid->memory < vm->memory)
			break; /* nor have those after it */
		if (space->free[s] >= least && space_allows(space, vm, s) &&
		    !standing_whole(space_standing(space, s), vm))
			space_spread_on(space, vm, s, spread);
	}
}

bool space_find_span(const Space *space, const StandingVm *vm, GArray *parts)
{
	g_autoptr(GArray) tried = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	SpaceSpread spread = {.parts = parts, .tried = tried};

	for (unsigned z = 0; z < space->zones->len; z++)
		space_spread_over(space, vm, space_zone(space, z), &spread);
	return parts->len;
}
