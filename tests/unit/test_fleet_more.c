/* SPDX-License-Identifier: MIT */
/* How many more nodes a list needs: enough, and never fewer than the bound. */
#include "given.h"
#include "planner/assign/fleet_more.h"
#include "random.h"

typedef struct Wish {
	unsigned count;
	const char *line;
} Wish;

/* QUESTIONS: that may be asked, and that are left. */
static FleetMore more_asking(unsigned *questions, const char *topology, const char *text,
			     const Wish *wishes, unsigned n)
{
	g_autoptr(Host) host = given_host(topology);
	g_autoptr(Inventory) inventory = given_inventory(text);
	g_autoptr(GPtrArray) requests =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_free);

	for (unsigned i = 0; i < n; i++)
		for (unsigned v = 0; v < wishes[i].count; v++) {
			g_autofree char *line =
				g_strdup_printf("{\"id\":\"%u-%u\",%s}", i, v, wishes[i].line);
			g_autoptr(GError) error = NULL;
			Request *request = request_parse(line, strlen(line), &error);

			g_assert_no_error(error);
			g_ptr_array_add(requests, request);
		}
	return fleet_more(host, inventory, requests, questions);
}

static FleetMore more_of(const char *topology, const char *text, const Wish *wishes, unsigned n)
{
	unsigned questions = FLEET_MORE_QUESTIONS;

	return more_asking(&questions, topology, text, wishes, n);
}

static void assert_more(unsigned nodes, unsigned least, unsigned never, const char *topology,
			const char *text, const Wish *wishes, unsigned n)
{
	FleetMore more = more_of(topology, text, wishes, n);

	g_assert_cmpuint(more.nodes, ==, nodes);
	g_assert_cmpuint(more.least, ==, least);
	g_assert_cmpuint(more.never, ==, never);
}

/* One core of each of two NUMA nodes is the host's: 3 and 3 are left. */
#define HOST "numa:2 core:4 pu:2"
#define MORE(nodes, least, never, text, ...)                                                       \
	assert_more(nodes, least, never, HOST, text, (const Wish[]){__VA_ARGS__},                  \
		    G_N_ELEMENTS(((const Wish[]){__VA_ARGS__})))

static void test_known(void)
{
	MORE(1, 1, 0, "", {6, "\"vcpus\":2"});
	MORE(2, 2, 0, "", {7, "\"vcpus\":2"});
	/* The node's own VMs do not count. */
	MORE(2, 2, 0, "[vm a]\nvcpus = 2\ncount = 4\n", {7, "\"vcpus\":2"});
	/* More for the host, fewer for VMs. */
	MORE(4, 4, 0, "[host]\ncores-per-node = 3\n", {7, "\"vcpus\":2"});
	/* Large ones first, small ones in what is left. */
	MORE(2, 2, 0, "", {6, "\"vcpus\":2"}, {1, "\"vcpus\":12"});
	/* What no such node takes is counted, not waited for. */
	MORE(1, 1, 3, "", {3, "\"vcpus\":13"}, {1, "\"vcpus\":2"});
	MORE(0, 0, 1, "", {1, "\"vcpus\":2,\"node\":5"});
	MORE(0, 0, 2, "", {2, "\"vcpus\":2,\"cpu_pm\":true"});
	/* A node each where they are of one group. */
	MORE(3, 3, 0, "", {3, "\"vcpus\":2,\"group\":\"g\""});
	MORE(2, 2, 0, "", {1, "\"vcpus\":4,\"group\":\"g\""}, {1, "\"vcpus\":2,\"group\":\"g\""});
	MORE(3, 3, 0, "", {3, "\"vcpus\":2,\"group\":\"g\""}, {2, "\"vcpus\":4,\"group\":\"h\""});
	MORE(1, 1, 0, "", {1, "\"vcpus\":2,\"group\":\"g\""}, {1, "\"vcpus\":2,\"group\":\"h\""});
}

static void test_memory(void)
{
	static const Wish wishes[] = {{5, "\"vcpus\":2,\"memory\":\"6G\""}};
	static const Wish pages[] = {{3, "\"vcpus\":2,\"memory\":\"9G\",\"hugepages\":\"1G\""}};
	const char *host = "[numa(memory=17179869184)] core:9 pu:2";

	assert_more(3, 3, 0, host, "", wishes, 1);
	assert_more(3, 3, 0, host, "", pages, 1);
}

/* Nothing is lost: the bound is no larger than what is enough, nothing is needed for nothing, and a
 * longer list needs no fewer. */
static void test_bounds(void)
{
	static const char *const lines[] = {"\"vcpus\":2", "\"vcpus\":3", "\"vcpus\":6",
					    "\"vcpus\":2,\"group\":\"g\"",
					    "\"vcpus\":4,\"threads\":\"isolate\""};

	for (unsigned round = 0; round < 60; round++) {
		Wish wishes[G_N_ELEMENTS(lines)];
		unsigned vms = 0, cores = 0;
		FleetMore more;

		for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
			static const unsigned need[] = {1, 2, 3, 1, 4};

			wishes[i] = (Wish){pick(6), lines[i]};
			vms += wishes[i].count;
			cores += wishes[i].count * need[i];
		}
		more = more_of(HOST, "", wishes, G_N_ELEMENTS(lines));
		g_assert_cmpuint(more.never, ==, 0);
		g_assert_cmpuint(more.least, <=, more.nodes);
		g_assert_cmpuint(more.least, >=, MAX((cores + 5) / 6, wishes[3].count));
		g_assert_cmpuint(more.nodes, <=, vms);
	}
}

/* Many sizes: each that is asked about counts, and when no question is left, the answer is still
 * enough, and no less than is needed. */
static void test_questions(void)
{
	static const unsigned limits[] = {0, 5, 100, FLEET_MORE_QUESTIONS};
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	Wish wishes[80];
	FleetMore all = {0};

	for (unsigned i = 0; i < G_N_ELEMENTS(wishes); i++) {
		g_ptr_array_add(lines, g_strdup_printf("\"vcpus\":%u,\"memory\":\"%uM\"", 1 + i % 6,
						       100 + i));
		wishes[i] = (Wish){2, g_ptr_array_index(lines, i)};
	}
	for (unsigned i = G_N_ELEMENTS(limits); i-- > 0;) {
		unsigned questions = limits[i];
		FleetMore more = more_asking(&questions, HOST, "", wishes, G_N_ELEMENTS(wishes));

		g_assert_cmpuint(questions, <=, limits[i]);
		if (!all.nodes)
			all = more;
		g_assert_cmpuint(more.never, ==, 0);
		g_assert_cmpuint(more.least, ==, all.least);
		g_assert_cmpuint(more.nodes, >=, all.nodes);
		g_assert_cmpuint(more.nodes, <=, G_N_ELEMENTS(wishes) * 2);
		/* All of the limit is used before anything is guessed. */
		g_assert_true(questions == 0 || more.nodes == all.nodes);
	}
}

/* What is surely refused is not asked: one like another but for its group, and what has too little
 * memory left. */
static void test_few_questions(void)
{
	static const char *const hosts[] = {HOST, "[numa(memory=17179869184)] core:33 pu:2"};
	static const unsigned nodes[] = {30, 20};

	for (unsigned round = 0; round < G_N_ELEMENTS(hosts); round++) {
		g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
		unsigned questions = FLEET_MORE_QUESTIONS;
		Wish wishes[60];
		FleetMore more;

		for (unsigned i = 0; i < G_N_ELEMENTS(wishes); i++) {
			g_ptr_array_add(
				lines,
				round ? g_strdup_printf("\"vcpus\":2,\"memory\":\"%uM\"", 4200 + i)
				      : g_strdup_printf(
						"\"vcpus\":4,\"spans\":\"never\",\"group\":\"%u\"",
						i));
			wishes[i] = (Wish){1, g_ptr_array_index(lines, i)};
		}
		more = more_asking(&questions, hosts[round], "", wishes, G_N_ELEMENTS(wishes));
		g_test_message("%u questions", FLEET_MORE_QUESTIONS - questions);
		g_assert_cmpuint(more.nodes, ==, nodes[round]);
		g_assert_cmpuint(FLEET_MORE_QUESTIONS - questions, <, 400);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet-more/known", test_known);
	g_test_add_func("/fleet-more/memory", test_memory);
	g_test_add_func("/fleet-more/bounds", test_bounds);
	g_test_add_func("/fleet-more/questions", test_questions);
	g_test_add_func("/fleet-more/few_questions", test_few_questions);
	return g_test_run();
}
