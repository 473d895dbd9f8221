/* SPDX-License-Identifier: MIT */
/* Re-planning: which VMs move, how few, and what it costs them. */
#include "planner/place/plan.h"
#include "planner/place/replan.h"
#include "topology/host/host_load.h"

#include <string.h>

typedef struct Case {
	Host *host;
	Inventory *inventory;
	Plan *plan;
} Case;

static Case case_new(const char *topology, const char *text, unsigned moves)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	PlanOptions options = {.moves = moves};
	Case c;

	c.host = host_load(topology, &error);
	g_assert_no_error(error);
	c.inventory = inventory_parse("test", text, strlen(text), errors);
	g_assert_cmpuint(errors->len, ==, 0);
	c.plan = plan_compute(c.host, c.inventory, NULL, &options);
	return c;
}

static void case_free(Case *c)
{
	plan_free(c->plan);
	inventory_free(c->inventory);
	host_free(c->host);
}

static const Move *move_at(const Plan *plan, unsigned i)
{
	return g_ptr_array_index(plan->moves, i);
}

/* 3 free cores on one node and 2 on the other, 4 wanted of one: k1 or k2 has to go over. */
#define TWO_NODES "numa:2 core:5 pu:2"
#define KEPT "[vm k1]\nvcpus = 2\ncpus = 2,3\n[vm k2]\nvcpus = 4\ncpus = 12,13,14,15\n"
#define BIG "[vm big]\nvcpus = 7\nspans = never\n"

static void test_none(void)
{
	Case c = case_new(TWO_NODES, KEPT BIG, 0);

	g_assert_cmpuint(c.plan->moves->len, ==, 0);
	g_assert_cmpuint(c.plan->placed, ==, 2);
	case_free(&c);
}

static void test_fewest(void)
{
	for (unsigned most = 1; most <= 5; most++) {
		Case c = case_new(TWO_NODES, KEPT BIG, most);

		g_assert_cmpuint(c.plan->placed, ==, 3);
		g_assert_cmpuint(c.plan->moves->len, ==, 1);
		g_assert_cmpstr(move_at(c.plan, 0)->vm, ==, "k1"); /* the smaller one */
		g_assert_cmpint(move_at(c.plan, 0)->cost, ==, MOVE_MEMORY);
		g_assert_cmpuint(move_at(c.plan, 0)->from->len, ==, 2);
		case_free(&c);
	}
}

/* Allowed to, but nothing is gained by it. */
static void test_no_gain(void)
{
	Case c = case_new(TWO_NODES, KEPT "[vm small]\nvcpus = 4\n[vm much]\nvcpus = 99\n", 3);

	g_assert_cmpuint(c.plan->moves->len, ==, 0);
	g_assert_cmpuint(c.plan->placed, ==, 3);
	case_free(&c);
}

/* More choices than are tried, of VMs that all differ, and none helps: that is not proved. */
static void test_too_many(void)
{
	g_autoptr(GString) text = g_string_new("[vm big]\nvcpus = 36\nnode = 3\n");
	Case c;

	for (unsigned node = 0; node < 8; node++)
		for (unsigned core = 1; core <= 15; core++)
			g_string_append_printf(text,
					       "[vm n%uc%u]\nvcpus = 2\nmemory = %uM\n"
					       "cpus = %u,%u\n",
					       node, core, 100 + 20 * node + core,
					       2 * (20 * node + core), 2 * (20 * node + core) + 1);
	c = case_new("pack:8 [numa(memory=68719476736)] core:20 pu:2", text->str, 3);
	g_assert_cmpuint(c.plan->placed, ==, 120);
	g_assert_cmpuint(c.plan->bound, ==, 121);
	g_assert_false(c.plan->optimal);
	case_free(&c);
}

static unsigned cpu_of(const Case *c, const char *name, unsigned vcpu)
{
	return g_array_index(plan_vm(c->plan, name)->pins, unsigned, vcpu);
}

/* On a host with two kinds of cores: the kinds are not for one VM together. */
#define HYBRID "tests/hosts/hybrid-6p8e.xml"

static unsigned first_cpu_of_kind(const Host *host, unsigned n_cpus, unsigned nth)
{
	for (unsigned i = 1; i < host->cores->len; i++)
		if (host_core(host, i)->n_cpus == n_cpus && !nth--)
			return host_core(host, i)->cpu[0];
	g_assert_not_reached();
}

/* One vCPU from a core with siblings to one without, on the same node: a re-pin and no more. */
static void test_repin(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = host_load(HYBRID, &error);
	unsigned cpu = first_cpu_of_kind(host, 2, 2);
	g_autofree char *text = g_strdup_printf("[host]\ncpus = 0,1\n[vm one]\nvcpus = 1\ncpus = "
						"%u\n[vm wide]\nvcpus = 10\n",
						cpu);
	Case c = case_new(HYBRID, text, 1);

	g_assert_cmpuint(c.plan->placed, ==, 2);
	g_assert_cmpuint(c.plan->moves->len, ==, 1);
	g_assert_cmpint(move_at(c.plan, 0)->cost, ==, MOVE_REPIN);
	g_assert_cmpuint(cpu_of(&c, "one", 0), !=, cpu);
	case_free(&c);
}

/* A VM over two nodes comes together on one: its guest was told of two. */
static void test_restart(void)
{
	static const char *const text = "[vm wide]\nvcpus = 4\ncpus = 2,3,12,13\n"
					"[vm five]\nvcpus = 7\nspans = never\n";
	Case c = case_new(TWO_NODES, text, 1);

	g_assert_cmpuint(c.plan->placed, ==, 2);
	g_assert_cmpuint(c.plan->moves->len, ==, 1);
	g_assert_cmpint(move_at(c.plan, 0)->cost, ==, MOVE_RESTART);
	case_free(&c);
}

/* The order of sections changes nothing; of identical VMs always the same moves. */
static void test_order(void)
{
	static const char *const orders[] = {
		"[vm a]\nvcpus = 2\ncpus = 2,3\n[vm b]\nvcpus = 2\ncpus = 12,13\n" BIG,
		BIG "[vm b]\nvcpus = 2\ncpus = 12,13\n[vm a]\nvcpus = 2\ncpus = 2,3\n",
	};

	for (unsigned i = 0; i < 2; i++) {
		Case c = case_new(TWO_NODES, orders[i], 2);

		g_assert_cmpuint(c.plan->moves->len, ==, 1);
		g_assert_cmpstr(move_at(c.plan, 0)->vm, ==, "a");
		case_free(&c);
	}
}

/* VMs on others' CPUs stay, whatever is allowed. */
static void test_clash(void)
{
	static const char *const text =
		"[vm a]\nvcpus = 2\ncpus = 2,3\n[vm b]\nvcpus = 2\ncpus = 2,3\n"
		"[vm c]\nvcpus = 2\ncpus = 12,13\n[vm d]\nvcpus = 2\n"
		"cpus = 12,13\n" BIG;
	Case c = case_new(TWO_NODES, text, 4);

	g_assert_cmpuint(c.plan->moves->len, ==, 0);
	g_assert_false(plan_vm(c.plan, "big")->placed);
	case_free(&c);
}

/* A saved plan's pins, for VMs that are still of that shape. */
static void test_keep(void)
{
	Case before =
		case_new(TWO_NODES, "[vm a]\nvcpus = 4\n[vm b]\nvcpus = 2\n[vm c]\nvcpus = 2\n", 0);
	Case after = case_new(TWO_NODES,
			      "[vm c]\nvcpus = 4\n[vm b]\nvcpus = 2\ncpus = 18,19\n[vm a]\nvcpus = "
			      "4\n[vm new]\nvcpus = 2\n",
			      0);
	VmSpec *a = g_ptr_array_index(after.inventory->vms, 2);

	replan_keep(after.inventory, before.plan);
	g_assert_nonnull(a->cpus);
	g_assert_cmpuint(a->cpus->len, ==, 4);
	g_assert_cmpuint(g_array_index(a->cpus, unsigned, 0), ==, cpu_of(&before, "a", 0));
	g_assert_null(((VmSpec *)g_ptr_array_index(after.inventory->vms, 0))->cpus);
	g_assert_cmpuint(g_array_index(((VmSpec *)g_ptr_array_index(after.inventory->vms, 1))->cpus,
				       unsigned, 0),
			 ==, 18);
	g_assert_null(((VmSpec *)g_ptr_array_index(after.inventory->vms, 3))->cpus);
	case_free(&before);
	case_free(&after);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/replan/none", test_none);
	g_test_add_func("/replan/fewest", test_fewest);
	g_test_add_func("/replan/no-gain", test_no_gain);
	g_test_add_func("/replan/too-many", test_too_many);
	g_test_add_func("/replan/repin", test_repin);
	g_test_add_func("/replan/restart", test_restart);
	g_test_add_func("/replan/order", test_order);
	g_test_add_func("/replan/clash", test_clash);
	g_test_add_func("/replan/keep", test_keep);
	return g_test_run();
}
