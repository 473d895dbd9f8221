/* SPDX-License-Identifier: MIT */
#include "planner/assign/assign_internal.h"
#include "planner/place/allowed.h"
#include "planner/place/problem.h"

#define CELLS_MOST (4u << 20) /* losses that are kept, of each ask and node */

/* Asks */

static guint assign_request_hash(gconstpointer key)
{
	const Request *request = key;
	const VmSpec *spec = request->spec;

	return spec->vcpus * 31 + (guint)(spec->memory >> 20) * 4099 +
	       (guint)(spec->memory & 0xfffff) + request->cpu_pm;
}

static gboolean assign_request_equal(gconstpointer x, gconstpointer y)
{
	const Request *a = x, *b = y;

	return problem_specs_alike(a->spec, b->spec) && a->cpu_pm == b->cpu_pm;
}

static void assign_add_ask(Assign *a, unsigned request)
{
	const Request *like = assign_request(a, request);
	unsigned type = a->choice->type_of[request];
	AssignAsk ask = {.like = like,
			 .type = type,
			 .plain = allowed_nodes(like->spec) && !like->spec->apart.group,
			 .memory = place_memory(like->spec),
			 .value = choice_type(a->choice, type)->value,
			 .price = choice_type(a->choice, type)->price,
			 .open = g_array_new(FALSE, FALSE, sizeof(unsigned))};

	g_array_append_val(a->asks, ask);
}

static void assign_ask_clear(gpointer data)
{
	AssignAsk *ask = data;

	g_array_unref(ask->open);
	g_free(ask->loss);
	g_free(ask->seen);
}

static void assign_find_asks(Assign *a)
{
	g_autoptr(GHashTable) found = g_hash_table_new(assign_request_hash, assign_request_equal);

	a->asks = g_array_new(FALSE, FALSE, sizeof(AssignAsk));
	g_array_set_clear_func(a->asks, assign_ask_clear);
	for (unsigned i = 0; i < a->requests->len; i++) {
		gpointer key = (gpointer)assign_request(a, i), index;

		if (!g_hash_table_lookup_extended(found, key, NULL, &index)) {
			index = GUINT_TO_POINTER(a->asks->len);
			g_hash_table_insert(found, key, index);
			assign_add_ask(a, i);
		}
		a->ask_of[i] = GPOINTER_TO_UINT(index);
	}
	for (unsigned i = a->requests->len; i-- > 0;)
		g_array_append_val(assign_ask(a, a->ask_of[i])->open, i);
}

/* Nodes */

static void assign_find_nodes(Assign *a, const GPtrArray *bids)
{
	unsigned next = 0;

	a->n_nodes = bids->len;
	a->nodes = g_new0(AssignNode, bids->len + 1);
	a->rooms = g_new0(AssignRoom, a->choice->rooms->len + 1);
	a->memory = g_memdup2(a->choice->memory, a->choice->slots * sizeof(uint64_t));
	for (unsigned n = 0; n < bids->len; n++) {
		const Bid *bid = g_ptr_array_index(bids, n);
		AssignNode *node = &a->nodes[n];

		*node = (AssignNode){.bid = bid,
				     .first = next,
				     .version = 1,
				     .taken = g_array_new(FALSE, FALSE, sizeof(unsigned))};
		for (unsigned r = 0; bid->open && r < bid->rooms->len; r++, next++) {
			const ChoiceRoom *room = choice_room(a->choice, next);

			a->rooms[next] = (AssignRoom){.bid = &g_array_index(bid->rooms, BidRoom, r),
						      .kind = choice_kind(a->choice, room->kind),
						      .slot = room->slot,
						      .cores = room->cores};
		}
		node->end = next;
	}
}

static void assign_clear(Assign *a)
{
	for (unsigned n = 0; n < a->n_nodes; n++)
		g_array_unref(a->nodes[n].taken);
	g_array_unref(a->asks);
	g_free(a->nodes);
	g_free(a->rooms);
	g_free(a->memory);
	g_free(a->ask_of);
	g_free(a->placements);
	choice_free(a->choice);
}

Assignment *assign_compute(const GPtrArray *bids, const GPtrArray *requests, Prefer prefer)
{
	Assignment *assignment = g_new0(Assignment, 1);
	Assign a = {.requests = requests,
		    .prefer = prefer,
		    .choice = choice_new(bids, requests, prefer),
		    .ask_of = g_new0(unsigned, requests->len + 1),
		    .placements = g_new0(AssignPlacement, requests->len + 1)};

	for (unsigned i = 0; i < requests->len; i++)
		a.placements[i].node = ASSIGN_NONE;
	assign_find_asks(&a);
	assign_find_nodes(&a, bids);
	a.cached = (uint64_t)a.asks->len * (a.n_nodes + 1) <= CELLS_MOST;
	if (prefer == PREFER_ORDER) {
		assign_place_in_order(&a);
	} else {
		assign_place_all(&a);
		assign_improve(&a);
	}
	assignment->nodes = g_new(unsigned, requests->len + 1);
	for (unsigned i = 0; i < requests->len; i++)
		assignment->nodes[i] = a.placements[i].node;
	assignment->bound = prefer == PREFER_ORDER ? UINT64_MAX : a.choice->bound;
	assignment->work = a.work;
	assign_clear(&a);
	return assignment;
}

void assignment_free(Assignment *assignment)
{
	g_free(assignment->nodes);
	g_free(assignment);
}
