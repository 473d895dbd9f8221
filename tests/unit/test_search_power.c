/* SPDX-License-Identifier: MIT */
/*
 * Does every part of the packing search still do its work? The other tests pass however weak the
 * search is: it then proves less in more steps, and what it says is still right. Here each part
 * has a fixed list of problems that are hard without it. Steps are counted, not timed, so the
 * figures are the same on every machine.
 *
 * An honest change may lose some problems of a list and win others. The comment at each list has
 * what the search reaches with the part and without it. Where these differ much, the bound lies
 * about halfway. SEARCH_GOALS goals can be proved of each problem.
 */
#include "planner/search/search.h"
#include "random.h"

#define ANY G_MAXUINT
#define MOST_ROOMS 32
#define MOST_NODES 16
#define MOST_VMS 200
/* A quarter of the default: what is not proved by then shows sooner. */
#define BUDGET 50000

/* A problem that owns its arrays. */
typedef struct PowerCase {
	SearchRoom rooms[MOST_ROOMS];
	uint64_t memory[MOST_NODES];
	SearchVm vms[MOST_VMS];
	SearchProblem problem;
} PowerCase;

/* Hosts as they are sold. */
static const struct PowerHost {
	unsigned nodes, rooms, cores, threads, taken; /* taken of each node's first room */
} power_hosts[] = {
	{2, 1, 18, 2, 4}, {2, 1, 28, 2, 2}, {4, 1, 14, 2, 1}, {8, 1, 14, 2, 1}, {2, 4, 8, 2, 2},
	{2, 8, 8, 2, 2},  {4, 2, 8, 2, 1},  {2, 8, 4, 2, 2},  {4, 4, 4, 2, 1},	{4, 4, 6, 1, 1},
};
/* vCPUs of a list's VMs. */
static const unsigned power_sizes[][6] = {
	{2, 4, 8, 16}, {4, 8},	     {6, 12, 24}, {2, 4, 8, 16, 32}, {6, 10, 12, 20, 24, 40},
	{10, 12},      {3, 5, 7, 9}, {12, 16},	  {6, 8, 12, 20},
};

/* Makes the rooms; returns their threads. */
static unsigned power_rooms(PowerCase *c, const struct PowerHost *host)
{
	bool uneven = pick(3) == 0;
	unsigned threads = 0;

	for (unsigned n = 0; n < host->nodes; n++)
		for (unsigned r = 0; r < host->rooms; r++) {
			unsigned cores = host->cores - (r == 0 ? host->taken : 0);

			if (uneven)
				cores -= pick(3);
			c->rooms[c->problem.n_rooms++] = (SearchRoom){n, 0, host->threads, cores};
			threads += cores * host->threads;
		}
	return threads;
}

/* VMs for 40 to 139 percent of the threads. One draw a statement: C leaves the order of the draws
 * within one open, and compilers differ. */
static void power_vms(PowerCase *c, unsigned threads)
{
	const unsigned *sizes = power_sizes[pick(G_N_ELEMENTS(power_sizes))];
	unsigned percent = 40 + pick(100);
	unsigned ratio = 1 + pick(4);
	unsigned n = 0, load = threads * percent / 100;

	while (n < G_N_ELEMENTS(power_sizes[0]) && sizes[n] > 0)
		n++;
	while (c->problem.n_vms < MOST_VMS) {
		SearchVm *vm = &c->vms[c->problem.n_vms];

		vm->vcpus = sizes[pick(n)];
		vm->isolate = pick(12) == 0;
		vm->memory = (uint64_t)vm->vcpus * ratio << 30;
		vm->memory *= 1 + pick(2);
		vm->page = 1 << 20;
		vm->node = ANY;
		if (pick(15) == 0)
			vm->node = pick(c->problem.n_nodes);
		if (vm->vcpus > load)
			break;
		load -= vm->vcpus;
		c->problem.n_vms++;
	}
}

/* The problem of that number. */
static PowerCase *power_case_new(unsigned number)
{
	PowerCase *c = g_new0(PowerCase, 1);
	const struct PowerHost *host;

	random_state = 88172645463325252 + number * UINT64_C(0x9e3779b97f4a7c15);
	/* Numbers that are near each other draw alike at first. */
	for (unsigned i = 0; i < 8; i++)
		pick(2);
	host = &power_hosts[pick(G_N_ELEMENTS(power_hosts))];
	c->problem.rooms = c->rooms;
	c->problem.memory = c->memory;
	c->problem.n_nodes = host->nodes;
	c->problem.vms = c->vms;
	c->problem.budget = BUDGET;
	for (unsigned n = 0; n < host->nodes; n++)
		c->memory[n] = (uint64_t)host->rooms * host->cores * host->threads * 5 << 30;
	power_vms(c, power_rooms(c, host));
	c->problem.prefer = (Prefer)pick(3);
	return c;
}

#define MOST_NUMBERS 40

/* What a part of the search is for. */
typedef struct PowerPart {
	const char *path;
	unsigned numbers[MOST_NUMBERS]; /* of the problems; ends with 0 */
	unsigned proofs;		/* goals proved, at least */
	uint64_t steps;			/* at most */
	uint64_t placed;		/* the first goal, of all answers together, at least */
} PowerPart;

static const PowerPart power_parts[] = {
	/* 224 goals, 687,384 steps, 1,647 placed; without: 139, 1,595,787, 1,647 */
	{"/search-power/linear-program",
	 {6,  7,  9,  11, 12, 14, 16, 19, 25, 26, 28,  29,  30,	 31,  33,  36,	37,  38,  39,  45,
	  47, 54, 56, 57, 61, 62, 64, 75, 86, 98, 100, 105, 124, 128, 149, 157, 161, 165, 167, 168},
	 182,
	 1080000,
	 1630},
	/* 238 goals, 792,769 steps, 1,645 placed; without: 187, 1,696,155, 1,645 */
	{"/search-power/memo",
	 {1,   6,   11,	 26,  33,  35,	38,  54,  56,  60,  80,	 89,  98,  103,
	  111, 131, 149, 156, 167, 170, 200, 231, 235, 256, 261, 263, 265, 280,
	  311, 345, 364, 393, 441, 442, 477, 513, 522, 523, 540, 573},
	 212,
	 1240000,
	 1630},
	/* 114 goals, 302,178 steps, 952 placed; without: 88, 612,645, 950 */
	{"/search-power/memory-tables",
	 {26,  57,  198, 216, 225, 279, 287, 311, 321, 329,
	  339, 345, 354, 538, 576, 585, 786, 826, 844, 922},
	 101,
	 457000,
	 946},
	/* 119 goals, 1,256,118 steps, 1,921 placed; without: 42, 1,375,707, 1,896 */
	{"/search-power/improvement",
	 {26,  36,  47,	 57,  64,  89,	100, 265, 297, 317, 348, 370, 385, 422, 434,
	  493, 511, 544, 574, 600, 605, 657, 686, 725, 794, 801, 859, 862, 905, 948},
	 90,
	 30 * BUDGET,
	 1905},
};

static void test_part(gconstpointer data)
{
	const PowerPart *part = data;
	uint64_t steps = 0, placed = 0;
	unsigned proofs = 0, problems = 0;

	for (; problems < MOST_NUMBERS && part->numbers[problems]; problems++) {
		g_autofree PowerCase *c = power_case_new(part->numbers[problems]);
		g_autoptr(SearchResult) result = search_solve(&c->problem);

		proofs += result->proved;
		steps += result->steps;
		placed += result->placed;
	}
	g_test_message("%u problems: %u of %u goals proved, %" G_GUINT64_FORMAT
		       " steps, %" G_GUINT64_FORMAT " placed",
		       problems, proofs, problems * SEARCH_GOALS, steps, placed);
	g_assert_cmpuint(proofs, >=, part->proofs);
	g_assert_cmpuint(steps, <=, part->steps);
	g_assert_cmpuint(placed, >=, part->placed);
}

/* More VMs than nodes of two-thread cores hold. Their most vCPUs are found within so many steps,
 * and proved, only by diving: the comment has the steps with it and without. */
static const struct PowerDive {
	unsigned nodes, cores;
	unsigned counts[8]; /* VMs of 1, 2, … vCPUs */
	uint64_t placed, steps;
} power_dives[] = {
	/* 26,261; 51,973 */
	{16, 7, {9, 2, 19, 8, 11, 2, 4}, 189, 39000},
	/* 104,815; never: 110 are placed, and no goal is proved */
	{12, 5, {13, 6, 6, 6, 9, 5}, 111, SEARCH_BUDGET},
};

static void dive_test(gconstpointer data)
{
	const struct PowerDive *dive = data;
	g_autofree PowerCase *c = g_new0(PowerCase, 1);
	g_autoptr(SearchResult) result = NULL;

	for (unsigned n = 0; n < dive->nodes; n++) {
		c->rooms[n] = (SearchRoom){.node = n, .threads = 2, .cores = dive->cores};
		c->memory[n] = UINT64_MAX;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(dive->counts); i++)
		for (unsigned v = 0; v < dive->counts[i]; v++)
			c->vms[c->problem.n_vms++] =
				(SearchVm){.vcpus = i + 1, .page = 4096, .node = ANY};
	c->problem.rooms = c->rooms;
	c->problem.n_rooms = c->problem.n_nodes = dive->nodes;
	c->problem.memory = c->memory;
	c->problem.vms = c->vms;
	result = search_solve(&c->problem);
	g_test_message("%u of %u goals proved, %" G_GUINT64_FORMAT " steps, %" G_GUINT64_FORMAT
		       " placed",
		       result->proved, SEARCH_GOALS, result->steps, result->placed);
	g_assert_cmpuint(result->placed, ==, dive->placed);
	g_assert_cmpuint(result->proved, >, 0);
	g_assert_cmpuint(result->steps, <=, dive->steps);
}

/*
 * VMs over several nodes of a host of 256 CPUs in 8 nodes, on two sockets, beside others: 115
 * goals, 311,890 steps; without trying but the first of nodes that are alike: 103, 905,128.
 */
static void test_near(void)
{
	unsigned distance[64];
	uint64_t steps = 0;
	unsigned proofs = 0;

	for (unsigned i = 0; i < 64; i++)
		distance[i] = i / 8 == i % 8 ? 10 : i / 32 == i % 8 / 4 ? 12 : 32;
	for (unsigned number = 0; number < 20; number++) {
		g_autofree PowerCase *c = g_new0(PowerCase, 1);
		g_autoptr(SearchResult) result = NULL;
		unsigned load = 220;

		random_state = 88172645463325252 + number * UINT64_C(0x9e3779b97f4a7c15);
		for (unsigned n = 0; n < 8; n++) {
			c->rooms[n] = (SearchRoom){.node = n, .threads = 2, .cores = 15};
			c->memory[n] = UINT64_MAX;
		}
		for (unsigned wide = 2 + number % 3; wide > 0; wide--, load -= 40)
			c->vms[c->problem.n_vms++] =
				(SearchVm){.vcpus = 40, .page = 1, .node = ANY};
		for (unsigned vcpus; (vcpus = 2 * (1 + pick(10))) <= load; load -= vcpus)
			c->vms[c->problem.n_vms++] =
				(SearchVm){.vcpus = vcpus, .page = 1, .node = ANY};
		c->problem.rooms = c->rooms;
		c->problem.n_rooms = c->problem.n_nodes = 8;
		c->problem.memory = c->memory;
		c->problem.distance = distance;
		c->problem.vms = c->vms;
		result = search_solve(&c->problem);
		proofs += result->proved;
		steps += result->steps;
	}
	g_test_message("%u of %u goals proved, %" G_GUINT64_FORMAT " steps", proofs,
		       20 * SEARCH_GOALS, steps);
	g_assert_cmpuint(proofs, >=, 109);
	g_assert_cmpuint(steps, <=, 600000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(power_parts); i++)
		g_test_add_data_func(power_parts[i].path, &power_parts[i], test_part);
	g_test_add_func("/search-power/near", test_near);
	g_test_add_data_func("/search-power/diving", &power_dives[0], dive_test);
	g_test_add_data_func("/search-power/diving-needed", &power_dives[1], dive_test);
	return g_test_run();
}
