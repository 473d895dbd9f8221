/* SPDX-License-Identifier: MIT */
/* Where in a node a VM had best be: in one room, else over as few as hold it, in shares that differ
 * by a core at most, as the search assigns VMs (search.h). */
#include "planner/assign/assign_internal.h"
#include "planner/place/demand.h"

/* A VM over several rooms loses a little more than any in one room: of equals, whole is better. */
#define SPREAD_LOSS 256

static bool assign_holds(const Assign *a, const AssignRoom *room, unsigned cores, uint64_t memory)
{
	return room->cores >= cores && a->memory[room->slot] >= memory;
}

/* What ROOM is worth less with so much less; of equals what is left smaller is less. */
static int64_t assign_room_loss(const Assign *a, const AssignRoom *room, unsigned cores,
				uint64_t memory)
{
	uint64_t before = a->memory[room->slot];
	uint64_t after = before == UINT64_MAX ? before : before - memory;
	int64_t lost = choice_worth(a->choice, room->kind, room->cores, before) -
		       choice_worth(a->choice, room->kind, room->cores - cores, after);

	return lost * 256 + MIN(255, room->cores - cores);
}

static void assign_find_room(const Assign *a, const AssignAsk *ask, const AssignNode *node,
			     AssignPlacement *placement)
{
	const VmSpec *spec = ask->like->spec;
	unsigned threads = 0, need = 0;

	for (unsigned r = node->first; r < node->end; r++) {
		const AssignRoom *room = &a->rooms[r];
		int64_t loss;

		if (room->bid->threads != threads) {
			threads = room->bid->threads;
			need = place_cores(spec, threads);
		}
		if (!assign_holds(a, room, need, ask->memory) ||
		    (spec->node >= 0 && room->bid->node != (unsigned)spec->node))
			continue;
		loss = assign_room_loss(a, room, need, ask->memory);
		if (placement->n && loss >= placement->loss)
			continue;
		placement->n = 1;
		placement->loss = loss;
		placement->parts[0] = (AssignPart){r, need, ask->memory};
	}
}

/* Could a NUMA node hold it, were it empty? */
static bool assign_could_hold(const Assign *a, const AssignAsk *ask, const AssignNode *node)
{
	for (unsigned r = node->first; r < node->end; r++) {
		const BidRoom *room = a->rooms[r].bid;

		if (room->cores >= place_cores(ask->like->spec, room->threads) &&
		    room->capacity >= ask->memory)
			return true;
	}
	return false;
}

typedef struct AssignOption {
	unsigned room;
	int64_t loss;
} AssignOption;

/* The rooms of those at hand that lose least by N shares of CORES and MEMORY; how many were found.
 */
static unsigned assign_pick(const Assign *a, AssignOption *rooms, unsigned n_rooms, unsigned n,
			    unsigned cores, uint64_t memory, AssignPlacement *placement)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n_rooms; i++)
		rooms[i].loss =
			rooms[i].room != ASSIGN_NONE &&
					assign_holds(a, &a->rooms[rooms[i].room], cores, memory)
				? assign_room_loss(a, &a->rooms[rooms[i].room], cores, memory)
				: INT64_MAX;
	for (; found < n; found++) {
		unsigned best = 0;

		for (unsigned i = 1; i < n_rooms; i++)
			if (rooms[i].loss < rooms[best].loss)
				best = i;
		if (rooms[best].loss == INT64_MAX)
			break;
		placement->loss += rooms[best].loss;
		placement->parts[placement->n++] = (AssignPart){rooms[best].room, cores, memory};
		rooms[best] = (AssignOption){ASSIGN_NONE, INT64_MAX};
	}
	return found;
}

/* Over rooms of the class that begins with FIRST. */
static bool assign_placement_cut(const Assign *a, const AssignNode *node, unsigned first,
				 const PlaceCut *cut, AssignPlacement *placement)
{
	AssignOption rooms[64];
	unsigned n = 0;

	for (unsigned r = first; r < node->end && n < G_N_ELEMENTS(rooms); r++)
		if (a->rooms[r].bid->class == a->rooms[first].bid->class)
			rooms[n++].room = r;
	placement->n = 0;
	placement->loss = 0;
	return n >= cut->n &&
	       assign_pick(a, rooms, n, cut->n_large - 1, cut->large, cut->full, placement) ==
		       cut->n_large - 1 &&
	       assign_pick(a, rooms, n, 1, cut->large, cut->not_full, placement) == 1 &&
	       assign_pick(a, rooms, n, cut->n - cut->n_large, cut->small, cut->memory_small,
			   placement) == cut->n - cut->n_large;
}

static bool assign_is_first(const Assign *a, const AssignNode *node, unsigned room)
{
	for (unsigned r = node->first; r < room; r++)
		if (a->rooms[r].bid->class == a->rooms[room].bid->class)
			return false;
	return true;
}

static unsigned assign_class_cores(const Assign *a, const AssignNode *node, unsigned first)
{
	unsigned cores = 0;

	for (unsigned r = first; r < node->end; r++)
		if (a->rooms[r].bid->class == a->rooms[first].bid->class)
			cores += a->rooms[r].cores;
	return cores;
}

static void assign_find_span(const Assign *a, const AssignAsk *ask, const AssignNode *node,
			     AssignPlacement *placement)
{
	const VmSpec *spec = ask->like->spec;
	unsigned most = MIN(node->end - node->first, ASSIGN_PARTS_MOST);

	for (unsigned r = node->first; r < node->end; r++) {
		unsigned threads = a->rooms[r].bid->threads;
		PlaceCut cut;

		if (!assign_is_first(a, node, r) ||
		    assign_class_cores(a, node, r) < place_cores(spec, threads))
			continue;
		for (unsigned n = 2; n <= most && place_cut(spec, threads, n, &cut); n++)
			if (assign_placement_cut(a, node, r, &cut, placement)) {
				placement->loss += SPREAD_LOSS;
				return;
			}
	}
	placement->n = 0;
}

bool assign_find_placement(Assign *a, const AssignAsk *ask, unsigned number,
			   AssignPlacement *placement)
{
	const AssignNode *node = &a->nodes[number];
	const VmSpec *spec = ask->like->spec;

	a->work += node->end - node->first + 1;
	placement->node = number;
	placement->n = 0;
	placement->loss = 0;
	if (ask->like->cpu_pm && !node->bid->cpu_pm)
		return false;
	assign_find_room(a, ask, node, placement);
	if (!placement->n && spec->node < 0 &&
	    (spec->spans != SPANS_NEVER || !assign_could_hold(a, ask, node)))
		assign_find_span(a, ask, node, placement);
	return placement->n;
}

static int64_t assign_find_loss(Assign *a, const AssignAsk *ask, unsigned node)
{
	AssignPlacement placement;

	return assign_find_placement(a, ask, node, &placement) ? placement.loss : INT64_MAX;
}

int64_t assign_loss(Assign *a, AssignAsk *ask, unsigned node)
{
	if (!a->cached)
		return assign_find_loss(a, ask, node);
	if (!ask->loss) {
		ask->loss = g_new(int64_t, a->n_nodes);
		ask->seen = g_new0(unsigned, a->n_nodes);
	}
	if (ask->seen[node] != a->nodes[node].version) {
		ask->seen[node] = a->nodes[node].version;
		ask->loss[node] = assign_find_loss(a, ask, node);
	}
	return ask->loss[node];
}

bool assign_allows(const Assign *a, unsigned request, unsigned number)
{
	const char *group = assign_request(a, request)->group;
	const GArray *taken = a->nodes[number].taken;

	for (unsigned i = 0; group && i < taken->len; i++)
		if (!g_strcmp0(group, assign_request(a, g_array_index(taken, unsigned, i))->group))
			return false;
	return true;
}

/* Take what PLACEMENT has of its rooms, or give it back. */
static void assign_use(Assign *a, const AssignPlacement *placement, bool take)
{
	for (unsigned i = 0; i < placement->n; i++) {
		const AssignPart *part = &placement->parts[i];
		AssignRoom *room = &a->rooms[part->room];

		room->cores += take ? -part->cores : part->cores;
		if (a->memory[room->slot] != UINT64_MAX)
			a->memory[room->slot] += take ? -part->memory : part->memory;
	}
	a->nodes[placement->node].version++;
}

/* The last one is the likeliest. */
static void assign_take_out(GArray *list, unsigned request)
{
	for (unsigned i = list->len; i-- > 0;)
		if (g_array_index(list, unsigned, i) == request) {
			g_array_remove_index(list, i);
			return;
		}
}

void assign_put(Assign *a, unsigned request, const AssignPlacement *placement)
{
	AssignAsk *ask = assign_ask(a, a->ask_of[request]);

	assign_take_out(ask->open, request);
	a->placements[request] = *placement;
	assign_use(a, placement, true);
	g_array_append_val(a->nodes[placement->node].taken, request);
	ask->placed++;
	a->value += ask->value;
}

void assign_remove(Assign *a, unsigned request)
{
	AssignAsk *ask = assign_ask(a, a->ask_of[request]);
	AssignPlacement *placement = &a->placements[request];

	assign_take_out(a->nodes[placement->node].taken, request);
	assign_use(a, placement, false);
	placement->node = ASSIGN_NONE;
	g_array_append_val(ask->open, request);
	ask->placed--;
	a->value -= ask->value;
}

bool assign_place_one(Assign *a, unsigned request)
{
	AssignAsk *ask = assign_ask(a, a->ask_of[request]);
	int64_t least = INT64_MAX;
	unsigned best = ASSIGN_NONE;
	AssignPlacement placement;

	for (unsigned n = 0; n < a->n_nodes; n++) {
		int64_t loss = assign_loss(a, ask, n);

		if (loss < least && assign_allows(a, request, n)) {
			least = loss;
			best = n;
		}
	}
	if (best == ASSIGN_NONE || !assign_find_placement(a, ask, best, &placement))
		return false;
	assign_put(a, request, &placement);
	return true;
}

int64_t assign_node_worth(const Assign *a, unsigned number)
{
	const AssignNode *node = &a->nodes[number];
	int64_t worth = 0;

	for (unsigned r = node->first; r < node->end; r++)
		worth += choice_worth(a->choice, a->rooms[r].kind, a->rooms[r].cores,
				      a->memory[a->rooms[r].slot]);
	return worth;
}
