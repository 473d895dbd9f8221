/* SPDX-License-Identifier: MIT */
/* Differences of plans and the steps between them; tests/rollout.t walks random ones. */
#include "planner/rollout/rollout.h"
#include "topology/host/host_load.h"

#include <string.h>

typedef struct Case {
	Host *host;
	Plan *plans[2];
	Diff *diff;
	Rollout *rollout;
} Case;

static Plan *plan_of(const Host *host, const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("test", text, strlen(text), errors);

	g_assert_cmpuint(errors->len, ==, 0);
	return plan_compute(host, inventory, NULL, &(PlanOptions){0});
}

static Case case_new(const char *topology, const char *before, const char *after)
{
	g_autoptr(GError) error = NULL;
	Case c = {.host = host_load(topology, &error)};

	g_assert_no_error(error);
	c.plans[0] = plan_of(c.host, before);
	c.plans[1] = plan_of(c.host, after);
	c.diff = diff_new(c.plans[0], c.plans[1]);
	c.rollout = rollout_new(c.diff);
	return c;
}

static void case_free(Case *c)
{
	rollout_free(c->rollout);
	diff_free(c->diff);
	plan_free(c->plans[0]);
	plan_free(c->plans[1]);
	host_free(c->host);
}

/* "stop a, start a": the steps but for define and check. */
static void assert_steps(const Case *c, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < c->rollout->steps->len; i++) {
		const Step *step = g_ptr_array_index(c->rollout->steps, i);

		if (step->vm || step->kind == STEP_RELOAD || step->kind == STEP_REBOOT)
			g_string_append_printf(text, "%s%s%s%s", text->len ? ", " : "",
					       step_names[step->kind], step->vm ? " " : "",
					       step->vm ? step->vm->name : "");
	}
	g_assert_cmpstr(text->str, ==, expected);
}

#define SMALL "numa:1 core:6 pu:2"
#define NODE "[node]\nkernel = 6.1\nqemu = 9.1.0\n"
#define VM(name, cpus) "[vm " name "]\nvcpus = 2\ncpus = " cpus "\n"
#define OWN "emulator = own\n"

static void test_same(void)
{
	Case c = case_new(SMALL, NODE VM("a", "2,3"), NODE VM("a", "2,3"));

	g_assert_true(diff_same(c.diff));
	g_assert_cmpuint(c.diff->cost, ==, COST_NONE);
	g_assert_cmpuint(c.rollout->steps->len, ==, 0);
	case_free(&c);
}

/* A chain needs no detour: the last one goes first. */
static void test_chain(void)
{
	Case c = case_new(SMALL, NODE VM("a", "2,3") VM("b", "4,5") VM("c", "6,7"),
			  NODE VM("a", "4,5") VM("b", "6,7") VM("c", "8,9"));

	assert_steps(&c, "re-pin c, re-pin b, re-pin a");
	g_assert_cmpuint(c.diff->cost, ==, COST_REPIN);
	case_free(&c);
}

static void test_ring(void)
{
	Case c = case_new(SMALL, NODE VM("a", "2,3") VM("b", "4,5") VM("c", "6,7"),
			  NODE VM("a", "4,5") VM("b", "6,7") VM("c", "2,3"));

	assert_steps(&c, "park a, re-pin c, re-pin b, re-pin a");
	g_assert_cmpuint(c.diff->cost, ==, COST_REPIN);
	case_free(&c);
}

/* Two emulators swap: one of them waits on the host's CPUs. */
static void test_ring_emulators(void)
{
	Case c = case_new(SMALL, NODE VM("a", "2,3,4") OWN VM("b", "6,7,8") OWN,
			  NODE VM("a", "2,3,8") OWN VM("b", "6,7,4") OWN);
	const Step *step;

	assert_steps(&c, "park a, re-pin b, re-pin a");
	g_assert_cmpuint(c.diff->cost, ==, COST_REPIN);
	step = g_ptr_array_index(c.rollout->steps, 1);
	g_assert_true(step->kind == STEP_PARK && step->aside && !step->emulator);
	step = g_ptr_array_index(c.rollout->steps, 3);
	g_assert_true(step->kind == STEP_REPIN && step->emulator);
	case_free(&c);
}

static void test_ring_full(void)
{
	Case c = case_new("numa:1 core:3 pu:2", NODE VM("a", "2,3") VM("b", "4,5"),
			  NODE VM("a", "4,5") VM("b", "2,3"));

	assert_steps(&c, "stop a, re-pin b, start a");
	g_assert_cmpuint(c.diff->cost, ==, COST_RESTART);
	case_free(&c);
}

/* One that restarts anyway gets out of the way, whatever its size. */
static void test_ring_cold(void)
{
	Case c = case_new(SMALL, NODE VM("a", "2,3") VM("b", "4,5"),
			  NODE VM("a", "4,5") VM("b", "2,3") "locked = yes\n");

	assert_steps(&c, "stop b, re-pin a, start b");
	case_free(&c);
}

/* Both nodes are full: the memory of one has to be given back before the other's can follow. */
static void test_ring_memory(void)
{
	static const char topology[] = "numa:2(memory=1073741824) core:4 pu:2";
	Case c = case_new(topology,
			  NODE VM("a", "2,3") "memory = 700M\n" VM("b", "10,11") "memory = 700M\n",
			  NODE VM("a", "12,13") "memory = 700M\n" VM("b", "4,5") "memory = 700M\n");

	assert_steps(&c, "stop a, re-pin b, start a");
	g_assert_cmpuint(c.diff->cost, ==, COST_RESTART);
	case_free(&c);
}

static void test_reboot(void)
{
	Case c = case_new(SMALL, NODE VM("a", "4,5"),
			  NODE "[host]\ncores = 2\n" VM("a", "4,5") VM("b", "6,7"));

	g_assert_true(c.diff->reboot);
	assert_steps(&c, "stop a, reboot, start a, start b");
	case_free(&c);
}

static void test_fault(void)
{
	Case c = case_new(SMALL, NODE VM("a", "4,5"), NODE VM("a", "4,5") VM("b", "4,5"));

	g_assert_cmpstr(c.rollout->fault, ==, "vm a and vm b are both pinned to CPU 4");
	g_assert_cmpuint(c.rollout->steps->len, ==, 0);
	case_free(&c);
}

/* Half a core that is free is not free: the sibling has another VM. */
static void test_sibling(void)
{
	static const char before[] = NODE "[vm a]\nvcpus = 1\ncpus = 4\n"
					  "[vm b]\nvcpus = 1\ncpus = 7\n";
	static const char after[] = NODE "[vm a]\nvcpus = 1\ncpus = 6\n"
					 "[vm b]\nvcpus = 1\ncpus = 4\n";
	Case c = case_new(SMALL, before, after);

	assert_steps(&c, "park a, re-pin b, re-pin a");
	case_free(&c);
}

/* Cpu-pm of one that shares its core from now on is off before the other comes. */
static void test_core_shared(void)
{
	static const char one[] = "[vm a]\nvcpus = 1\ncpus = 4\n[vm b]\nvcpus = 1\ncpus = 6\n";
	static const char both[] = "[vm a]\nvcpus = 1\ncpus = 4\n[vm b]\nvcpus = 1\ncpus = 5\n";
	g_autofree char *before = g_strconcat(NODE, one, NULL);
	g_autofree char *after = g_strconcat(NODE, both, NULL);
	Case c = case_new(SMALL, before, after);

	assert_steps(&c, "restart a, restart b");
	case_free(&c);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rollout/same", test_same);
	g_test_add_func("/rollout/chain", test_chain);
	g_test_add_func("/rollout/ring", test_ring);
	g_test_add_func("/rollout/ring-full", test_ring_full);
	g_test_add_func("/rollout/ring-emulators", test_ring_emulators);
	g_test_add_func("/rollout/ring-cold", test_ring_cold);
	g_test_add_func("/rollout/ring-memory", test_ring_memory);
	g_test_add_func("/rollout/reboot", test_reboot);
	g_test_add_func("/rollout/fault", test_fault);
	g_test_add_func("/rollout/sibling", test_sibling);
	g_test_add_func("/rollout/core-shared", test_core_shared);
	return g_test_run();
}
