/* SPDX-License-Identifier: MIT */
/*
 * Prints packing problems with the search's answers, one JSON object a line, for
 * tests/ilp_model.py: search_cases [COUNT [SEED]] Hosts as they are sold, lists of a few sizes,
 * from half empty to overfull, with and without memory to run short of; every other with all that
 * VMs may ask for: cores for helpers, vCPUs that float, a part of the host, one node, others to be
 * apart from, and kinds of cores.
 */
#include "planner/search/search.h"
#include "random.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const struct Shape {
	unsigned nodes, rooms, cores, threads, taken; /* taken of each node's first room */
} shapes[] = {
	{2, 1, 18, 2, 4}, {2, 1, 28, 2, 2}, {4, 1, 14, 2, 1}, {8, 1, 14, 2, 1}, {2, 4, 8, 2, 2},
	{2, 8, 8, 2, 2},  {4, 2, 8, 2, 1},  {2, 8, 4, 2, 2},  {4, 4, 4, 2, 1},	{4, 4, 6, 1, 1},
};
static const unsigned sizes[][6] = {
	{2, 4, 8, 16, 0},	 {4, 8, 0},	 {6, 12, 24, 0},  {2, 4, 8, 16, 32, 0},
	{6, 10, 12, 20, 24, 40}, {10, 12, 0},	 {3, 5, 7, 9, 0}, {12, 16, 0},
	{6, 8, 12, 20, 0},	 {30, 50, 8, 0},
};
static const char *const prefers[] = {"vcpus", "vms", "order"};

/* Rooms of a host of SHAPE, with cores of a second kind if it is HYBRID; returns its threads. */
static unsigned make_rooms(GArray *rooms, const struct Shape *shape, bool hybrid)
{
	unsigned threads = 0;
	bool uneven = pick(3) == 0;

	for (unsigned n = 0; n < shape->nodes; n++)
		for (unsigned r = 0; r < shape->rooms; r++) {
			SearchRoom room = {n, 0, shape->threads, shape->cores};

			if (r == 0)
				room.cores -= MIN(shape->taken, room.cores);
			if (uneven)
				room.cores -= pick(MIN(3, room.cores + 1));
			threads += room.cores * room.threads;
			g_array_append_val(rooms, room);
			if (!hybrid || r + 1 < shape->rooms)
				continue;
			room = (SearchRoom){n, 1, 1, 1 + pick(shape->cores)};
			threads += room.cores;
			g_array_append_val(rooms, room);
		}
	return threads;
}

/* Rooms that a VM may be kept to: those of a kind, of some nodes, or any. Yours. */
static bool *make_part(const GArray *rooms)
{
	bool *part = g_new0(bool, rooms->len);
	unsigned by = pick(3), nodes = 1 + pick(255);

	for (unsigned r = 0; r < rooms->len; r++) {
		const SearchRoom *room = &g_array_index(rooms, SearchRoom, r);

		part[r] = by == 0   ? room->class == 0
			  : by == 1 ? nodes >> room->node & 1
				    : pick(2) == 0;
	}
	return part;
}

/* Give VMS wishes; PARTS keeps what they point to. */
static void make_wishes(GArray *vms, const GArray *rooms, GPtrArray *parts)
{
	for (unsigned i = 0; i < vms->len; i++) {
		SearchVm *vm = &g_array_index(vms, SearchVm, i);

		vm->helpers = pick(6) == 0 ? 1 + pick(4) : 0;
		vm->floating = pick(8) == 0 ? pick(6) : 0;
		vm->whole = pick(10) == 0;
		if (pick(6) == 0) {
			vm->rooms = make_part(rooms);
			g_ptr_array_add(parts, (gpointer)vm->rooms);
		}
	}
}

/* Some of VMS are to be apart, by sockets of two nodes, by nodes, or by rooms; PARTS keeps the
 * places. */
static GArray *make_apart(const GArray *vms, const GArray *rooms, GPtrArray *parts)
{
	GArray *apart = g_array_new(FALSE, FALSE, sizeof(SearchApart));
	unsigned *place = g_new(unsigned, rooms->len), by = pick(3), n = MIN(2 + pick(4), vms->len);

	g_ptr_array_add(parts, place);
	for (unsigned r = 0; r < rooms->len; r++) {
		unsigned node = g_array_index(rooms, SearchRoom, r).node;

		place[r] = by == 0 ? node / 2 : by == 1 ? node : r;
	}
	for (unsigned a = 0; a < n; a++)
		for (unsigned b = a + 1; b < n; b++) {
			SearchApart pair = {a, b, place};

			g_array_append_val(apart, pair);
		}
	return apart;
}

static void make_vms(GArray *vms, unsigned threads, unsigned nodes)
{
	const unsigned *of = sizes[pick(G_N_ELEMENTS(sizes))];
	unsigned n = 0, load = threads * (40 + pick(100)) / 100, ratio = 1 + pick(4);

	while (n < 6 && of[n])
		n++;
	while (vms->len < 200) {
		SearchVm vm = {of[pick(n)], false, 0, 1 << 20, G_MAXUINT};

		vm.isolate = pick(12) == 0;
		if (vm.vcpus > load)
			break;
		load -= vm.vcpus;
		vm.memory = (uint64_t)vm.vcpus * ratio * (1 + pick(2)) << 30;
		if (pick(15) == 0)
			vm.node = pick(nodes);
		g_array_append_val(vms, vm);
	}
}

/* Nodes on two boards, or as far from each other as may be; nothing for most hosts. Yours. */
static unsigned *make_distances(unsigned nodes)
{
	unsigned *distance = g_new0(unsigned, nodes *nodes + 1), boards = pick(2);

	for (unsigned a = 0; a < nodes; a++)
		for (unsigned b = 0; b <= a; b++) {
			unsigned drawn = boards ? (a / 2 == b / 2 ? 12 : 32) : 11 + pick(10);

			distance[a * nodes + b] = distance[b * nodes + a] = a == b ? 10 : drawn;
		}
	return distance;
}

static json_t *distances_json(const SearchProblem *p)
{
	json_t *rows = json_array();

	for (unsigned a = 0; p->distance && a < p->n_nodes; a++) {
		json_t *row = json_array();

		for (unsigned b = 0; b < p->n_nodes; b++)
			json_array_append_new(row, json_integer(p->distance[a * p->n_nodes + b]));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *part_json(const SearchProblem *p, const bool *part)
{
	json_t *rooms = part ? json_array() : json_null();

	for (unsigned r = 0; part && r < p->n_rooms; r++)
		json_array_append_new(rooms, json_boolean(part[r]));
	return rooms;
}

static json_t *apart_json(const SearchProblem *p)
{
	json_t *pairs = json_array();

	for (unsigned i = 0; i < p->n_apart; i++) {
		json_t *places = json_array();

		for (unsigned r = 0; r < p->n_rooms; r++)
			json_array_append_new(places, json_integer(p->apart[i].place[r]));
		json_array_append_new(pairs, json_pack("[i, i, o]", (int)p->apart[i].a,
						       (int)p->apart[i].b, places));
	}
	return pairs;
}

static json_t *problem_json(const SearchProblem *p)
{
	json_t *rooms = json_array(), *memory = json_array(), *vms = json_array();

	for (unsigned i = 0; i < p->n_rooms; i++)
		json_array_append_new(rooms,
				      json_pack("{si si si si}", "node", p->rooms[i].node, "class",
						p->rooms[i].class, "threads", p->rooms[i].threads,
						"cores", p->rooms[i].cores));
	for (unsigned i = 0; i < p->n_nodes; i++)
		json_array_append_new(memory, json_integer((json_int_t)p->memory[i]));
	for (unsigned i = 0; i < p->n_vms; i++) {
		const SearchVm *vm = &p->vms[i];

		json_array_append_new(
			vms,
			json_pack("{si sb sI sI si si sb so so}", "vcpus", vm->vcpus, "isolate",
				  vm->isolate, "memory", (json_int_t)vm->memory, "page",
				  (json_int_t)vm->page, "helpers", vm->helpers, "floating",
				  vm->floating, "whole", vm->whole, "rooms",
				  part_json(p, vm->rooms), "node",
				  vm->node == G_MAXUINT ? json_null() : json_integer(vm->node)));
	}
	return json_pack("{so so so so so ss}", "rooms", rooms, "memory", memory, "distance",
			 distances_json(p), "vms", vms, "apart", apart_json(p), "prefer",
			 prefers[p->prefer]);
}

static json_t *answer_json(const SearchResult *result)
{
	json_t *vms = json_array();

	for (unsigned i = 0; i < result->assignments->len; i++)
		json_array_append_new(vms, json_boolean(g_ptr_array_index(result->assignments, i)));
	return json_pack("{sI sI si si sI sI sb sI so}", "placed", (json_int_t)result->placed,
			 "bound", (json_int_t)result->bound, "far", result->far, "spread",
			 result->spread, "near", (json_int_t)result->near, "spare",
			 (json_int_t)result->spare, "optimal", result->optimal, "steps",
			 (json_int_t)result->steps, "vms", vms);
}

static void print_case(bool wishes)
{
	const struct Shape *shape = &shapes[pick(G_N_ELEMENTS(shapes))];
	g_autoptr(GArray) rooms = g_array_new(FALSE, TRUE, sizeof(SearchRoom));
	g_autoptr(GArray) vms = g_array_new(FALSE, TRUE, sizeof(SearchVm));
	g_autofree uint64_t *memory = g_new(uint64_t, shape->nodes);
	g_autofree unsigned *distance = make_distances(shape->nodes);
	g_autoptr(SearchResult) result = NULL;
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) apart = NULL;
	SearchProblem problem = {.memory = memory, .n_nodes = shape->nodes};
	unsigned threads = make_rooms(rooms, shape, wishes && pick(3) == 0);
	json_t *json;

	make_vms(vms, threads, shape->nodes);
	if (wishes)
		make_wishes(vms, rooms, parts);
	if (wishes && pick(2)) {
		apart = make_apart(vms, rooms, parts);
		problem.apart = (SearchApart *)apart->data;
		problem.n_apart = apart->len;
	}
	for (unsigned n = 0; n < shape->nodes; n++)
		memory[n] = (uint64_t)shape->rooms * shape->cores * shape->threads * 5 << 30;
	problem.rooms = (SearchRoom *)rooms->data;
	problem.n_rooms = rooms->len;
	problem.vms = (SearchVm *)vms->data;
	problem.n_vms = vms->len;
	problem.prefer = (Prefer)pick(3);
	if (shape->nodes > 2 && shape->nodes <= 4)
		problem.distance = distance;
	result = search_solve(&problem);
	json = json_pack("{so so}", "problem", problem_json(&problem), "answer",
			 answer_json(result));
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;

	if (argc > 2)
		random_state += strtoul(argv[2], NULL, 10) * 0x9e3779b97f4a7c15;
	while (count-- > 0)
		print_case(count % 2);
	return 0;
}
