/* SPDX-License-Identifier: MIT */
/* What a fleet can take at most: never less than what plan places, and not much more. */
#include "given.h"
#include "planner/assign/choice.h"
#include "planner/place/plan.h"
#include "random.h"

static GPtrArray *requests_of(const char *const *lines, unsigned n)
{
	GPtrArray *requests = g_ptr_array_new_with_free_func((GDestroyNotify)request_free);

	for (unsigned i = 0; i < n; i++) {
		g_autofree char *line = g_strdup_printf("{\"id\":\"r%u\",%s}", i, lines[i]);
		g_autoptr(GError) error = NULL;
		Request *request = request_parse(line, strlen(line), &error);

		g_assert_no_error(error);
		g_ptr_array_add(requests, request);
	}
	return requests;
}

/* Of NODES nodes like HOST with INVENTORY. */
static Choice *choice_of(const Host *host, const Inventory *inventory, unsigned nodes,
			 const GPtrArray *requests, Prefer prefer)
{
	g_autoptr(GPtrArray) bids = g_ptr_array_new_with_free_func((GDestroyNotify)bid_free);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	const BidShapes shapes = {none, none};

	for (unsigned i = 0; i < nodes; i++)
		g_ptr_array_add(bids, bid_new(&shapes, host, inventory, NULL));
	return choice_new(bids, requests, prefer);
}

#define HOST "numa:2(memory=8GiB) core:4 pu:2" /* 3 cores of each NUMA node are for VMs */

static void assert_choice(unsigned nodes, Prefer prefer, uint64_t bound, unsigned taken,
			  const char *const *lines, unsigned n)
{
	g_autoptr(Host) host = given_host(HOST);
	g_autoptr(Inventory) inventory = given_inventory("");
	g_autoptr(GPtrArray) requests = requests_of(lines, n);
	g_autoptr(Choice) choice = choice_of(host, inventory, nodes, requests, prefer);
	unsigned count = 0;

	for (unsigned t = 0; t < choice->types->len; t++)
		count += choice_type(choice, t)->taken;
	g_assert_cmpuint(choice->bound, ==, bound);
	g_assert_cmpuint(count, ==, taken);
}

#define CHOICE(nodes, prefer, bound, taken, ...)                                                   \
	assert_choice(nodes, prefer, bound, taken, (const char *const[]){__VA_ARGS__},             \
		      G_N_ELEMENTS(((const char *const[]){__VA_ARGS__})))
#define BIG "\"vcpus\":6"
#define SMALL "\"vcpus\":2"

static void test_known(void)
{
	/* All fit. */
	CHOICE(1, PREFER_VCPUS, 8, 2, BIG, SMALL);
	/* Six small ones or two big ones fill a node. */
	CHOICE(1, PREFER_VCPUS, 12, 2, BIG, BIG, BIG);
	CHOICE(1, PREFER_VMS, 6, 6, BIG, BIG, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL);
	CHOICE(2, PREFER_VMS, 8, 8, BIG, BIG, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL);
	/* Memory: two of these in a NUMA node. */
	CHOICE(1, PREFER_VMS, 4, 4, "\"vcpus\":2,\"memory\":\"4G\"",
	       "\"vcpus\":2,\"memory\":\"4G\"", "\"vcpus\":2,\"memory\":\"4G\"",
	       "\"vcpus\":2,\"memory\":\"4G\"", "\"vcpus\":2,\"memory\":\"4G\"");
	/* Over both NUMA nodes, unless it may not be. */
	CHOICE(1, PREFER_VCPUS, 12, 1, "\"vcpus\":12");
	CHOICE(1, PREFER_VCPUS, 4, 1, "\"vcpus\":4,\"spans\":\"never\"");
	CHOICE(1, PREFER_VMS, 0, 0, "\"vcpus\":14");
	CHOICE(0, PREFER_VMS, 0, 0, SMALL);
	/* vCPUs that float count, and take neither cores nor memory of their own. */
	CHOICE(1, PREFER_VCPUS, 16, 1,
	       "\"vcpus\":16,\"dedicated_vcpus\":\"0-1\",\"memory\":\"4G\"");
	CHOICE(1, PREFER_VMS, 2, 2, "\"vcpus\":14,\"dedicated_vcpus\":\"0-5\",\"spans\":\"never\"",
	       "\"vcpus\":14,\"dedicated_vcpus\":\"0-5\",\"spans\":\"never\"");
}

/* Shares of a VM take whole pages each: 1 GiB here, of a VM whose memory is no whole number of
 * them.
 */
static void test_pages(void)
{
	static const char *const lines[] = {"\"vcpus\":7,\"memory\":\"1740M\",\"hugepages\":\"1G\"",
					    "\"vcpus\":64,\"memory\":\"128M\""};
	g_autoptr(Host) host = given_host("numa:2(memory=2GiB) core:5 pu:1");
	g_autoptr(Inventory) inventory = given_inventory("[host]\nmemory-per-node = 1G\n");
	g_autoptr(GPtrArray) requests = requests_of(lines, G_N_ELEMENTS(lines));
	g_autoptr(Choice) choice = choice_of(host, inventory, 1, requests, PREFER_VCPUS);

	g_assert_cmpuint(choice->bound, ==, 7);
}

/* What plan places of the list on one node, all of it proved. */
static uint64_t planned(const Host *host, const GPtrArray *requests, Prefer prefer)
{
	g_autoptr(Inventory) with = given_inventory("");
	PlanOptions options = {.prefer = prefer};
	g_autoptr(Plan) plan = NULL;
	uint64_t placed = 0;

	for (unsigned i = 0; i < requests->len; i++) {
		const VmSpec *spec = ((const Request *)g_ptr_array_index(requests, i))->spec;

		g_ptr_array_add(with->vms, vm_spec_copy(spec, spec->name));
	}
	plan = plan_compute(host, with, NULL, &options);
	for (unsigned i = 0; i < requests->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		placed += !vm->placed ? 0 : prefer == PREFER_VMS ? 1 : vm->spec->vcpus;
	}
	return placed;
}

static GPtrArray *requests_random(void)
{
	const char *lines[12];
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	unsigned n = 1 + pick(12);

	for (unsigned i = 0; i < n; i++) {
		g_ptr_array_add(texts,
				g_strdup_printf("\"vcpus\":%u,\"memory\":\"%uG\"%s%s%s",
						1 + pick(11), 1 + pick(4),
						pick(4) ? "" : ",\"spans\":\"never\"",
						pick(4) ? "" : ",\"threads\":\"isolate\"",
						pick(4) ? "" : ",\"dedicated_vcpus\":\"0\""));
		lines[i] = g_ptr_array_index(texts, i);
	}
	return requests_of(lines, n);
}

/* The bound holds: the exact search of one node never places more. */
static void test_bound(void)
{
	static const char *const hosts[] = {HOST, "numa:1(memory=16GiB) core:6 pu:1",
					    "numa:4(memory=4GiB) core:3 pu:2"};
	uint64_t over = 0, all = 0;

	for (unsigned i = 0; i < 300; i++) {
		g_autoptr(Host) host = given_host(hosts[pick(G_N_ELEMENTS(hosts))]);
		g_autoptr(Inventory) inventory = given_inventory("");
		g_autoptr(GPtrArray) requests = requests_random();
		Prefer prefer = pick(2) ? PREFER_VMS : PREFER_VCPUS;
		g_autoptr(Choice) choice = choice_of(host, inventory, 1, requests, prefer);
		uint64_t placed = planned(host, requests, prefer);

		g_assert_cmpuint(choice->bound, >=, placed);
		over += choice->bound - placed;
		all += placed;
	}
	g_test_message("%u of %u more than is placed", (unsigned)over, (unsigned)all);
	g_assert_cmpuint(over * 10, <, all);
}

/* More sizes than the program has rows for: memory is rounded for it, and the bound still holds. */
static void test_sizes(void)
{
	g_autoptr(Host) host = given_host("numa:2(memory=8GiB) core:81 pu:1");
	g_autoptr(Inventory) inventory = given_inventory("");
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) requests = NULL;
	g_autoptr(Choice) few = NULL, all = NULL;

	for (unsigned i = 0; i < 150; i++)
		g_ptr_array_add(texts, g_strdup_printf("\"vcpus\":1,\"memory\":\"%uM\"", 30 + i));
	requests = requests_of((const char *const *)texts->pdata, texts->len);
	all = choice_of(host, inventory, 1, requests, PREFER_VMS);
	g_assert_cmpuint(all->bound, >=, planned(host, requests, PREFER_VMS));
	g_assert_cmpuint(all->bound, <=, 150);
	few = choice_of(host, inventory, 1, requests, PREFER_VCPUS);
	g_assert_cmpuint(few->bound, ==, all->bound); /* a vCPU each */
}

/* Kinds and sizes by the hundred: the tables are coarser, and the work ends all the same. */
static void test_work(void)
{
	g_autoptr(GPtrArray) bids = g_ptr_array_new_with_free_func((GDestroyNotify)bid_free);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = given_inventory("");
	g_autoptr(GPtrArray) requests = NULL, none = g_ptr_array_new();
	g_autoptr(Choice) choice = NULL;
	const BidShapes shapes = {none, none};
	uint64_t alone = 0;

	for (unsigned k = 0; k < 32; k++) {
		g_autofree char *text =
			g_strdup_printf("numa:2(memory=%uGiB) core:%u pu:2", 64 + 8 * k, 8 + k);
		g_autoptr(Host) host = given_host(text);

		g_ptr_array_add(bids, bid_new(&shapes, host, inventory, NULL));
	}
	for (unsigned i = 0; i < 240; i++)
		g_ptr_array_add(texts, g_strdup_printf("\"vcpus\":%u,\"memory\":\"%uM\"",
						       1 + pick(24), 1 + pick(64000)));
	requests = requests_of((const char *const *)texts->pdata, texts->len);
	choice = choice_new(bids, requests, PREFER_VMS);
	g_assert_cmpuint(choice->work, <=, CHOICE_WORK);
	g_assert_cmpuint(choice->bound, <=, 240);
	for (unsigned k = 0; k < bids->len; k++)
		alone += ((const Bid *)g_ptr_array_index(bids, k))->rooms->len;
	g_assert_cmpuint(choice->bound, >=, alone); /* one of them fits into each NUMA node */
}

/* Memory that is not known holds as many VMs as there are cores. */
static void test_memory_unknown(void)
{
	static const char *const lines[] = {
		"\"vcpus\":2,\"memory\":\"4G\"", "\"vcpus\":2,\"memory\":\"4G\"",
		"\"vcpus\":2,\"memory\":\"4G\"", "\"vcpus\":2,\"memory\":\"4G\""};
	g_autoptr(Host) host = given_host("numa:1(memory=8GiB) core:4 pu:2");
	g_autoptr(Inventory) inventory = given_inventory("");
	g_autoptr(GPtrArray) requests = requests_of(lines, G_N_ELEMENTS(lines));
	g_autoptr(GPtrArray) bids = g_ptr_array_new_with_free_func((GDestroyNotify)bid_free);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(Choice) choice = NULL;
	const BidShapes shapes = {none, none};
	Bid *bid = bid_new(&shapes, host, inventory, NULL);

	g_ptr_array_add(bids, bid);
	for (unsigned r = 0; r < bid->rooms->len; r++)
		g_array_index(bid->rooms, BidRoom, r).memory = UINT64_MAX;
	choice = choice_new(bids, requests, PREFER_VMS);
	g_assert_cmpuint(choice->bound, ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/choice/known", test_known);
	g_test_add_func("/choice/pages", test_pages);
	g_test_add_func("/choice/bound", test_bound);
	g_test_add_func("/choice/sizes", test_sizes);
	g_test_add_func("/choice/work", test_work);
	g_test_add_func("/choice/memory_unknown", test_memory_unknown);
	return g_test_run();
}
