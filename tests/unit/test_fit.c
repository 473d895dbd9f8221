/* SPDX-License-Identifier: MIT */
/* Capacity: fit and plan never disagree, and neither does fit with itself. */
#include "planner/fit.h"
#include "topology/host_load.h"

#include <string.h>

/* A generator of our own: the same cases on every machine. */
static uint64_t random_state;

static unsigned pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 16) % n;
}

static Host *host_of(const char *topology)
{
	g_autoptr(GError) error = NULL;
	Host *host = host_load(topology, &error);

	g_assert_no_error(error);
	return host;
}

static Inventory *inventory_of(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Inventory *inventory = inventory_parse("test", text, strlen(text), errors);

	if (!inventory)
		g_error("%s", (const char *)g_ptr_array_index(errors, 0));
	return inventory;
}

static FitCount count(const char *topology, const char *text, const char *size)
{
	g_autoptr(Host) host = host_of(topology);
	g_autoptr(Inventory) inventory = inventory_of(text);
	g_autofree char *vm = g_strconcat("[vm more]\n", size, NULL);
	g_autoptr(Inventory) more = inventory_of(vm);
	g_autoptr(FitBase) base = fit_base_new(host, inventory, &(PlanOptions){0});

	return fit_count(base, g_ptr_array_index(more->vms, 0));
}

static void assert_fits(unsigned fits, const char *topology, const char *text, const char *size)
{
	FitCount found = count(topology, text, size);

	g_assert_cmpuint(found.fit, ==, fits);
	g_assert_cmpuint(found.bound, ==, fits);
}

static void test_known(void)
{
	/* One core of each node is the host's: 3 and 3 are left. */
	assert_fits(6, "numa:2 core:4 pu:2", "", "vcpus = 2\n");
	/* One of them over both nodes. */
	assert_fits(3, "numa:2 core:4 pu:2", "", "vcpus = 4\n");
	assert_fits(2, "numa:2 core:4 pu:2", "", "vcpus = 6\n");
	/* One over both nodes, in equal shares. */
	assert_fits(1, "numa:2 core:4 pu:2", "", "vcpus = 8\n");
	assert_fits(0, "numa:2 core:4 pu:2", "", "vcpus = 7\n");
	assert_fits(1, "numa:2 core:4 pu:2", "", "vcpus = 3\nthreads = isolate\nnode = 1\n");
	assert_fits(0, "numa:2 core:4 pu:2", "", "vcpus = 2\nnode = 5\n");
	/* The others move aside, those with cpus = do not. */
	assert_fits(1, "numa:2 core:4 pu:2", "[vm a]\nvcpus=2\ncount=3\n", "vcpus = 6\n");
	assert_fits(0, "numa:2 core:4 pu:2",
		    "[vm a]\nvcpus=2\ncpus=2,3\n[vm b]\nvcpus=2\ncpus=10,11\n", "vcpus = 5\n");
	/* Memory: 16G a node. */
	assert_fits(2, "[numa(memory=17179869184)] core:9 pu:2", "", "vcpus = 2\nmemory = 6G\n");
	assert_fits(1, "[numa(memory=17179869184)] core:9 pu:2",
		    "[vm s]\nvcpus = 1\npolicy = shared\nmemory = 5G\n", "vcpus=2\nmemory=6G\n");
}

/* An inventory that does not fit: what it has no room for is left out. */
static void test_refused(void)
{
	g_autoptr(Host) host = host_of("numa:2 core:4 pu:2");
	g_autoptr(Inventory) inventory =
		inventory_of("[vm big]\nvcpus = 7\n[vm a]\nvcpus = 2\n[vm kept]\nvcpus=2\n"
			     "cpus=98,99\n[vm s]\npolicy=shared\nvcpus=1\nnode=7\n");
	g_autoptr(FitBase) base = fit_base_new(host, inventory, &(PlanOptions){0});
	const char *const names[] = {"big", "kept", "s"};

	g_assert_cmpuint(base->refused->len, ==, G_N_ELEMENTS(names));
	for (unsigned i = 0; i < base->refused->len; i++)
		g_assert_cmpstr(((const PlanVm *)g_ptr_array_index(base->refused, i))->spec->name,
				==, names[i]);
	g_assert_cmpuint(fit_count(base, base->problem->specs->pdata[0]).fit, ==, 5);
}

/* Random nodes */

static char *random_topology(void)
{
	static const char *const memories[] = {"", "(memory=8589934592)", "(memory=17179869184)"};

	return g_strdup_printf("pack:%u [numa%s] l3:%u core:%u pu:%u", 1 + pick(3),
			       memories[pick(3)], 1 + pick(3), 2 + pick(4), 1 + pick(2));
}

static void random_shape(GString *text)
{
	static const char *const more[] = {"", "", "", "threads = isolate\n", "node = 0\n"};

	g_string_append_printf(text, "vcpus = %u\n%s", 1 + pick(pick(3) ? 4 : 12), more[pick(5)]);
	if (pick(2))
		g_string_append_printf(text, "memory = %uM\n%s", 512 * (1 + pick(8)),
				       pick(2) ? "hugepages = 1G\n" : "");
}

static char *random_inventory(const Host *host)
{
	GString *text = g_string_new("[host]\nmemory-per-node = 1G\n");
	unsigned n = pick(6);

	for (unsigned i = 0; i < n; i++) {
		unsigned cpu = pick((unsigned)hwloc_bitmap_weight(host->online));

		g_string_append_printf(text, "[vm vm%u]\n", i);
		if (!pick(4))
			g_string_append_printf(text, "vcpus = 1\ncpus = %u\n", cpu);
		else if (!pick(4))
			g_string_append_printf(text, "vcpus = 1\npolicy = shared\nmemory = %uG\n%s",
					       1 + pick(4), pick(3) ? "" : "node = 0\n");
		else
			random_shape(text);
	}
	return g_string_free(text, FALSE);
}

static bool is_refused(const FitBase *base, const char *name)
{
	for (unsigned i = 0; i < base->refused->len; i++)
		if (!strcmp(((const PlanVm *)g_ptr_array_index(base->refused, i))->spec->name,
			    name))
			return true;
	return false;
}

/* Does plan place N more, whose names come last, and all that it placed before? VMs that it has no
 * room for are not in the inventory; those with cpus = stay: they keep their CPUs. */
static bool planned(const Host *host, const Inventory *inventory, const FitBase *base,
		    const VmSpec *size, unsigned n, const PlanOptions *options)
{
	g_autoptr(Inventory) more = inventory_new();
	g_autoptr(Plan) plan = NULL;
	bool all = true;

	more->host_memory = inventory->host_memory;
	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		if (spec->cpus || spec->policy == POLICY_SHARED || !is_refused(base, spec->name))
			g_ptr_array_add(more->vms, vm_spec_copy(spec, spec->name));
	}
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("zz-%u", i);

		g_ptr_array_add(more->vms, vm_spec_copy(size, name));
	}
	plan = plan_compute(host, more, NULL, options);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		all &= vm->placed || is_refused(base, vm->spec->name);
	}
	return all;
}

static void test_agrees(void)
{
	for (unsigned i = 0; i < 400; i++) {
		g_autofree char *topology = NULL, *text = NULL;
		g_autoptr(Host) host = NULL;
		g_autoptr(Inventory) inventory = NULL, more = NULL;
		g_autoptr(GString) shape = g_string_new("[vm more]\n");
		g_autoptr(FitBase) base = NULL;
		PlanOptions options = {0};
		FitCount found;

		random_state = 0x9e3779b97f4a7c15 * (i + 1);
		topology = random_topology();
		host = host_of(topology);
		text = random_inventory(host);
		inventory = inventory_of(text);
		random_shape(shape);
		more = inventory_of(shape->str);
		options.prefer = pick(3);
		base = fit_base_new(host, inventory, &options);
		found = fit_count(base, g_ptr_array_index(more->vms, 0));
		g_test_message("case %u: %s\n%s%sfits %u, bound %u", i, topology, text, shape->str,
			       found.fit, found.bound);
		g_assert_cmpuint(found.fit, ==, found.bound);
		g_assert_true(planned(host, inventory, base, g_ptr_array_index(more->vms, 0),
				      found.fit, &options));
		g_assert_false(planned(host, inventory, base, g_ptr_array_index(more->vms, 0),
				       found.fit + 1, &options));
	}
}

/* The key knows no names and no order; all else makes a difference. */
static void test_key(void)
{
	static const char *const texts[] = {
		"[vm a]\nvcpus = 2\n[vm b]\nvcpus = 4\n",
		"[vm x]\nvcpus = 4\n[vm y]\nvcpus = 2\n",
		"[vm x]\nvcpus = 4\n[vm y]\nvcpus = 2\nmemory = 4K\n",
		"[vm x]\nvcpus = 4\nnode = 0\n[vm y]\nvcpus = 2\n",
		"[vm x]\nvcpus = 4\n[vm y]\nvcpus = 2\ncpus = 2,3\n",
	};
	g_autoptr(Host) host = host_of("numa:2 core:6 pu:2");
	GBytes *keys[G_N_ELEMENTS(texts)];

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(Inventory) inventory = inventory_of(texts[i]);
		g_autoptr(FitBase) base = fit_base_new(host, inventory, &(PlanOptions){0});

		keys[i] = fit_base_key(base);
	}
	for (unsigned i = 1; i < G_N_ELEMENTS(texts); i++)
		g_assert_cmpint(g_bytes_equal(keys[0], keys[i]), ==, i == 1);
	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
		g_bytes_unref(keys[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fit/known", test_known);
	g_test_add_func("/fit/refused", test_refused);
	g_test_add_func("/fit/agrees", test_agrees);
	g_test_add_func("/fit/key", test_key);
	return g_test_run();
}
