/* SPDX-License-Identifier: MIT */
/* Capacity: fit and plan never disagree, and neither does fit with itself. */
#include "given.h"
#include "planner/fit/fit_node.h"
#include "random.h"
#include "topology/host/host_load.h"

#include <string.h>

static FitCount count(const char *topology, const char *text, const char *size)
{
	g_autoptr(Host) host = given_host(topology);
	g_autoptr(Inventory) inventory = given_inventory(text);
	g_autofree char *vm = g_strconcat("[vm more]\n", size, NULL);
	g_autoptr(Inventory) more = given_inventory(vm);
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
	assert_fits(1, "numa:2 core:4 pu:2", "", "vcpus = 7\n");
	assert_fits(0, "numa:2 core:4 pu:2", "", "vcpus = 13\n");
	assert_fits(1, "numa:2 core:4 pu:2", "", "vcpus = 3\nthreads = isolate\nnode = 1\n");
	assert_fits(0, "numa:2 core:4 pu:2", "", "vcpus = 2\nnode = 5\n");
	/* The others move aside, those with cpus = do not. */
	assert_fits(1, "numa:2 core:4 pu:2", "[vm a]\nvcpus=2\ncount=3\n", "vcpus = 6\n");
	assert_fits(0, "numa:2 core:4 pu:2",
		    "[vm a]\nvcpus=2\ncpus=2,3\n[vm b]\nvcpus=2\ncpus=10,11\n",
		    "vcpus = 5\nspans = never\n");
	/* Memory: 16G a node. */
	assert_fits(2, "[numa(memory=17179869184)] core:9 pu:2", "", "vcpus = 2\nmemory = 6G\n");
	assert_fits(1, "[numa(memory=17179869184)] core:9 pu:2",
		    "[vm s]\nvcpus = 1\npolicy = shared\nmemory = 5G\n", "vcpus=2\nmemory=6G\n");
}

/* An inventory that does not fit: what it has no room for is left out. */
static void test_refused(void)
{
	g_autoptr(Host) host = given_host("numa:2 core:4 pu:2");
	g_autoptr(Inventory) inventory =
		given_inventory("[vm big]\nvcpus = 13\n[vm a]\nvcpus = 2\n[vm kept]\nvcpus=2\n"
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

static char *topology_text(unsigned packages, const char *memory, unsigned l3s, unsigned cores,
			   unsigned threads)
{
	return g_strdup_printf("pack:%u [numa%s] l3:%u core:%u pu:%u", packages, memory, l3s, cores,
			       threads);
}

static char *random_topology(void)
{
	static const char *const memories[] = {"", "(memory=8589934592)", "(memory=17179869184)"};
	unsigned packages = 1 + pick(3), memory = pick(3), l3s = 1 + pick(3), cores = 2 + pick(4);
	unsigned threads = 1 + pick(2);

	return topology_text(packages, memories[memory], l3s, cores, threads);
}

static void random_shape(GString *text)
{
	static const char *const more[] = {"", "", "", "threads = isolate\n", "node = 0\n"};

	g_string_append_printf(text, "vcpus = %u\n", 1 + pick(pick(3) ? 4 : 12));
	g_string_append(text, more[pick(5)]);
	if (!pick(2))
		return;
	g_string_append_printf(text, "memory = %uM\n", 512 * (1 + pick(8)));
	g_string_append(text, pick(2) ? "hugepages = 1G\n" : "");
}

static char *random_inventory(const Host *host)
{
	GString *text = g_string_new("[host]\nmemory-per-node = 1G\n");
	unsigned n = pick(6);

	for (unsigned i = 0; i < n; i++) {
		unsigned cpu = pick((unsigned)hwloc_bitmap_weight(host->online));
		bool pinned = !pick(3), shared = !pinned && !pick(4);

		g_string_append_printf(text, "[vm vm%u]\n", i);
		if (pinned)
			g_string_append_printf(text, "vcpus = 2\ncpus = %u,%u\n", cpu & ~1U,
					       cpu | 1);
		if (shared)
			g_string_append_printf(text, "vcpus = 1\npolicy = shared\nmemory = %uG\n",
					       1 + pick(4));
		if (shared && !pick(3))
			g_string_append(text, "node = 0\n");
		if (!pinned && !shared)
			random_shape(text);
	}
	return g_string_free(text, FALSE);
}

/* Does plan place N more, whose names come last, and all that it placed before? VMs that it has no
 * room for are not in the inventory; those with cpus = stay: they keep their CPUs. */
static bool planned(const Host *host, const Inventory *inventory, const FitBase *base,
		    const VmSpec *size, unsigned n, const PlanOptions *options)
{
	g_autoptr(Inventory) more = inventory_new();
	g_autoptr(Plan) plan = NULL;
	bool all = true;

	more->node->host_memory = inventory->node->host_memory;
	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		if (spec->cpus || spec->policy == POLICY_SHARED ||
		    !fit_base_refuses(base, spec->name))
			g_ptr_array_add(more->vms, vm_spec_copy(spec, spec->name));
	}
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("zz-%u", i);

		g_ptr_array_add(more->vms, vm_spec_copy(size, name));
	}
	plan = plan_compute(host, more, NULL, options);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		all &= vm->placed || fit_base_refuses(base, vm->spec->name);
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
		host = given_host(topology);
		text = random_inventory(host);
		inventory = given_inventory(text);
		random_shape(shape);
		more = given_inventory(shape->str);
		options.prefer = pick(3);
		options.moves = pick(2) ? pick(4) : 0;
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

/* Past its budget the search says a bound, and never more than there is. */
static void test_budget(void)
{
	unsigned open = 0;

	for (unsigned i = 0; i < 300; i++) {
		g_autofree char *topology = NULL, *text = NULL;
		g_autoptr(Host) host = NULL;
		g_autoptr(Inventory) inventory = NULL, more = NULL;
		g_autoptr(GString) shape = g_string_new("[vm more]\n");
		g_autoptr(FitBase) exact = NULL, hasty = NULL;
		FitCount right, found;

		random_state = UINT64_C(0x9e3779b97f4a7c15) * (i + 7);
		topology = random_topology();
		host = given_host(topology);
		text = random_inventory(host);
		inventory = given_inventory(text);
		random_shape(shape);
		more = given_inventory(shape->str);
		exact = fit_base_new(host, inventory, &(PlanOptions){0});
		hasty = fit_base_new(host, inventory, &(PlanOptions){.budget = 1});
		if (exact->refused->len != hasty->refused->len)
			continue;
		right = fit_count(exact, g_ptr_array_index(more->vms, 0));
		found = fit_count(hasty, g_ptr_array_index(more->vms, 0));
		g_test_message("case %u: %s\n%s%s%u, %u to %u", i, topology, text, shape->str,
			       right.fit, found.fit, found.bound);
		g_assert_cmpuint(found.fit, <=, right.fit);
		g_assert_cmpuint(found.bound, >=, right.fit);
		open += found.fit < found.bound;
	}
	g_test_message("%u left open", open);
	g_assert_cmpuint(open, >, 0);
}

static unsigned assignments_of(const Fit *fit, const FitAnswer *answer)
{
	unsigned assignments = answer->across;

	for (unsigned n = 0; n < fit->plan->host->nodes->len; n++)
		assignments += answer->nodes[n];
	return assignments;
}

/* HASTY says no more than EXACT, and the same where it says that it is proved. */
static void assert_within(const Fit *exact, const Fit *hasty, const PlanOptions *options)
{
	const Inventory *inventory = exact->base->placer->inventory;

	for (unsigned i = 0; i < exact->sizes->len; i++) {
		const FitAnswer *right = g_ptr_array_index(exact->sizes, i);
		const FitAnswer *found = g_ptr_array_index(hasty->sizes, i);

		g_test_message("%s: %u, %u to %u", right->spec->name, right->count.fit,
			       found->count.fit, found->count.bound);
		g_assert_cmpuint(right->count.fit, ==, right->count.bound);
		g_assert_cmpuint(found->count.fit, <=, right->count.fit);
		g_assert_cmpuint(found->count.bound, >=, right->count.fit);
		g_assert_cmpuint(assignments_of(hasty, found), ==, found->count.fit);
		g_assert_true(planned(exact->plan->host, inventory, hasty->base, found->spec,
				      found->count.fit, options));
	}
	if (exact->mix.proved) /* not where it had to be cut for a shared VM's memory */
		g_assert_cmpuint(hasty->mix.vcpus, <=, exact->mix.vcpus);
	if (exact->mix.proved && hasty->mix.proved)
		g_assert_cmpuint(hasty->mix.vcpus, ==, exact->mix.vcpus);
	for (unsigned i = 0; i < FIT_LEVELS; i++) {
		g_assert_cmpuint(hasty->largest[i].vcpus, <=, exact->largest[i].vcpus);
		g_assert_true(!hasty->largest[i].proved ||
			      hasty->largest[i].vcpus == exact->largest[i].vcpus);
	}
}

/* All that is said of a node shares a budget; whatever that is, no answer says too much. */
static void test_shared(void)
{
	unsigned open = 0;

	for (unsigned i = 0; i < 150; i++) {
		const FitOptions options = {.plan = {.budget = 1 + 40 * (i % 4)}};
		g_autofree char *topology = NULL, *text = NULL;
		g_autoptr(Host) host = NULL;
		g_autoptr(Inventory) inventory = NULL;
		g_autoptr(Fit) exact = NULL, hasty = NULL;

		random_state = UINT64_C(0x9e3779b97f4a7c15) * (i + 11);
		topology = random_topology();
		host = given_host(topology);
		text = random_inventory(host);
		inventory = given_inventory(text);
		g_test_message("case %u: %s\n%s", i, topology, text);
		exact = fit_compute(host, inventory, &(FitOptions){0});
		hasty = fit_compute(host, inventory, &options);
		if (exact->base->refused->len != hasty->base->refused->len)
			continue;
		assert_within(exact, hasty, &options.plan);
		open += !hasty->mix.proved;
	}
	g_test_message("%u left open", open);
	g_assert_cmpuint(open, >, 0);
}

/*
 * Everything tried, on hosts so small that it can be. Whether VMs fit is a matter of each node's
 * cores and memory alone; which L3 they are in is not.
 */
#define NODES_MOST 4

typedef struct Space {
	unsigned n_nodes, threads;
	unsigned cores[NODES_MOST];
	uint64_t memory[NODES_MOST];
} Space;

typedef struct Wish {
	const VmSpec *spec;
	unsigned node; /* the only one, HOST_NONE = any */
	bool whole;    /* in one node */
} Wish;

/* CORES of NODE, of which IDLE CPUs have no vCPU. */
static bool take(Space *space, const VmSpec *spec, unsigned node, unsigned cores, unsigned idle)
{
	unsigned per_core = spec->threads == THREADS_ISOLATE ? 1 : space->threads;
	unsigned vcpus = cores * per_core - idle;
	uint64_t page = spec->page ? spec->page : 4096;
	uint64_t share = (spec->memory * vcpus + spec->vcpus - 1) / spec->vcpus;
	uint64_t memory = (share + page - 1) / page * page;

	if (space->cores[node] < cores || space->memory[node] < memory)
		return false;
	space->cores[node] -= cores;
	if (space->memory[node] != UINT64_MAX)
		space->memory[node] -= memory;
	return true;
}

static bool all_fit(Space space, const Wish *wishes, unsigned n);

/* What the first wish still misses: SMALL shares of CORES, LARGE of one more, IDLE CPUs of one of
 * the largest. */
typedef struct Misses {
	unsigned cores, small, large, idle;
} Misses;

/* The next of its shares on NODE or later. */
static bool shares_fit(Space space, const Wish *wishes, unsigned n, Misses m, unsigned node)
{
	if (!m.small && !m.large)
		return !m.idle && all_fit(space, wishes + 1, n - 1);
	for (; node < space.n_nodes; node++) {
		if (wishes->node != HOST_NONE && wishes->node != node)
			continue;
		for (unsigned way = 0; way < 3; way++) {
			Space with = space;
			Misses then = m;
			unsigned idle = way == 1 ? m.idle : 0;

			if (way < 2 ? !m.large || (way == 1 && !idle) : !m.small)
				continue;
			*(way < 2 ? &then.large : &then.small) -= 1;
			then.idle -= idle;
			if (take(&with, wishes->spec, node, m.cores + (way < 2), idle) &&
			    shares_fit(with, wishes, n, then, node + 1))
				return true;
		}
	}
	return false;
}

static bool all_fit(Space space, const Wish *wishes, unsigned n)
{
	const VmSpec *spec = n ? wishes->spec : NULL;
	unsigned per_core = !n || spec->threads == THREADS_ISOLATE ? 1 : space.threads;
	unsigned cores = n ? (spec->vcpus + per_core - 1) / per_core : 0;

	if (!n)
		return true;
	for (unsigned k = 1; k <= (wishes->whole ? 1 : space.n_nodes) && k <= cores; k++) {
		unsigned large = cores % k ? cores % k : k;
		Misses m = {(cores - large) / k, k - large, large, cores * per_core - spec->vcpus};

		if (shares_fit(space, wishes, n, m, 0))
			return true;
	}
	return false;
}

/* A base as the enumeration sees it: only free cores, and VMs that may sit anywhere. */
static Space space_of(const FitBase *base, Wish *wishes)
{
	const Problem *problem = base->problem;
	Space space = {.n_nodes = problem->host->nodes->len, .threads = problem->host->max_threads};

	for (unsigned r = 0; r < problem->rooms->len; r++) {
		const SearchRoom *room = &g_array_index(problem->rooms, SearchRoom, r);

		space.cores[room->node] += room->cores;
	}
	memcpy(space.memory, problem->memory, space.n_nodes * sizeof *space.memory);
	for (unsigned i = 0; i < problem->specs->len; i++) {
		const VmSpec *spec = g_ptr_array_index(problem->specs, i);

		wishes[i] = (Wish){spec, spec->node < 0 ? HOST_NONE : (unsigned)spec->node,
				   spec->node >= 0};
	}
	return space;
}

#define WISHES_MOST 64

static unsigned most_by_trying(const FitBase *base, const VmSpec *size)
{
	Wish wishes[WISHES_MOST];
	Space space = space_of(base, wishes);
	unsigned n = base->problem->specs->len, count = 0;

	for (; n < WISHES_MOST; n++, count++) {
		wishes[n] = (Wish){size, HOST_NONE, false};
		if (!all_fit(space, wishes, n + 1))
			return count;
	}
	g_assert_not_reached();
}

/* The most vCPUs of two sizes, each VM in one node. */
static uint64_t mix_by_trying(const FitBase *base, const VmSpec *a, const VmSpec *b)
{
	Wish wishes[WISHES_MOST];
	Space space = space_of(base, wishes);
	uint64_t best = 0;

	for (unsigned i = 0;; i++) {
		unsigned n = base->problem->specs->len, j = 0;

		for (unsigned v = 0; v < i; v++)
			wishes[n++] = (Wish){a, HOST_NONE, true};
		if (!all_fit(space, wishes, n))
			return best;
		for (;; j++) {
			best = MAX(best, (uint64_t)i * a->vcpus + (uint64_t)j * b->vcpus);
			wishes[n++] = (Wish){b, HOST_NONE, true};
			if (!all_fit(space, wishes, n))
				break;
		}
	}
}

/* The largest VM, by vCPUs: in one room, in one node, anywhere. */
static unsigned largest_by_trying(const Fit *fit, unsigned level)
{
	const Problem *problem = fit->base->problem;
	Wish wishes[WISHES_MOST];
	Space space = space_of(fit->base, wishes);
	unsigned n = problem->specs->len, best = 0;

	for (unsigned v = 1; v <= 64; v++)
		for (unsigned node = 0; node < space.n_nodes; node++) {
			VmSpec size = {.vcpus = v,
				       .memory = v * fit->per_vcpu,
				       .page = fit->page,
				       VM_SPEC_ANYWHERE};
			unsigned most = 0;

			for (unsigned r = 0; r < problem->rooms->len; r++) {
				const SearchRoom *entry =
					&g_array_index(problem->rooms, SearchRoom, r);

				if (entry->node == node)
					most = MAX(most, entry->cores * entry->threads);
			}
			if (level == FIT_L3 && v > most)
				continue;
			wishes[n] = (Wish){&size, level == FIT_NODES ? HOST_NONE : node,
					   level != FIT_NODES};
			if (all_fit(space, wishes, n + 1))
				best = v;
		}
	return best;
}

/* Is the largest VM in one room said to be where there is no room today, while there is elsewhere?
 */
static bool largest_misplaced(const Fit *fit)
{
	const FitLargest *largest = &fit->largest[FIT_L3];
	bool here = false, elsewhere = false;

	for (unsigned r = 0; r < fit->rooms->len; r++) {
		const FitRoom *room = &g_array_index(fit->rooms, FitRoom, r);
		uint64_t memory = fit->memory[room->node];

		if (room->free * room->threads < largest->vcpus ||
		    memory < largest->vcpus * fit->per_vcpu + fit->page)
			continue;
		if (room->node == largest->node && room->l3 == largest->l3)
			here = true;
		else
			elsewhere = true;
	}
	return largest->vcpus && elsewhere && !here;
}

static char *tiny_topology(void)
{
	static const char *const memories[] = {"", "(memory=8589934592)", "(memory=12884901888)"};
	unsigned packages = 1 + pick(2), memory = pick(3), l3s = 1 + pick(2), cores = 2 + pick(2);
	unsigned threads = 1 + pick(2);

	return topology_text(packages, memories[memory], l3s, cores, threads);
}

static void test_tried(void)
{
	for (unsigned i = 0; i < 300; i++) {
		g_autofree char *topology = NULL, *text = NULL;
		g_autoptr(Host) host = NULL;
		g_autoptr(Inventory) inventory = NULL, more = NULL;
		g_autoptr(GString) shapes = g_string_new("[vm a]\n");
		g_autoptr(Fit) fit = NULL;
		FitOptions options = {0};

		random_state = UINT64_C(0x2545f4914f6cdd1d) * (i + 1);
		topology = tiny_topology();
		host = given_host(topology);
		text = random_inventory(host);
		inventory = given_inventory(text);
		random_shape(shapes);
		g_string_append(shapes, "[vm b]\n");
		random_shape(shapes);
		more = given_inventory(shapes->str);
		options.sizes = more->vms;
		fit = fit_compute(host, inventory, &options);
		if (fit->base->shared_memory || fit->sizes->len < 2)
			continue;
		g_test_message("case %u: %s\n%s%s", i, topology, text, shapes->str);
		for (unsigned s = 0; s < fit->sizes->len; s++) {
			const FitAnswer *answer = g_ptr_array_index(fit->sizes, s);

			g_assert_cmpuint(answer->count.fit, ==,
					 most_by_trying(fit->base, answer->spec));
			g_assert_cmpuint(answer->count.bound, ==, answer->count.fit);
		}
		for (unsigned level = 0; level < FIT_LEVELS; level++) {
			g_assert_true(fit->largest[level].proved);
			g_assert_cmpuint(fit->largest[level].vcpus, ==,
					 largest_by_trying(fit, level));
		}
		g_assert_false(largest_misplaced(fit));
		g_assert_true(fit->mix.proved);
		g_assert_cmpuint(fit->mix.vcpus, ==,
				 mix_by_trying(fit->base,
					       ((const FitAnswer *)fit->sizes->pdata[0])->spec,
					       ((const FitAnswer *)fit->sizes->pdata[1])->spec));
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
		"[vm a]\nvcpus = 2\n[vm b]\nvcpus = 4\n[vm refused]\nvcpus = 99\n",
	};
	g_autoptr(Host) host = given_host("numa:2 core:6 pu:2");
	GBytes *keys[G_N_ELEMENTS(texts)];

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(Inventory) inventory = given_inventory(texts[i]);
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
	g_test_add_func("/fit/budget", test_budget);
	g_test_add_func("/fit/shared", test_shared);
	g_test_add_func("/fit/tried", test_tried);
	g_test_add_func("/fit/key", test_key);
	return g_test_run();
}
