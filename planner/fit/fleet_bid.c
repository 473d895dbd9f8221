/* SPDX-License-Identifier: MIT */
#include "planner/fit/fleet_bid.h"
#include "planner/base/size.h"
#include "planner/fit/fleet.h"
#include "planner/place/counts.h"
#include "planner/place/near.h"

/* What plan leaves in the rooms of PROBLEM. */
typedef struct BidRest {
	const Problem *problem;
	Counts counts;
} BidRest;

/* Rests */

static const SearchRoom *fleet_bid_room_of(const BidRest *rest, unsigned room)
{
	return &g_array_index(rest->problem->rooms, SearchRoom, room);
}

static unsigned fleet_bid_cell_of(const BidRest *rest, unsigned room)
{
	return rest->problem->layout->room[room].cell;
}

static void fleet_bid_take_assignment(BidRest *rest, const GArray *assignment)
{
	for (unsigned i = 0; assignment && i < assignment->len; i++) {
		const SearchShare *share = &g_array_index(assignment, SearchShare, i);

		counts_take_cores(&rest->counts, share->room, (int)share->cores);
	}
}

/* What RESULT, of PROBLEM, and the shared VMs leave. */
static void rest_init(BidRest *rest, const FitBase *base, const Problem *problem,
		      const SearchResult *result)
{
	g_autofree uint64_t *memory = fit_memory_left(base, problem, result);
	const Rooms *layout = problem->layout;

	*rest = (BidRest){problem, counts_of(layout, memory)};
	for (unsigned r = 0; r < layout->n_rooms; r++)
		counts_take_cores(
			&rest->counts, r,
			(int)(layout->room[r].cores->len - fleet_bid_room_of(rest, r)->cores));
	for (unsigned i = 0; i < result->assignments->len; i++)
		fleet_bid_take_assignment(rest, g_ptr_array_index(result->assignments, i));
}

static unsigned fleet_bid_free_cores(const BidRest *rest)
{
	unsigned cores = 0;

	for (unsigned c = 0; c < rest->problem->layout->n_cells; c++)
		cores += rest->counts.cell[c];
	return cores;
}

/* Capacity: how many of a shape there is room for, node by node */

static unsigned fleet_bid_need_of(const VmSpec *spec, const SearchRoom *room)
{
	return place_cores(spec, room->threads);
}

/* Could one room hold it, were it empty? Then it is counted by rooms. */
static bool sits_in_room(const BidRest *rest, const VmSpec *spec)
{
	for (unsigned r = 0; r < rest->problem->rooms->len; r++)
		if (rest->problem->layout->room[r].cores->len >=
		    fleet_bid_need_of(spec, fleet_bid_room_of(rest, r)))
			return true;
	return false;
}

/* Is ROOM the first of its cell? */
static bool is_first(const BidRest *rest, unsigned room)
{
	return rest->problem->layout->cell[fleet_bid_cell_of(rest, room)].rooms[0] == room;
}

static uint64_t node_capacity(const BidRest *rest, const VmSpec *spec, unsigned node, bool by_room)
{
	uint64_t copies = 0, memory = place_memory(spec);

	for (unsigned r = 0; r < rest->problem->rooms->len; r++) {
		const SearchRoom *room = fleet_bid_room_of(rest, r);

		if (room->node != node)
			continue;
		if (by_room)
			copies += rest->counts.free[r] / fleet_bid_need_of(spec, room);
		else if (is_first(rest, r))
			copies += rest->counts.cell[fleet_bid_cell_of(rest, r)] /
				  fleet_bid_need_of(spec, room);
	}
	if (memory && rest->counts.memory[node] != UINT64_MAX)
		copies = MIN(copies, rest->counts.memory[node] / memory);
	return copies;
}

/* vCPUs of further VMs, each shape of the scale alone, summed. */
static uint64_t fleet_bid_capacity(const BidShapes *shapes, const BidRest *rest)
{
	uint64_t vcpus = 0;

	for (unsigned i = 0; i < shapes->scale->len; i++) {
		const VmSpec *spec = g_ptr_array_index(shapes->scale, i);
		bool by_room = sits_in_room(rest, spec);

		for (unsigned n = 0; n < rest->problem->host->nodes->len; n++)
			vcpus += node_capacity(rest, spec, n, by_room) * spec->vcpus;
	}
	return vcpus;
}

/* Offers */

/* Count NEED cores as taken, from ROOM on or, where those do not do, from the first of its cell. */
static void fleet_bid_take_cores(BidRest *rest, unsigned room, unsigned need)
{
	const RoomCell *cell = &rest->problem->layout->cell[fleet_bid_cell_of(rest, room)];
	unsigned first = rest->counts.free[room] >= need ? room : 0;

	for (unsigned i = 0; i < cell->n_rooms; i++) {
		unsigned cores = MIN(need, rest->counts.free[cell->rooms[i]]);

		if (cell->rooms[i] < first)
			continue;
		counts_take_cores(&rest->counts, cell->rooms[i], (int)cores);
		need -= cores;
	}
}

/* What it costs to put SPEC into ROOM, or into its node from there. */
static Offer offer_at(const BidShapes *shapes, const BidRest *rest, const VmSpec *spec,
		      unsigned room, uint64_t before)
{
	BidRest after = {rest->problem, counts_copy(&rest->counts)};
	const SearchRoom *at = fleet_bid_room_of(rest, room);
	Offer offer = {.state = OFFER_YES};

	fleet_bid_take_cores(&after, room, fleet_bid_need_of(spec, at));
	counts_take_memory(&after.counts, at->node, (int64_t)place_memory(spec));
	offer.loss = (unsigned)(before - fleet_bid_capacity(shapes, &after));
	offer.left = fleet_bid_free_cores(&after);
	counts_free(&after.counts);
	return offer;
}

static bool fleet_bid_room_holds(const BidRest *rest, const VmSpec *spec, unsigned room,
				 bool by_room)
{
	const SearchRoom *like = fleet_bid_room_of(rest, room);
	unsigned need = fleet_bid_need_of(spec, like);

	if (!problem_room_allows(rest->problem, spec, room) ||
	    rest->counts.memory[like->node] < place_memory(spec))
		return false;
	return by_room ? rest->counts.free[room] >= need
		       : is_first(rest, room) &&
				 rest->counts.cell[fleet_bid_cell_of(rest, room)] >= need;
}

/* The cheapest place in what is free: in a room, else in a node. */
static void offer_free(const BidShapes *shapes, const BidRest *rest, const VmSpec *spec,
		       uint64_t before, Offer *best)
{
	for (unsigned by_room = 2; by_room-- > 0 && best->state == OFFER_NO;)
		for (unsigned r = 0; r < rest->problem->rooms->len; r++) {
			Offer offer;

			if (!fleet_bid_room_holds(rest, spec, r, by_room))
				continue;
			offer = offer_at(shapes, rest, spec, r, before);
			if (best->state == OFFER_YES && offer.loss >= best->loss)
				continue;
			best->state = OFFER_YES;
			best->loss = offer.loss;
			best->left = offer.left;
		}
}

/* Are there cores enough at all, wherever the VMs without cpus = sit? */
static bool has_cores(const Problem *problem, const VmSpec *spec)
{
	uint64_t used = problem_least_cores(problem, spec);

	for (unsigned i = 0; i < problem->specs->len; i++)
		used += problem_least_cores(problem, g_ptr_array_index(problem->specs, i));
	return used <= problem_free_cores(problem);
}

/* And memory? */
static bool has_memory(const Problem *problem, const VmSpec *spec)
{
	uint64_t used = place_memory(spec);

	for (unsigned i = 0; i < problem->specs->len; i++)
		used += place_memory(g_ptr_array_index(problem->specs, i));
	return used <= place_memory_sum(problem->memory, problem->host->nodes->len);
}

/* SPEC is SHAPE as the node has it, or FAR says why its devices are not on one NUMA node. */
static void offer_note_near(Offer *offer, const VmSpec *shape, const VmSpec *spec, const char *far)
{
	offer->far = far;
	offer->near = shape->near && spec->node >= 0;
	offer->node = offer->near ? (unsigned)spec->node : 0;
}

static Offer fleet_bid_offer_of(const BidShapes *shapes, const BidRest *rest, const VmSpec *shape,
				uint64_t before)
{
	Offer offer = {.state = OFFER_NO, .proved = true};
	g_autoptr(VmSpec) near = shape->near ? vm_spec_copy(shape, shape->name) : NULL;
	g_autofree char *far = near ? near_settle(rest->problem->host, near) : NULL;
	const VmSpec *spec = near ? near : shape;

	offer_note_near(&offer, shape, spec, far);
	if (far)
		return offer;
	/* Where VMs must be apart, only the search tells. */
	if (!spec->apart.group)
		offer_free(shapes, rest, spec, before, &offer);
	if (offer.state == OFFER_NO && has_cores(rest->problem, spec) &&
	    has_memory(rest->problem, spec))
		offer.state = OFFER_MAYBE;
	return offer;
}

/* Bids */

Bid *bid_closed(const BidShapes *shapes)
{
	return g_malloc0(sizeof(Bid) + shapes->shapes->len * sizeof(Offer));
}

void bid_free(Bid *bid)
{
	g_free(bid->why);
	g_clear_pointer(&bid->rooms, g_array_unref);
	g_free(bid);
}

/* Nodes come one after the other: the memory of each counts once. */
static void bid_add_memory(Bid *bid, const BidRoom *room)
{
	unsigned n = bid->rooms->len;

	if (n && g_array_index(bid->rooms, BidRoom, n - 1).node == room->node)
		return;
	if (room->memory == UINT64_MAX || bid->memory == UINT64_MAX)
		bid->memory = UINT64_MAX;
	else
		bid->memory += room->memory;
}

static void bid_add_rooms(Bid *bid, const BidRest *rest)
{
	bid->rooms = g_array_new(FALSE, FALSE, sizeof(BidRoom));
	for (unsigned r = 0; r < rest->problem->rooms->len; r++) {
		const SearchRoom *room = fleet_bid_room_of(rest, r);
		BidRoom sum = {.node = host_node(rest->problem->host, room->node)->id,
			       .class = room->class,
			       .threads = room->threads,
			       .capacity = rest->problem->capacity[room->node],
			       .memory = rest->counts.memory[room->node]};

		if (!is_first(rest, r))
			continue;
		sum.cores = rest->problem->layout->cell[fleet_bid_cell_of(rest, r)].cores;
		sum.free = rest->counts.cell[fleet_bid_cell_of(rest, r)];
		bid->cores += sum.cores;
		bid->free += sum.free;
		bid_add_memory(bid, &sum);
		g_array_append_val(bid->rooms, sum);
	}
}

static void make_offers(Bid *bid, const BidShapes *shapes, const BidRest *rest, const Bid *before)
{
	uint64_t capable = fleet_bid_capacity(shapes, rest);

	for (unsigned i = 0; i < shapes->shapes->len; i++) {
		if (before && before->offers[i].state == OFFER_NO)
			bid->offers[i] = before->offers[i];
		else
			bid->offers[i] = fleet_bid_offer_of(
				shapes, rest, g_ptr_array_index(shapes->shapes, i), capable);
	}
}

Bid *bid_new(const BidShapes *shapes, const Host *host, const Inventory *inventory,
	     const Bid *before)
{
	PlanOptions options = {0};
	g_autoptr(FitBase) base = fit_base_new(host, inventory, &options);
	g_autoptr(SearchResult) result = NULL;
	Bid *bid = bid_closed(shapes);
	BidRest rest;

	bid->why = fleet_fault(base, inventory);
	if (bid->why)
		return bid;
	bid->open = true;
	bid->vms = inventory->vms->len;
	bid->cpu_pm = fleet_cpu_pm_on(host, inventory, CPU_MODE_HOST_MODEL);
	result = problem_solve(base->problem);
	rest_init(&rest, base, base->problem, result);
	make_offers(bid, shapes, &rest, before);
	bid_add_rooms(bid, &rest);
	counts_free(&rest.counts);
	return bid;
}

Offer bid_settle(const BidShapes *shapes, const Host *host, const Inventory *inventory,
		 const VmSpec *shape, uint64_t steps)
{
	PlanOptions options = {.budget = steps};
	g_autoptr(VmSpec) spec = vm_spec_copy(shape, shape->name);
	g_autofree char *far = near_settle(host, spec);
	FitSize size = {spec, 1};
	g_autoptr(FitBase) base = fit_base_new(host, inventory, &options);
	g_autoptr(Problem) with = fit_problem_with(base, &size, 1, 1, NULL);
	g_autoptr(SearchResult) now = NULL, then = NULL;
	Offer offer = {.state = OFFER_NO};
	BidRest before, after;

	offer_note_near(&offer, shape, spec, far);
	if (far || !problem_all_fit(with, &offer.proved) || !fit_placed(base, &size, 1, 1))
		return offer;
	now = problem_solve(base->problem);
	then = problem_solve(with);
	rest_init(&before, base, base->problem, now);
	rest_init(&after, base, with, then);
	offer.state = OFFER_YES;
	offer.loss = (unsigned)MAX(0, (int64_t)fleet_bid_capacity(shapes, &before) -
					      (int64_t)fleet_bid_capacity(shapes, &after));
	offer.left = fleet_bid_free_cores(&after);
	counts_free(&before.counts);
	counts_free(&after.counts);
	return offer;
}

/* What is lacking */

static void bid_lack_finish(BidLack *lack)
{
	if (lack->cores > lack->cores_free)
		lack->cores_missing = lack->cores - lack->cores_free;
	if (lack->memory > lack->memory_free)
		lack->memory_missing = lack->memory - lack->memory_free;
}

bool bid_lack_less(const BidLack *a, const BidLack *b)
{
	if (a->cores_missing != b->cores_missing)
		return a->cores_missing < b->cores_missing;
	return a->memory_missing < b->memory_missing;
}

static BidLack bid_lack_in(const BidRoom *room, const VmSpec *spec)
{
	BidLack lack = {.node = room->node,
			.cores = place_cores(spec, room->threads),
			.cores_free = room->free,
			.memory = place_memory(spec),
			.memory_free = room->memory};

	bid_lack_finish(&lack);
	return lack;
}

static BidLack bid_lack_across(const Bid *bid, const VmSpec *spec)
{
	BidLack lack = {.across = true,
			.cores = G_MAXUINT,
			.cores_free = bid->free,
			.memory = place_memory(spec),
			.memory_free = bid->memory};

	for (unsigned r = 0; r < bid->rooms->len; r++)
		lack.cores = MIN(lack.cores,
				 place_cores(spec, g_array_index(bid->rooms, BidRoom, r).threads));
	bid_lack_finish(&lack);
	return lack;
}

/* In the NUMA nodes that could hold it, were they empty; false: there is none. */
static bool bid_lack_least(const Bid *bid, const VmSpec *spec, BidLack *least)
{
	bool found = false;

	for (unsigned r = 0; r < bid->rooms->len; r++) {
		const BidRoom *room = &g_array_index(bid->rooms, BidRoom, r);
		BidLack lack = bid_lack_in(room, spec);

		if (spec->node >= 0 ? room->node != (unsigned)spec->node : lack.cores > room->cores)
			continue;
		if (!found || bid_lack_less(&lack, least))
			*least = lack;
		found = true;
	}
	return found;
}

BidLack bid_lack(const Bid *bid, const VmSpec *spec)
{
	BidLack lack = {0};

	if (bid_lack_least(bid, spec, &lack))
		return lack;
	if (spec->node < 0)
		return bid_lack_across(bid, spec);
	return bid_lack_in(&(BidRoom){.node = (unsigned)spec->node, .threads = 1}, spec);
}

/* Where memory is wanted in huge pages of PAGE bytes: by how many pages. */
static char *bid_lack_pages(const BidLack *lack, uint64_t page, const char *in, const char *where)
{
	g_autofree char *size = size_format(page);
	uint64_t pages = lack->memory / page, free = lack->memory_free / page;

	return g_strdup_printf("needs %" G_GUINT64_FORMAT
			       " huge pages of %s on %s with %u free cores, the most that such a "
			       "one has room for is %" G_GUINT64_FORMAT " (%s): %" G_GUINT64_FORMAT
			       " missing",
			       pages, size, in, lack->cores, free, where, pages - free);
}

char *bid_lack_text(const BidLack *lack, const VmSpec *spec, const char *name)
{
	g_autofree char *in = spec->node >= 0
				      ? g_strdup_printf("NUMA node %d", spec->node)
				      : g_strdup(lack->across ? "one host" : "one NUMA node");
	g_autofree char *where =
		lack->across ? g_strdup(name) : g_strdup_printf("%s, node %u", name, lack->node);
	g_autofree char *needed = size_format_rounded(lack->memory);
	g_autofree char *free = size_format_rounded(lack->memory_free);
	g_autofree char *missing = size_format_rounded(lack->memory_missing);

	if (lack->cores_missing)
		return g_strdup_printf("needs %u whole cores on %s, the most that are free is "
				       "%u (%s): %u missing",
				       lack->cores, in, lack->cores_free, where,
				       lack->cores_missing);
	if (spec->page)
		return bid_lack_pages(lack, spec->page, in, where);
	return g_strdup_printf("needs %s on %s with %u free cores, the most that is free on such a "
			       "one is %s (%s): %s missing",
			       needed, in, lack->cores, free, where, missing);
}

unsigned bid_largest_room(const Bid *bid)
{
	unsigned most = 0;

	for (unsigned r = 0; r < bid->rooms->len; r++)
		most = MAX(most, g_array_index(bid->rooms, BidRoom, r).free);
	return most;
}
