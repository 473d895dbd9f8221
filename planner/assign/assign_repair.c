/* SPDX-License-Identifier: MIT */
/*
 * For better: a few nodes are emptied of the VMs that they took and filled anew, with those VMs and
 * those that have no place, the larger ones more or less first. What is worth more stays, else all
 * goes back. What is left counts for a part of its worth, so that what is free comes together.
 *
 * Nodes and orders come from a generator with a fixed seed: the same on any machine.
 */
#include "planner/assign/assign_internal.h"

#define NODES_AT_ONCE 4
#define TRIES_TO_MAKE_ROOM 40
#define WORTH_PART 4  /* what is left counts so many times less than what is placed */
#define THRESHOLD 20u /* per cent, above and below, that prices are taken to be wrong */

/* What was taken away, to be put back. */
typedef struct AssignMemo {
	GArray *requests, *placements; /* of unsigned, AssignPlacement */
} AssignMemo;

static AssignMemo assign_memo_new(void)
{
	return (AssignMemo){g_array_new(FALSE, FALSE, sizeof(unsigned)),
			    g_array_new(FALSE, FALSE, sizeof(AssignPlacement))};
}

static void assign_memo_clear(AssignMemo *memo)
{
	g_array_unref(memo->requests);
	g_array_unref(memo->placements);
}

/* NODES lose all that they took; MEMO, where it is not NULL, has that then, and nothing else. */
static void assign_empty(Assign *a, const unsigned *nodes, unsigned n, AssignMemo *memo)
{
	if (memo) {
		g_array_set_size(memo->requests, 0);
		g_array_set_size(memo->placements, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		GArray *taken = a->nodes[nodes[i]].taken;

		while (taken->len) {
			unsigned request = g_array_index(taken, unsigned, taken->len - 1);

			if (memo) {
				g_array_append_val(memo->requests, request);
				g_array_append_val(memo->placements, a->placements[request]);
			}
			assign_remove(a, request);
		}
	}
}

static void assign_restore(Assign *a, const unsigned *nodes, unsigned n, const AssignMemo *memo)
{
	assign_empty(a, nodes, n, NULL);
	for (unsigned i = memo->requests->len; i-- > 0;)
		assign_put(a, g_array_index(memo->requests, unsigned, i),
			   &g_array_index(memo->placements, AssignPlacement, i));
}

/* Where of NODES it loses least; now and then one of them is passed over. */
static bool assign_refill_one(Assign *a, GRand *rand, const unsigned *nodes, unsigned n,
			      unsigned request)
{
	AssignAsk *ask = assign_ask(a, a->ask_of[request]);
	AssignPlacement best = {.n = 0}, placement;

	for (unsigned i = 0; i < n; i++)
		if (assign_allows(a, request, nodes[i]) &&
		    assign_find_placement(a, ask, nodes[i], &placement) &&
		    (!best.n || (placement.loss < best.loss && g_rand_int(rand) % 16)))
			best = placement;
	if (best.n)
		assign_put(a, request, &best);
	return best.n;
}

typedef struct AssignTurn {
	unsigned ask;
	int64_t key;
} AssignTurn;

static int assign_turn_compare(gconstpointer x, gconstpointer y)
{
	const AssignTurn *a = x, *b = y;

	if (a->key != b->key)
		return a->key > b->key ? -1 : 1;
	return a->ask < b->ask ? -1 : a->ask > b->ask;
}

/* When it is the turn of ASK, never quite the same: those that pay for their price, more or less,
 * of high price first; then the others. */
static void assign_add_turn(const Assign *a, GRand *rand, unsigned spread, unsigned number,
			    GArray *turns)
{
	const AssignAsk *ask = assign_ask(a, number);
	bool pays = ask->value / 100 * (100 - THRESHOLD + g_rand_int(rand) % (2 * THRESHOLD)) >=
		    ask->price;
	int64_t price = MAX(ask->price, 1);
	AssignTurn turn = {number, price / 16 * (16 + g_rand_int(rand) % (16 * spread))};

	if (!ask->open->len)
		return;
	turn.key = pays ? turn.key : -turn.key;
	g_array_append_val(turns, turn);
}

/* All asks with requests to be placed. */
static void assign_turns(const Assign *a, GRand *rand, GArray *turns)
{
	unsigned spread = 1 + g_rand_int(rand) % 3;

	g_array_set_size(turns, 0);
	for (unsigned i = 0; i < a->asks->len; i++)
		if (assign_ask(a, i)->plain)
			assign_add_turn(a, rand, spread, i, turns);
	g_array_sort(turns, assign_turn_compare);
}

static bool assign_has_turn(const GArray *turns, unsigned ask)
{
	for (unsigned i = 0; i < turns->len; i++)
		if (g_array_index(turns, AssignTurn, i).ask == ask)
			return true;
	return false;
}

/* Those of MEMO alone: a list may ask for thousands of sizes. */
static void assign_turns_of(const Assign *a, GRand *rand, const AssignMemo *memo, GArray *turns)
{
	unsigned spread = 1 + g_rand_int(rand) % 3;

	g_array_set_size(turns, 0);
	for (unsigned i = 0; i < memo->requests->len; i++) {
		unsigned ask = a->ask_of[g_array_index(memo->requests, unsigned, i)];

		if (!assign_has_turn(turns, ask))
			assign_add_turn(a, rand, spread, ask, turns);
	}
	g_array_sort(turns, assign_turn_compare);
}

static void assign_refill(Assign *a, GRand *rand, const unsigned *nodes, unsigned n, GArray *turns)
{
	assign_turns(a, rand, turns);
	for (unsigned i = 0; i < turns->len; i++) {
		AssignAsk *ask = assign_ask(a, g_array_index(turns, AssignTurn, i).ask);

		for (unsigned at = ask->open->len; at-- > 0;) {
			unsigned request = g_array_index(ask->open, unsigned, at);

			if (!assign_refill_one(a, rand, nodes, n, request) &&
			    !assign_request(a, request)->group)
				break;
		}
	}
}

static int64_t assign_worth_of(const Assign *a, const unsigned *nodes, unsigned n)
{
	int64_t worth = 0;

	for (unsigned i = 0; i < n; i++)
		worth += assign_node_worth(a, nodes[i]);
	return a->value * WORTH_PART + worth;
}

/* Different nodes that have rooms. */
static unsigned assign_choose(const Assign *a, GRand *rand, unsigned *nodes, unsigned most)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 3 * most && n < most; i++) {
		unsigned node = g_rand_int(rand) % a->n_nodes, j = 0;

		while (j < n && nodes[j] != node)
			j++;
		if (j == n && a->nodes[node].first < a->nodes[node].end)
			nodes[n++] = node;
	}
	return n;
}

void assign_improve(Assign *a)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	g_autoptr(GArray) turns = g_array_new(FALSE, FALSE, sizeof(AssignTurn));
	AssignMemo memo = assign_memo_new();
	uint64_t end = a->work + ASSIGN_WORK;
	int64_t bound = a->choice->bound == UINT64_MAX ? INT64_MAX
						       : (int64_t)a->choice->bound * CHOICE_UNIT;

	while (a->work < end && a->value < bound && a->choice->rooms->len) {
		unsigned nodes[NODES_AT_ONCE] = {0};
		unsigned n = assign_choose(a, rand, nodes, 1 + g_rand_int(rand) % NODES_AT_ONCE);
		int64_t before = assign_worth_of(a, nodes, n);

		a->work += 50 + a->asks->len / 16;
		assign_empty(a, nodes, n, &memo);
		assign_refill(a, rand, nodes, n, turns);
		if (assign_worth_of(a, nodes, n) < before)
			assign_restore(a, nodes, n, &memo);
	}
	assign_memo_clear(&memo);
}

/* Room */

static bool assign_all_open_placed(const Assign *a, const AssignMemo *memo)
{
	for (unsigned i = 0; i < memo->requests->len; i++)
		if (a->placements[g_array_index(memo->requests, unsigned, i)].node == ASSIGN_NONE)
			return false;
	return true;
}

static void assign_refill_memo(Assign *a, GRand *rand, const unsigned *nodes, unsigned n,
			       const AssignMemo *memo, GArray *turns)
{
	assign_turns_of(a, rand, memo, turns);
	for (unsigned i = 0; i < turns->len; i++) {
		unsigned ask = g_array_index(turns, AssignTurn, i).ask;

		for (unsigned m = 0; m < memo->requests->len; m++) {
			unsigned request = g_array_index(memo->requests, unsigned, m);

			if (a->ask_of[request] == ask &&
			    !assign_refill_one(a, rand, nodes, n, request))
				return;
		}
	}
}

bool assign_make_room(Assign *a, GRand *rand, unsigned request)
{
	g_autoptr(GArray) turns = g_array_new(FALSE, FALSE, sizeof(AssignTurn));
	AssignMemo memo = assign_memo_new();
	bool made = false;

	for (unsigned i = 0; i < TRIES_TO_MAKE_ROOM && !made && a->choice->rooms->len; i++) {
		unsigned nodes[NODES_AT_ONCE] = {0};
		unsigned n = assign_choose(a, rand, nodes, NODES_AT_ONCE);

		assign_empty(a, nodes, n, &memo);
		g_array_append_val(memo.requests, request);
		assign_refill_memo(a, rand, nodes, n, &memo, turns);
		made = assign_all_open_placed(a, &memo);
		g_array_set_size(memo.requests, memo.requests->len - 1);
		if (!made)
			assign_restore(a, nodes, n, &memo);
	}
	assign_memo_clear(&memo);
	return made;
}
