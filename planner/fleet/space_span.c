/* SPDX-License-Identifier: MIT */
/* A VM over several NUMA nodes: in shares of whole cores that differ by one at most. */
#include "planner/fleet/yard.h"
#include "planner/place/placer.h"

#define YARD_SPAN_MOST 64 /* NUMA nodes of a host that VMs may span: the search's limit */

typedef struct YardSpan {
	const Yard *yard;
	unsigned rooms[YARD_SPAN_MOST], n; /* of one class on one host */
	unsigned rank[YARD_SPAN_MOST]; /* 3 = holds a large share, 2 = the one that is not full, 1 =
					  a small one */
	bool used[YARD_SPAN_MOST];
	unsigned large, small;		       /* cores of a share */
	uint64_t whole, short_one, small_part; /* their memory */
	unsigned n_large;
} YardSpan;

/* The shares of VM over K nodes, each with room for its helpers. False where it has fewer cores. */
static bool yard_span_cut(YardSpan *span, const StandingVm *vm, unsigned threads, unsigned k)
{
	unsigned vcpus = vm_spec_pinned(vm->spec);
	unsigned own = search_cores(vm_spec_helpers(vm->spec), threads, false);
	unsigned cores = standing_cores(vm->spec, threads) - own;
	unsigned each = vm->spec->threads == THREADS_ISOLATE ? 1 : threads;
	unsigned idle = cores * each - vcpus;

	if (cores < k)
		return false;
	span->large = (cores + k - 1) / k;
	span->small = cores / k;
	span->n_large = cores % k ? cores % k : k;
	span->whole = place_share_memory(vm->spec, span->large * each);
	span->short_one = place_share_memory(vm->spec, span->large * each - idle);
	span->small_part = place_share_memory(vm->spec, span->small * each);
	span->large += own;
	span->small += own;
	return true;
}

static unsigned yard_span_rank(const YardSpan *span, unsigned index)
{
	const YardRoom *room = yard_room(span->yard, index);
	uint64_t memory = span->yard->memory[room->slot];

	if (room->left >= span->large && memory >= span->whole)
		return 3;
	if (room->left >= span->large && memory >= span->short_one)
		return 2;
	return room->left >= span->small && memory >= span->small_part;
}

/* Use up to COUNT rooms of that rank; how many are still wanted. */
static unsigned yard_span_use(YardSpan *span, unsigned rank, unsigned count, unsigned cores,
			      uint64_t memory, GArray *parts)
{
	for (unsigned i = 0; i < span->n && count; i++) {
		YardPart part = {span->rooms[i], cores, memory};

		if (span->used[i] || span->rank[i] != rank)
			continue;
		span->used[i] = true;
		g_array_append_val(parts, part);
		count--;
	}
	return count;
}

/* The shares, cut, into the rooms: what holds little takes what is small. */
static bool yard_span_fill(YardSpan *span, unsigned k, GArray *parts)
{
	unsigned small = k - span->n_large, missing;

	for (unsigned i = 0; i < span->n; i++) {
		span->rank[i] = yard_span_rank(span, span->rooms[i]);
		span->used[i] = false;
	}
	g_array_set_size(parts, 0);
	missing = yard_span_use(span, 3, span->n_large - 1, span->large, span->whole, parts);
	if (missing)
		return false;
	missing = yard_span_use(span, 2, 1, span->large, span->short_one, parts);
	missing = yard_span_use(span, 3, missing, span->large, span->short_one, parts);
	if (missing)
		return false;
	for (unsigned rank = 1; rank <= 3; rank++)
		small = yard_span_use(span, rank, small, span->small, span->small_part, parts);
	return !small;
}

static bool yard_span_at(const Yard *yard, const StandingVm *vm, unsigned standing, unsigned k,
			 GArray *parts)
{
	for (unsigned r = yard->first[standing]; r < yard->first[standing + 1]; r++) {
		YardSpan span = {.yard = yard};
		const BidRoom *like = yard_room(yard, r)->bid;

		for (unsigned s = r; s < yard->first[standing + 1] && span.n < YARD_SPAN_MOST; s++)
			if (yard_room(yard, s)->bid->class == like->class)
				span.rooms[span.n++] = s;
		if (span.n >= k && yard_span_cut(&span, vm, like->threads, k) &&
		    yard_span_fill(&span, k, parts))
			return true;
	}
	return false;
}

static bool yard_has_cores(const Yard *yard, const StandingVm *vm, unsigned standing)
{
	unsigned cores = 0, need = G_MAXUINT;

	for (unsigned r = yard->first[standing]; r < yard->first[standing + 1]; r++) {
		cores += yard_room(yard, r)->left;
		need = MIN(need, standing_cores(vm->spec, yard_room(yard, r)->bid->threads));
	}
	return cores >= need;
}

bool yard_find_span(const Yard *yard, const StandingVm *vm, GArray *parts)
{
	g_autoptr(GArray) tried = g_array_new(FALSE, FALSE, sizeof(YardPart));
	unsigned most = YARD_SPAN_MOST;

	for (unsigned i = 0; i < yard->roomy->len && most >= 2; i++) {
		unsigned s = g_array_index(yard->roomy, unsigned, i);

		if (yard_standing(yard, s)->bid->memory < vm->memory)
			break; /* nor have those after it */
		if (!yard_has_cores(yard, vm, s) || !yard_allows(yard, vm, s) ||
		    standing_whole(yard_standing(yard, s), vm))
			continue;
		for (unsigned k = 2; k <= MIN(most, yard->first[s + 1] - yard->first[s]); k++) {
			if (!yard_span_at(yard, vm, s, k, tried))
				continue;
			g_array_set_size(parts, 0);
			g_array_append_vals(parts, tried->data, tried->len);
			most = k - 1;
		}
	}
	return parts->len;
}
