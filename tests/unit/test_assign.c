/* SPDX-License-Identifier: MIT */
/* Assignments of made-up fleets: each holds, by a count of its own, and is near the bound. */
#include "planner/assign/assign.h"
#include "random.h"

#include <string.h>

#define NODES 30u
#define GIB ((uint64_t)1 << 30)

/* A node of a fleet, in numbers; two threads a core. */
typedef struct Kind {
	unsigned rooms, cores, gib;
	bool cpu_pm;
} Kind;

static void bid_free_made(gpointer data)
{
	bid_free(data);
}

static Bid *bid_made(const Kind *kind)
{
	Bid *bid = g_malloc0(sizeof(Bid));

	bid->open = true;
	bid->cpu_pm = kind->cpu_pm;
	bid->rooms = g_array_new(FALSE, TRUE, sizeof(BidRoom));
	for (unsigned r = 0; r < kind->rooms; r++) {
		unsigned used = pick(kind->cores / 2 + 1);
		BidRoom room = {.node = r,
				.threads = 2,
				.cores = kind->cores,
				.free = kind->cores - used,
				.capacity = kind->gib * GIB,
				.memory = (kind->gib - used * 3) * GIB};

		g_array_append_val(bid->rooms, room);
	}
	return bid;
}

static GPtrArray *fleet_made(unsigned nodes)
{
	static const Kind kinds[] = {
		{2, 17, 136, true}, {4, 9, 88, true}, {8, 5, 56, true}, {2, 27, 184, false}};
	GPtrArray *bids = g_ptr_array_new_with_free_func(bid_free_made);

	for (unsigned n = 0; n < nodes; n++)
		g_ptr_array_add(bids, bid_made(&kinds[pick(G_N_ELEMENTS(kinds))]));
	return bids;
}

/* So many that not all have room, the largest first; of MANY sizes, a few or each another. */
static GPtrArray *requests_made(unsigned n, bool many)
{
	static const unsigned sizes[] = {32, 16, 12, 8, 6, 4, 2};
	GPtrArray *requests = g_ptr_array_new_with_free_func((GDestroyNotify)request_free);

	for (unsigned i = 0; i < n; i++) {
		unsigned vcpus = sizes[i * G_N_ELEMENTS(sizes) / n];
		g_autofree char *group =
			pick(8) ? g_strdup("") : g_strdup_printf(",\"group\":\"g%u\"", pick(9));
		g_autofree char *line = g_strdup_printf(
			"{\"id\":\"v%u\",\"vcpus\":%u,\"memory\":\"%uM\"%s%s%s}", i, vcpus,
			many ? vcpus * 1024 + pick(vcpus * 4096) : vcpus * 1024 * (1 + pick(4)),
			pick(8) ? "" : ",\"cpu_pm\":true", pick(3) ? "" : ",\"spans\":\"never\"",
			group);
		g_autoptr(GError) error = NULL;
		Request *request = request_parse(line, strlen(line), &error);

		g_assert_no_error(error);
		g_ptr_array_add(requests, request);
	}
	return requests;
}

/* VMs of one node into its rooms, one after the other: any way that holds them all. */
typedef struct Packing {
	unsigned cores[8], n;
	uint64_t memory[8];
	const Request *vms[128];
	unsigned vms_n, steps;
} Packing;

static bool pack_from(Packing *p, unsigned at);

/* The shares of VM from SHARE on, of K in all, into rooms from ROOM on. */
static bool pack_shares(Packing *p, unsigned at, unsigned k, unsigned large, unsigned small,
			unsigned room)
{
	const VmSpec *spec = p->vms[at]->spec;
	unsigned cores = spec->vcpus / 2, each = (cores + k - 1) / k;

	if (!large && !small)
		return pack_from(p, at + 1);
	if (room == p->n || ++p->steps > 2000000)
		return false;
	for (unsigned which = 0; which < 2; which++) {
		unsigned share = which ? each - 1 : each;
		uint64_t memory = spec->memory / cores * share;
		bool done;

		if (!(which ? small : large) || p->cores[room] < share || p->memory[room] < memory)
			continue;
		p->cores[room] -= share;
		p->memory[room] -= memory;
		done = pack_shares(p, at, k, large - !which, small - which, room + 1);
		p->cores[room] += share;
		p->memory[room] += memory;
		if (done)
			return true;
	}
	return pack_shares(p, at, k, large, small, room + 1);
}

static bool pack_from(Packing *p, unsigned at)
{
	unsigned cores;

	if (at == p->vms_n)
		return true;
	cores = p->vms[at]->spec->vcpus / 2;
	for (unsigned k = 1; k <= p->n && k <= cores; k++) {
		unsigned large = cores % k ? cores % k : k;

		if (pack_shares(p, at, k, large, k - large, 0))
			return true;
	}
	return false;
}

static void check_node(const Bid *bid, const GPtrArray *requests, const unsigned *nodes,
		       unsigned node)
{
	Packing p = {.n = bid->rooms->len};
	g_autoptr(GHashTable) groups = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned r = 0; r < p.n; r++) {
		p.cores[r] = g_array_index(bid->rooms, BidRoom, r).free;
		p.memory[r] = g_array_index(bid->rooms, BidRoom, r).memory;
	}
	for (unsigned i = 0; i < requests->len; i++) {
		const Request *request = g_ptr_array_index(requests, i);

		if (nodes[i] != node)
			continue;
		g_assert_true(bid->cpu_pm || !request->cpu_pm);
		if (request->group)
			g_assert_true(g_hash_table_add(groups, request->group));
		g_assert_cmpuint(p.vms_n, <, G_N_ELEMENTS(p.vms));
		p.vms[p.vms_n++] = request;
	}
	/* A search that is given up says nothing. */
	g_assert_true(pack_from(&p, 0) || p.steps > 2000000);
}

static uint64_t placed_of(const GPtrArray *requests, const unsigned *nodes, Prefer prefer)
{
	uint64_t placed = 0;

	for (unsigned i = 0; i < requests->len; i++)
		if (nodes[i] != G_MAXUINT)
			placed += prefer == PREFER_VMS
					  ? 1
					  : ((const Request *)g_ptr_array_index(requests, i))
						    ->spec->vcpus;
	return placed;
}

/* How far the assignment of NODES made-up nodes is from its bound, which holds: a part of it. */
static double gap_made(unsigned nodes, bool many, Prefer prefer)
{
	g_autoptr(GPtrArray) bids = fleet_made(nodes);
	g_autoptr(GPtrArray) requests = requests_made(7 * nodes, many);
	g_autoptr(Assignment) assignment = assign_compute(bids, requests, prefer);
	uint64_t placed = placed_of(requests, assignment->nodes, prefer);

	for (unsigned node = 0; node < nodes; node++)
		check_node(g_ptr_array_index(bids, node), requests, assignment->nodes, node);
	g_assert_cmpuint(placed, <=, assignment->bound);
	g_assert_cmpuint(assignment->work, <=, 2 * ASSIGN_WORK);
	return (double)(assignment->bound - placed) / (double)assignment->bound;
}

/* A small fleet is filled anew until little is missing. */
static void test_near(void)
{
	double gaps = 0;

	for (unsigned i = 0; i < 8; i++) {
		double gap = gap_made(NODES, false, i % 2 ? PREFER_VMS : PREFER_VCPUS);

		g_test_message("gap %.3f %%", 100 * gap);
		g_assert_cmpfloat(gap, <=, 0.02);
		gaps += gap / 8;
	}
	g_test_message("mean gap %.3f %%", 100 * gaps);
	g_assert_cmpfloat(gaps, <=, 0.004);
}

/* In a large one a good first answer counts: there is no time to fill all of it anew. */
static void test_large(void)
{
	double vcpus = gap_made(300, false, PREFER_VCPUS), vms = gap_made(300, false, PREFER_VMS);

	g_test_message("gaps %.3f %% and %.3f %%", 100 * vcpus, 100 * vms);
	g_assert_cmpfloat(vcpus, <=, 0.005);
	g_assert_cmpfloat(vms, <=, 0.005);
}

/* Hundreds of sizes: prices are known all the same. */
static void test_sizes(void)
{
	double vcpus = gap_made(60, true, PREFER_VCPUS), vms = gap_made(60, true, PREFER_VMS);

	g_test_message("gaps of many sizes %.3f %% and %.3f %%", 100 * vcpus, 100 * vms);
	g_assert_cmpfloat(vcpus, <=, 0.005);
	g_assert_cmpfloat(vms, <=, 0.01);
}

/* In order: whoever is refused, those before it fill the nodes; the first ones are all placed. */
static void test_order(void)
{
	g_autoptr(GPtrArray) bids = fleet_made(NODES);
	g_autoptr(GPtrArray) requests = requests_made(7 * NODES, false);
	g_autoptr(Assignment) assignment = assign_compute(bids, requests, PREFER_ORDER);

	for (unsigned node = 0; node < NODES; node++)
		check_node(g_ptr_array_index(bids, node), requests, assignment->nodes, node);
	for (unsigned i = 0; i < 10; i++)
		g_assert_cmpuint(assignment->nodes[i], !=, G_MAXUINT);
	g_assert_true(assignment->bound == UINT64_MAX);
}

/* Room is made: "a" has the tighter node until the second VM of a group needs it. */
static void test_room(void)
{
	static const char *const lines[] = {"{\"id\":\"a\",\"vcpus\":4}",
					    "{\"id\":\"b\",\"vcpus\":4,\"group\":\"g\"}",
					    "{\"id\":\"c\",\"vcpus\":4,\"group\":\"g\"}"};
	const Kind kind = {1, 4, 64, true};
	g_autoptr(GPtrArray) bids = g_ptr_array_new_with_free_func(bid_free_made);
	g_autoptr(GPtrArray) requests =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_free);
	g_autoptr(Assignment) assignment = NULL;

	for (unsigned n = 0; n < 2; n++) {
		g_ptr_array_add(bids, bid_made(&kind));
		g_array_index(((Bid *)bids->pdata[n])->rooms, BidRoom, 0).free = n ? 4 : 2;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
		g_ptr_array_add(requests, request_parse(lines[i], strlen(lines[i]), NULL));
	assignment = assign_compute(bids, requests, PREFER_ORDER);
	g_assert_cmpuint(assignment->nodes[0], ==, 1);
	g_assert_cmpuint(assignment->nodes[1] + assignment->nodes[2], ==, 1);
	for (unsigned n = 0; n < bids->len; n++)
		check_node(bids->pdata[n], requests, assignment->nodes, n);
}

/* The same again, and nothing for nothing. */
static void test_same(void)
{
	g_autoptr(GPtrArray) bids = fleet_made(12), requests = requests_made(90, false);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(Assignment) a = assign_compute(bids, requests, PREFER_VMS);
	g_autoptr(Assignment) b = assign_compute(bids, requests, PREFER_VMS);
	g_autoptr(Assignment) nobody = assign_compute(bids, none, PREFER_VMS);
	g_autoptr(Assignment) nowhere = assign_compute(none, requests, PREFER_VMS);
	g_autoptr(Assignment) in_order = assign_compute(none, requests, PREFER_ORDER);

	g_assert_cmpmem(a->nodes, requests->len * sizeof(unsigned), b->nodes,
			requests->len * sizeof(unsigned));
	g_assert_cmpuint(nobody->bound, ==, 0);
	g_assert_cmpuint(placed_of(requests, nowhere->nodes, PREFER_VMS), ==, 0);
	g_assert_cmpuint(placed_of(requests, in_order->nodes, PREFER_ORDER), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/assign/near", test_near);
	g_test_add_func("/assign/large", test_large);
	g_test_add_func("/assign/sizes", test_sizes);
	g_test_add_func("/assign/order", test_order);
	g_test_add_func("/assign/room", test_room);
	g_test_add_func("/assign/same", test_same);
	return g_test_run();
}
