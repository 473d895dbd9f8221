/* SPDX-License-Identifier: MIT */
/*
 * Online placement, against a validator of its own: it keeps which VM has which core and how much
 * memory each node has left, and decides anew at which level a VM fits. It shares nothing with
 * planner/online/ but the Host.
 */
#include "planner/online/online.h"
#include "planner/online/online_internal.h"
#include "planner/place/place.h"
#include "topology/host/host_load.h"

#include <string.h>

#define NOBODY G_MAXUINT
#define NEVER G_MAXUINT
#define MOST_VMS 4096
#define MOST_NODES 16

/* Random numbers: the same everywhere, for the same seed. */

static uint64_t state;

static void seed(uint64_t number)
{
	state = number * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

static double chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / 9007199254740992.0;
}

static unsigned below(unsigned n)
{
	return (unsigned)(chance() * n);
}

/* A node under test, and what the validator knows of it */

typedef struct World {
	Host *host;
	Inventory *inventory;
	Plan *plan;
	Online *online;
	unsigned *owner;       /* by core: number of the VM, NOBODY; cores VMs cannot have are 0 */
	uint64_t *memory;      /* by node: bytes left, UINT64_MAX = not known */
	VmSpec *vms[MOST_VMS]; /* that run, by number; 1 … */
	GArray *pins[MOST_VMS];
	unsigned n_vms;
} World;

static bool may_have(const World *w, unsigned core)
{
	Role role = g_array_index(w->plan->roles, Role, core);

	return (role == ROLE_FREE || role == ROLE_DEDICATED) && !host_core(w->host, core)->partial;
}

static void world_open(World *w, const char *topology, const char *text, OnlinePolicy policy)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	PlanOptions options = {0};

	memset(w, 0, sizeof *w);
	w->host = host_load(topology, &error);
	g_assert_no_error(error);
	w->inventory = inventory_parse("test", text, strlen(text), errors);
	g_assert_cmpuint(errors->len, ==, 0);
	w->plan = plan_compute(w->host, w->inventory, NULL, &options);
	w->online = online_new(w->plan, policy);
	w->memory = place_node_memory(w->plan);
	w->owner = g_new0(unsigned, w->host->cores->len);
	for (unsigned i = 0; i < w->host->cores->len; i++)
		w->owner[i] = may_have(w, i) ? NOBODY : 0;
	w->n_vms = 1;
}

static void forget(World *w, unsigned number)
{
	g_clear_pointer(&w->vms[number], vm_spec_free);
	g_clear_pointer(&w->pins[number], g_array_unref);
}

static void world_close(World *w)
{
	for (unsigned i = 0; i < w->n_vms; i++)
		forget(w, i);
	online_free(w->online);
	plan_free(w->plan);
	inventory_free(w->inventory);
	host_free(w->host);
	g_free(w->owner);
	g_free(w->memory);
}

/* The validator */

static unsigned cores_for(const VmSpec *spec, unsigned vcpus, unsigned threads)
{
	return spec->threads == THREADS_ISOLATE ? vcpus : (vcpus + threads - 1) / threads;
}

static uint64_t bytes_for(const VmSpec *spec, unsigned vcpus)
{
	uint64_t page = spec->page ? spec->page : 4096;
	uint64_t share = (spec->memory * vcpus + spec->vcpus - 1) / spec->vcpus;

	return (share + page - 1) / page * page;
}

/* vCPUs of each of K shares, the most first: their cores differ by one at most, and CPUs that stay
 * idle are in the last of the larger ones. False where there are fewer cores. */
static bool shares_of(const VmSpec *spec, unsigned threads, unsigned k, unsigned *vcpus)
{
	unsigned cores = cores_for(spec, spec->vcpus, threads), larger = cores % k ? cores % k : k;
	unsigned per_core = spec->threads == THREADS_ISOLATE ? 1 : threads;

	for (unsigned i = 0; i < k; i++)
		vcpus[i] = (cores / k + (cores % k > i)) * per_core;
	vcpus[larger - 1] -= cores * per_core - spec->vcpus;
	return cores >= k;
}

static bool alike(const Core *a, const Core *b)
{
	return a->kind == b->kind && a->n_cpus == b->n_cpus;
}

/* Free cores like core LIKE on its node, or (SAME_L3) under its L3. */
static unsigned free_like(const World *w, unsigned like, bool same_l3)
{
	const Core *model = host_core(w->host, like);
	unsigned n = 0;

	for (unsigned i = 0; i < w->host->cores->len; i++) {
		const Core *core = host_core(w->host, i);

		n += w->owner[i] == NOBODY && core->node == model->node && alike(core, model) &&
		     (!same_l3 || core->l3 == model->l3);
	}
	return n;
}

/* Nodes with cores like LIKE that hold VCPUS of it, or (ROOM) have a room that does. */
static unsigned nodes_holding(const World *w, const VmSpec *spec, unsigned like, unsigned vcpus,
			      bool room)
{
	const Core *model = host_core(w->host, like);
	unsigned need = cores_for(spec, vcpus, model->n_cpus), last = NOBODY, n = 0;

	for (unsigned node = 0; node < w->host->nodes->len; node++)
		for (unsigned i = 0; i < w->host->cores->len && last != node; i++) {
			const Core *core = host_core(w->host, i);

			if (core->node != node || !alike(core, model) ||
			    free_like(w, i, room) < need ||
			    w->memory[node] < bytes_for(spec, vcpus) ||
			    (spec->node >= 0 &&
			     host_node(w->host, node)->id != (unsigned)spec->node))
				continue;
			last = node;
			n++;
		}
	return n;
}

/* Do K nodes hold a share each? What holds one holds those that ask for less. */
static bool holds_over(const World *w, const VmSpec *spec, unsigned like, unsigned k)
{
	unsigned vcpus[MOST_NODES], i = 0;

	if (!shares_of(spec, host_core(w->host, like)->n_cpus, k, vcpus))
		return false;
	while (i < k && nodes_holding(w, spec, like, vcpus[i], false) > i)
		i++;
	return i == k;
}

/* The finest level SPEC fits at now: 0 room, k nodes; NEVER. */
static unsigned level_now(const World *w, const VmSpec *spec)
{
	for (unsigned k = 0; k <= w->host->nodes->len; k++)
		for (unsigned i = 0; i < w->host->cores->len; i++)
			if (k ? holds_over(w, spec, i, k)
			      : nodes_holding(w, spec, i, spec->vcpus, true) > 0)
				return k;
	return NEVER;
}

static unsigned core_at(const World *w, const GArray *pins, unsigned v)
{
	return host_core_of(w->host, g_array_index(pins, unsigned, v));
}

static unsigned level_of_pins(const World *w, const GArray *pins)
{
	const Core *first = host_core(w->host, core_at(w, pins, 0));
	unsigned nodes = 1, l3s = 1, last = first->node;

	for (unsigned v = 1; v < pins->len; v++) {
		const Core *core = host_core(w->host, core_at(w, pins, v));

		nodes += core->node != last; /* shares are contiguous */
		l3s += core->l3 != first->l3;
		last = core->node;
	}
	return nodes > 1 ? nodes : l3s > 1;
}

static unsigned vcpus_on(const World *w, const GArray *pins, unsigned node)
{
	unsigned n = 0;

	for (unsigned v = 0; v < pins->len; v++)
		n += host_core(w->host, core_at(w, pins, v))->node == node;
	return n;
}

/* On its nodes it has the shares that it shall have, each once. */
static void check_shares(const World *w, const VmSpec *spec, const GArray *pins)
{
	unsigned k = MAX(level_of_pins(w, pins), 1), vcpus[MOST_NODES], found = 0;

	g_assert_true(shares_of(spec, host_core(w->host, core_at(w, pins, 0))->n_cpus, k, vcpus));
	for (unsigned node = 0; node < w->host->nodes->len; node++) {
		unsigned here = vcpus_on(w, pins, node);

		for (unsigned i = 0; i < k && here; i++)
			if (vcpus[i] == here) {
				vcpus[i] = here = 0;
				found++;
			}
		g_assert_cmpuint(here, ==, 0);
	}
	g_assert_cmpuint(found, ==, k);
}

/* Every vCPU a CPU of its own on cores nobody else has, walking the threads of a core. */
static void check_pins(const World *w, const VmSpec *spec, const GArray *pins)
{
	const Core *first = host_core(w->host, core_at(w, pins, 0));
	unsigned use = spec->threads == THREADS_ISOLATE ? 1 : first->n_cpus;

	g_assert_cmpuint(pins->len, ==, spec->vcpus);
	check_shares(w, spec, pins);
	for (unsigned v = 0, in_share = 0; v < pins->len; v++, in_share++) {
		unsigned index = core_at(w, pins, v);
		const Core *core = host_core(w->host, index);

		if (v && core->node != host_core(w->host, core_at(w, pins, v - 1))->node)
			in_share = 0;
		g_assert_cmpuint(w->owner[index], ==, NOBODY);
		g_assert_true(alike(core, first));
		g_assert_cmpuint(core->cpu[in_share % use], ==, g_array_index(pins, unsigned, v));
		for (unsigned u = v - in_share; u < v - in_share % use; u++)
			g_assert_cmpuint(core_at(w, pins, u), !=, index);
	}
}

/* VM number N takes its cores and memory, or (SIGN -1) gives them back. */
static void account(World *w, unsigned n, int sign)
{
	const GArray *pins = w->pins[n];
	unsigned last = NOBODY;

	for (unsigned v = 0; v < pins->len; v++) {
		unsigned core = core_at(w, pins, v), node = host_core(w->host, core)->node;

		w->owner[core] = sign > 0 ? n : NOBODY;
		if (node != last && w->memory[node] != UINT64_MAX) {
			uint64_t bytes = bytes_for(w->vms[n], vcpus_on(w, pins, node));

			g_assert_true(sign < 0 || w->memory[node] >= bytes);
			w->memory[node] -= (uint64_t)sign * bytes;
		}
		last = node;
	}
}

static unsigned world_add(World *w, const VmSpec *spec, const GArray *pins)
{
	unsigned number = w->n_vms++;

	g_assert_cmpuint(number, <, MOST_VMS);
	w->vms[number] = vm_spec_copy(spec, spec->name);
	w->pins[number] = g_array_copy((GArray *)pins);
	return number;
}

/* Does NODE have cores like LIKE that hold VCPUS of it? */
static bool node_holds(const World *w, const VmSpec *spec, unsigned like, unsigned vcpus,
		       unsigned node)
{
	const Core *model = host_core(w->host, like);

	for (unsigned i = 0; i < w->host->cores->len; i++)
		if (host_core(w->host, i)->node == node && alike(host_core(w->host, i), model))
			return free_like(w, i, false) >= cores_for(spec, vcpus, model->n_cpus) &&
			       w->memory[node] >= bytes_for(spec, vcpus);
	return false;
}

/* Between each two of the NODES, which are bits. */
static uint64_t between(const World *w, unsigned nodes)
{
	uint64_t sum = 0;

	for (unsigned a = 0; a < w->host->nodes->len; a++)
		for (unsigned b = 0; b < a; b++)
			if (nodes >> a & 1 && nodes >> b & 1)
				sum += host_distance(w->host, a, b);
	return sum;
}

/* The least distance of K nodes that hold a share of SPEC each, in cores like LIKE. */
static uint64_t least_between(const World *w, const VmSpec *spec, unsigned like, unsigned k)
{
	unsigned vcpus[MOST_NODES], all = w->host->nodes->len, hold[MOST_NODES] = {0};
	uint64_t least = UINT64_MAX;

	g_assert_true(shares_of(spec, host_core(w->host, like)->n_cpus, k, vcpus));
	for (unsigned i = 0; i < k; i++)
		for (unsigned node = 0; node < all; node++)
			hold[i] |= (unsigned)node_holds(w, spec, like, vcpus[i], node) << node;
	for (unsigned nodes = 0; nodes < 1U << all; nodes++) {
		bool held = (unsigned)__builtin_popcount(nodes) == k;

		for (unsigned i = 0; i < k; i++)
			held = held && (unsigned)__builtin_popcount(nodes & hold[i]) > i;
		if (held)
			least = MIN(least, between(w, nodes));
	}
	return least;
}

/* How far the nodes of the pins are from each other. */
static uint64_t between_pins(const World *w, const GArray *pins)
{
	unsigned nodes = 0;

	for (unsigned v = 0; v < pins->len; v++)
		nodes |= 1U << host_core(w->host, core_at(w, pins, v))->node;
	return between(w, nodes);
}

/* Place and judge the answer; true when it was placed. */
static bool place(World *w, const VmSpec *spec)
{
	unsigned level = level_now(w, spec);
	const OnlineVm *vm = NULL;

	if (online_place(w->online, spec, &vm) == ONLINE_REJECTED) {
		g_assert_cmpuint(level, ==, NEVER);
		return false;
	}
	check_pins(w, spec, vm->pins);
	g_assert_cmpuint(level_of_pins(w, vm->pins), ==, level);
	if (level > 1 && host_distances(w->host))
		g_assert_cmpuint(between_pins(w, vm->pins), ==,
				 least_between(w, spec, core_at(w, vm->pins, 0), level));
	account(w, world_add(w, spec, vm->pins), 1);
	return true;
}

static void take_away(World *w, unsigned number)
{
	g_assert_true(online_remove(w->online, w->vms[number]->name));
	account(w, number, -1);
	forget(w, number);
}

/* The counts are those of what runs, and what they are worth is what counting anew says. */
static void check_counts(const World *w, const GArray *learned)
{
	const Online *o = w->online;
	OnlineValue *anew = online_value_new();

	for (unsigned i = 0; i < learned->len; i++)
		online_value_learn(o, anew, &g_array_index(learned, Demand, i));
	for (unsigned c = 0; c < o->rooms->n_cells; c++) {
		const RoomCell *cell = online_cell(o, c);
		Demand none = {.vm = {.vcpus = 1, .page = 1, .node = NEVER}};
		unsigned sum = 0;

		g_assert_cmpuint(o->now.memory[cell->node], ==, w->memory[cell->node]);
		for (unsigned i = 0; i < cell->n_rooms; i++) {
			unsigned r = cell->rooms[i];
			const Room *room = online_room(o, r);
			unsigned like = g_array_index(room->cores, unsigned, 0);

			g_assert_cmpuint(o->now.free[r], ==, free_like(w, like, true));
			sum += o->now.free[r];
		}
		g_assert_cmpuint(o->now.cell[c], ==, sum);
		if (sum && o->policy == ONLINE_LOOK_AHEAD) {
			g_assert_cmpfloat(online_value_cell(o, anew, c, 1, &none), ==,
					  online_value_cell(o, o->value, c, 1, &none));
			g_assert_cmpfloat(online_value_room(anew, cell->class, 1, 1), ==,
					  online_value_room(o->value, cell->class, 1, 1));
		}
	}
	online_value_free(anew);
}

/* Histories */

static VmSpec *random_spec(const World *w, unsigned number)
{
	static const unsigned sizes[] = {1, 2, 2, 3, 4, 4, 6, 8, 12, 16, 24, 40};
	g_autofree char *name = g_strdup_printf("v%u", number);
	VmSpec *spec = vm_spec_new(name);

	spec->vcpus = sizes[below(G_N_ELEMENTS(sizes))];
	spec->threads = below(5) ? THREADS_SIBLINGS : THREADS_ISOLATE;
	spec->memory = (uint64_t)below(9) << 30;
	spec->page = spec->memory && below(2) ? 2 << 20 : 0;
	if (!below(5))
		spec->node = (int)host_node(w->host, below(w->host->nodes->len))->id;
	return spec;
}

static unsigned any_running(const World *w)
{
	for (unsigned tries = 0; tries < 200; tries++) {
		unsigned n = w->n_vms > 1 ? 1 + below(w->n_vms - 1) : 0;

		if (w->vms[n])
			return n;
	}
	return 0;
}

static void history(World *w, unsigned events)
{
	g_autoptr(GArray) learned = g_array_new(FALSE, FALSE, sizeof(Demand));

	for (unsigned e = 0; e < events; e++) {
		unsigned leaver = below(5) < 2 ? any_running(w) : 0;

		if (leaver) {
			take_away(w, leaver);
		} else {
			VmSpec *spec = random_spec(w, e);
			Demand demand = online_demand(w->online, spec);

			g_array_append_val(learned, demand);
			place(w, spec);
			vm_spec_free(spec);
		}
		if (e < 20 || e == events - 1)
			check_counts(w, learned);
	}
}

#define HYBRID "tests/hosts/hybrid-6p8e.xml"

static const char *const hosts[] = {
	"pack:2 [numa(memory=68719476736)] l3:1 core:18 pu:2",
	"pack:2 [numa] l3:4 core:8 pu:2",
	"pack:4 [numa(memory=34359738368)] l3:4 core:4 pu:2",
	"numa:8(memory=17179869184) l3:2 core:3 pu:1",
	"pack:1 [numa(memory=17179869184)] core:6 pu:4",
	HYBRID,
	"pack:2 numa:3 l3:1 core:4 pu:2",
	"tests/hosts/epyc-2s24c2t-nps4.xml",
	"tests/hosts/opteron-4s16c-modules.xml",
};

static void test_rules(void)
{
	for (unsigned h = 0; h < G_N_ELEMENTS(hosts); h++)
		for (unsigned policy = 0; policy <= ONLINE_FIRST_FIT; policy++)
			for (unsigned s = 1; s <= 2; s++) {
				World w;

				world_open(&w, hosts[h], "[host]\nmemory-per-node = 1G\n", policy);
				seed(s);
				history(&w, 150);
				world_close(&w);
			}
}

/* A VM alone sits as near when it comes as in a plan. */
static void test_as_planned(void)
{
	for (unsigned h = 0; h < G_N_ELEMENTS(hosts); h++)
		for (unsigned vcpus = 1; vcpus <= 64; vcpus += 3) {
			g_autofree char *text = g_strdup_printf("[vm a]\nvcpus = %u\n", vcpus);
			World planned, w;
			const PlanVm *vm;

			world_open(&planned, hosts[h], text, ONLINE_LOOK_AHEAD);
			world_open(&w, hosts[h], "", ONLINE_LOOK_AHEAD);
			vm = plan_vm(planned.plan, "a");
			g_assert_cmpint(place(&w, vm->spec), ==, vm->placed);
			if (vm->placed) {
				g_assert_cmpuint(level_of_pins(&w, vm->pins), ==,
						 level_of_pins(&w, w.pins[1]));
				g_assert_cmpuint(between_pins(&w, vm->pins), ==,
						 between_pins(&w, w.pins[1]));
			}
			world_close(&planned);
			world_close(&w);
		}
}

/* What was taken comes back, to the last core and byte. */
static void test_remove(void)
{
	World w;
	Counts before;
	unsigned n;

	world_open(&w, hosts[2], "", ONLINE_LOOK_AHEAD);
	before = counts_copy(&w.online->now);
	seed(7);
	for (unsigned i = 0; i < 100; i++) {
		VmSpec *spec = random_spec(&w, i);

		place(&w, spec);
		vm_spec_free(spec);
	}
	g_assert_cmpfloat(online_fill(w.online), >, 0.8);
	while ((n = any_running(&w)))
		take_away(&w, n);
	g_assert_cmpfloat(online_fill(w.online), ==, 0);
	g_assert_cmpuint(online_vcpus(w.online), ==, 0);
	g_assert_cmpmem(before.memory, w.host->nodes->len * sizeof(uint64_t), w.online->now.memory,
			w.host->nodes->len * sizeof(uint64_t));
	g_assert_cmpmem(before.free, w.online->rooms->n_rooms * sizeof(unsigned),
			w.online->now.free, w.online->rooms->n_rooms * sizeof(unsigned));
	for (unsigned i = 0; i < w.host->cores->len; i++)
		g_assert_cmpuint(w.online->owner[i], ==, HOST_NONE);
	counts_free(&before);
	world_close(&w);
}

static OnlineStatus place_one(Online *online, const char *name, unsigned vcpus, Policy policy,
			      uint64_t memory)
{
	VmSpec *spec = vm_spec_new(name);
	const OnlineVm *vm;
	OnlineStatus status;

	spec->vcpus = vcpus;
	spec->policy = policy;
	spec->memory = memory;
	status = online_place(online, spec, &vm);
	vm_spec_free(spec);
	return status;
}

static void test_names(void)
{
	World w;

	world_open(&w, "pack:1 [numa] core:4 pu:2", "", ONLINE_LOOK_AHEAD);
	g_assert_false(online_remove(w.online, "a"));
	g_assert_cmpint(place_one(w.online, "a", 2, POLICY_DEDICATED, 0), ==, ONLINE_PLACED);
	g_assert_cmpint(place_one(w.online, "a", 2, POLICY_DEDICATED, 0), ==, ONLINE_DUPLICATE);
	g_assert_cmpint(place_one(w.online, "a", 2, POLICY_SHARED, 0), ==, ONLINE_DUPLICATE);
	g_assert_cmpuint(online_vcpus(w.online), ==, 2);
	g_assert_true(online_remove(w.online, "a"));
	g_assert_false(online_remove(w.online, "a"));
	g_assert_cmpint(place_one(w.online, "a", 6, POLICY_DEDICATED, 0), ==, ONLINE_PLACED);
	g_assert_cmpint(place_one(w.online, "b", 1, POLICY_DEDICATED, 0), ==, ONLINE_REJECTED);
	g_assert_false(online_remove(w.online, "b"));
	world_close(&w);
}

/* Shared VMs take memory, no core, from any nodes; and give it back. */
static void test_shared(void)
{
	const uint64_t gib = UINT64_C(1) << 30;
	World w;

	world_open(&w, "pack:2 [numa(memory=8589934592)] core:4 pu:2", "", ONLINE_LOOK_AHEAD);
	g_assert_cmpint(place_one(w.online, "s", 64, POLICY_SHARED, 6 * gib), ==, ONLINE_PLACED);
	g_assert_cmpint(place_one(w.online, "t", 64, POLICY_SHARED, 6 * gib), ==, ONLINE_PLACED);
	g_assert_cmpint(place_one(w.online, "u", 1, POLICY_SHARED, 6 * gib), ==, ONLINE_REJECTED);
	/* 4 GiB are left in all, wherever those of the shared VMs are counted. */
	g_assert_cmpint(place_one(w.online, "d", 1, POLICY_DEDICATED, 5 * gib), ==,
			ONLINE_REJECTED);
	g_assert_cmpuint(online_vcpus(w.online), ==, 0);
	g_assert_cmpint(place_one(w.online, "d", 1, POLICY_DEDICATED, 3 * gib), ==, ONLINE_PLACED);
	g_assert_cmpint(place_one(w.online, "e", 1, POLICY_DEDICATED, 2 * gib), ==,
			ONLINE_REJECTED);
	g_assert_true(online_remove(w.online, "d"));
	g_assert_true(online_remove(w.online, "t"));
	g_assert_cmpint(place_one(w.online, "u", 1, POLICY_SHARED, 6 * gib), ==, ONLINE_PLACED);
	g_assert_true(online_remove(w.online, "s"));
	g_assert_cmpint(place_one(w.online, "d", 1, POLICY_DEDICATED, 8 * gib), ==, ONLINE_PLACED);
	world_close(&w);
}

/* The inventory's VMs run from the start, and those with cpus = do not move. */
static void test_inventory(void)
{
	static const char *const text = "[host]\ncpus = 0,1\n"
					"[vm kept]\nvcpus = 4\ncpus = 2,3,4,5\n"
					"[vm free]\nvcpus = 2\n"
					"[vm pool]\nvcpus = 2\npolicy = shared\n";
	VmSpec *spec = vm_spec_new("big");
	World w;

	world_open(&w, "pack:1 [numa] core:8 pu:2", text, ONLINE_LOOK_AHEAD);
	g_assert_cmpuint(online_vcpus(w.online), ==, 6);
	g_assert_cmpint(place_one(w.online, "kept", 2, POLICY_DEDICATED, 0), ==, ONLINE_DUPLICATE);
	g_assert_cmpint(place_one(w.online, "pool", 2, POLICY_DEDICATED, 0), ==, ONLINE_DUPLICATE);
	g_assert_cmpint(place_one(w.online, "nine", 9, POLICY_DEDICATED, 0), ==, ONLINE_REJECTED);
	g_assert_cmpint(place_one(w.online, "eight", 8, POLICY_DEDICATED, 0), ==, ONLINE_PLACED);
	spec->vcpus = 1;
	g_assert_null(online_moves(w.online, spec, 3, NULL));
	vm_spec_free(spec);
	g_assert_true(online_remove(w.online, "kept"));
	g_assert_cmpint(place_one(w.online, "four", 4, POLICY_DEDICATED, 0), ==, ONLINE_PLACED);
	world_close(&w);
}

/* Moves, against trying everything */

typedef struct Brute {
	World *w;
	const VmSpec *specs[8]; /* to assign: the wanted one, then those taken off */
	unsigned n;
	unsigned free[16]; /* by node; hosts here have one class */
	uint64_t memory[16];
} Brute;

static bool brute_assignment(Brute *b, unsigned i);

/* The shares of VM I that VCPUS still has, LEFT of K, on nodes from START on. */
static bool brute_shares(Brute *b, unsigned i, unsigned *vcpus, unsigned k, unsigned start,
			 unsigned left)
{
	const VmSpec *spec = b->specs[i];

	if (!left)
		return brute_assignment(b, i + 1);
	for (unsigned node = start; node < b->w->host->nodes->len; node++)
		for (unsigned s = 0; s < k; s++) {
			unsigned share = vcpus[s];
			unsigned need = cores_for(spec, share, host_core(b->w->host, 0)->n_cpus);
			uint64_t bytes = bytes_for(spec, share);
			bool done;

			if (!share || b->free[node] < need || b->memory[node] < bytes ||
			    (spec->node >= 0 &&
			     host_node(b->w->host, node)->id != (unsigned)spec->node))
				continue;
			vcpus[s] = 0;
			b->free[node] -= need;
			b->memory[node] -= bytes;
			done = brute_shares(b, i, vcpus, k, node + 1, left - 1);
			b->free[node] += need;
			b->memory[node] += bytes;
			vcpus[s] = share;
			if (done)
				return true;
		}
	return false;
}

static bool brute_assignment(Brute *b, unsigned i)
{
	unsigned vcpus[MOST_NODES];

	if (i == b->n)
		return true;
	for (unsigned k = 1; k <= b->w->host->nodes->len; k++)
		if (shares_of(b->specs[i], host_core(b->w->host, 0)->n_cpus, k, vcpus) &&
		    brute_shares(b, i, vcpus, k, 0, k))
			return true;
	return false;
}

static bool brute_choose(World *w, const VmSpec *wanted, unsigned *chosen, unsigned n,
			 unsigned start, unsigned left)
{
	bool found;

	if (left) {
		for (unsigned v = start; v < w->n_vms; v++) {
			if (!w->vms[v])
				continue;
			chosen[n] = v;
			if (brute_choose(w, wanted, chosen, n + 1, v + 1, left - 1))
				return true;
		}
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		account(w, chosen[i], -1);
	Brute b = {.w = w, .specs = {wanted}, .n = n + 1};

	for (unsigned i = 0; i < n; i++)
		b.specs[i + 1] = w->vms[chosen[i]];
	for (unsigned i = 0; i < w->host->cores->len; i++)
		b.free[host_core(w->host, i)->node] += w->owner[i] == NOBODY;
	memcpy(b.memory, w->memory, w->host->nodes->len * sizeof *b.memory);
	found = brute_assignment(&b, 0);
	for (unsigned i = 0; i < n; i++)
		account(w, chosen[i], 1);
	return found;
}

/* The fewest moves with which WANTED fits; NEVER for more than MOST. */
static unsigned brute_moves(World *w, const VmSpec *wanted, unsigned most)
{
	unsigned chosen[8];

	for (unsigned n = 1; n <= most; n++)
		if (brute_choose(w, wanted, chosen, 0, 1, n))
			return n;
	return NEVER;
}

static unsigned number_of(const World *w, const char *name)
{
	for (unsigned v = 1; v < w->n_vms; v++)
		if (w->vms[v] && !strcmp(w->vms[v]->name, name))
			return v;
	return 0;
}

/* Carry the moves out in the validator: each leaves first, then each finds its cores free. */
static void apply_moves(World *w, const GPtrArray *moves)
{
	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);
		unsigned v = number_of(w, move->id);

		g_assert_cmpuint(v, !=, 0);
		g_assert_cmpmem(move->from->data, move->from->len * sizeof(unsigned),
				w->pins[v]->data, w->pins[v]->len * sizeof(unsigned));
		account(w, v, -1);
	}
	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);
		unsigned v = number_of(w, move->id);

		check_pins(w, w->vms[v], move->to);
		g_clear_pointer(&w->pins[v], g_array_unref);
		w->pins[v] = g_array_copy(move->to);
		account(w, v, 1);
	}
	online_apply(w->online, moves);
}

/* One refusal: the fewest moves, and they work. Returns how many, 0 for none. */
static unsigned check_moves(World *w, const VmSpec *spec)
{
	unsigned fewest = brute_moves(w, spec, 3);
	g_autoptr(GPtrArray) moves = online_moves(w->online, spec, 3, NULL);
	g_autoptr(GPtrArray) again = online_moves(w->online, spec, 3, NULL);

	if (fewest == NEVER) {
		g_assert_null(moves);
		return 0;
	}
	g_assert_nonnull(moves);
	g_assert_cmpuint(moves->len, ==, fewest);
	for (unsigned i = 0; i < moves->len; i++)
		g_assert_cmpstr(((OnlineMove *)g_ptr_array_index(moves, i))->id, ==,
				((OnlineMove *)g_ptr_array_index(again, i))->id);
	apply_moves(w, moves);
	g_assert_true(place(w, spec));
	return fewest;
}

static void test_moves(void)
{
	static const char *const tiny[] = {
		"numa:2(memory=8589934592) core:5 pu:2",
		"numa:3(memory=8589934592) l3:2 core:2 pu:2",
		"numa:4(memory=6442450944) core:3 pu:2",
	};
	unsigned counts[4] = {0};

	for (unsigned s = 1; s <= 120; s++) {
		World w;

		world_open(&w, tiny[s % 3], "", s % 2 ? ONLINE_LOOK_AHEAD : ONLINE_FIRST_FIT);
		seed(s);
		for (unsigned e = 0; e < 40; e++) {
			unsigned leaver = below(3) ? 0 : any_running(&w);
			VmSpec *spec = random_spec(&w, e);

			spec->vcpus = 1 + below(9);
			spec->memory = (uint64_t)below(5) << 30;
			if (leaver)
				take_away(&w, leaver);
			else if (!place(&w, spec))
				counts[check_moves(&w, spec)]++;
			vm_spec_free(spec);
		}
		world_close(&w);
	}
	g_test_message("%u refusals without remedy, %u with one move, %u with two, %u with three",
		       counts[0], counts[1], counts[2], counts[3]);
	g_assert_cmpuint(counts[1], >, 80);
	g_assert_cmpuint(counts[2], >, 3);
}

/* Only VMs that the inventory does not pin. */
static void test_moves_pinned(void)
{
	static const char *const text = "[host]\ncpus = 0,1,8,9\n"
					"[vm a]\nvcpus = 2\ncpus = 2,3\n"
					"[vm b]\nvcpus = 2\ncpus = 10,11\n";
	VmSpec *spec = vm_spec_new("odd");
	World w;

	world_open(&w, "numa:2 core:4 pu:2", text, ONLINE_LOOK_AHEAD);
	spec->vcpus = 5; /* three cores of one node: two are free on each */
	g_assert_true(online_has_room(w.online, spec));
	g_assert_null(online_moves(w.online, spec, 3, NULL));
	vm_spec_free(spec);
	world_close(&w);
}

/* Looking ahead */

/*
 * Streams of arrivals, each of which stays while so many others arrive: at random without memory,
 * STAY on average; what was refused is lost. Memory: `even`, 4 GiB a vCPU; `mixed`,
 * 2, 4 and 8 GiB a vCPU on a host of 4; `near`, three in ten VMs ask for node 0, as those do that
 * need a device of that node.
 */
typedef enum Shape { SHAPE_EVEN, SHAPE_MIXED, SHAPE_NEAR, SHAPES } Shape;

typedef struct Arrival {
	unsigned leaves;       /* with this arrival */
	unsigned vcpus, ratio; /* GiB a vCPU */
	int node;
} Arrival;

static void stream(Arrival *arrivals, unsigned n, double stay, Shape shape, unsigned largest)
{
	static const unsigned sizes[] = {2, 2, 4, 4, 8, 8, 12, 16, 32}, ratios[] = {2, 2, 4, 8};

	for (unsigned i = 0; i < n; i++) {
		Arrival *arrival = &arrivals[i];

		do
			arrival->vcpus = sizes[below(G_N_ELEMENTS(sizes))];
		while (arrival->vcpus > largest);
		arrival->ratio = shape == SHAPE_MIXED ? ratios[below(4)] : 4;
		arrival->node = shape == SHAPE_NEAR && below(10) < 3 ? 0 : -1;
		arrival->leaves = i + 1;
		while (chance() * stay > 1)
			arrival->leaves++;
	}
}

typedef struct Refused {
	unsigned vms, vcpus;
} Refused;

static void leave(Online *online, const Arrival *arrivals, bool *runs, unsigned now)
{
	for (unsigned i = 0; i < now; i++)
		if (runs[i] && arrivals[i].leaves <= now) {
			g_autofree char *name = g_strdup_printf("v%u", i);

			runs[i] = false;
			g_assert_true(online_remove(online, name));
		}
}

static void play(const World *w, const Arrival *arrivals, unsigned n, OnlinePolicy policy,
		 Refused *refused)
{
	Online *online = online_new(w->plan, policy);
	g_autofree bool *runs = g_new0(bool, n);

	for (unsigned i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("v%u", i);
		VmSpec *spec = vm_spec_new(name);
		const OnlineVm *vm;

		leave(online, arrivals, runs, i);
		spec->vcpus = arrivals[i].vcpus;
		spec->memory = (uint64_t)arrivals[i].vcpus * arrivals[i].ratio << 30;
		spec->node = arrivals[i].node;
		runs[i] = online_place(online, spec, &vm) == ONLINE_PLACED;
		if (!runs[i]) {
			refused->vms++;
			refused->vcpus += spec->vcpus;
		}
		vm_spec_free(spec);
	}
	online_free(online);
}

#define STREAM 800

static void play_host(const char *topology, unsigned cores, unsigned largest,
		      Refused refused[SHAPES][3])
{
	g_autofree Arrival *arrivals = g_new(Arrival, STREAM);
	double mean = largest > 16 ? 4.9 : 3.5; /* cores of a VM */
	World w;

	world_open(&w, topology, "", ONLINE_LOOK_AHEAD);
	for (unsigned shape = 0; shape < SHAPES; shape++)
		for (unsigned s = 1; s <= 6; s++) {
			seed(s);
			stream(arrivals, STREAM, (largest > 16 ? 0.9 : 0.7) * cores / mean, shape,
			       largest);
			for (unsigned policy = 0; policy <= ONLINE_FIRST_FIT; policy++)
				play(&w, arrivals, STREAM, policy, &refused[shape][policy]);
		}
	world_close(&w);
}

static void test_look_ahead(void)
{
	static const char *const names[] = {"even", "mixed", "near"};
	Refused refused[SHAPES][3] = {{{0}}}, all[3] = {{0}};

	play_host("pack:2 [numa(memory=120259084288)] l3:1 core:15 pu:2", 28, 16, refused);
	play_host("pack:2 [numa(memory=549755813888)] l3:8 core:8 pu:2", 126, 32, refused);
	play_host("pack:2 [numa(memory=549755813888)] l3:16 core:4 pu:2", 126, 32, refused);
	play_host("numa:4(memory=274877906944) l3:8 core:4 pu:2", 124, 32, refused);
	play_host("numa:8(memory=137438953472) l3:4 core:4 pu:2", 120, 32, refused);
	for (unsigned shape = 0; shape < SHAPES; shape++)
		for (unsigned p = 0; p <= ONLINE_FIRST_FIT; p++) {
			g_test_message("%s, policy %u: %u VMs refused, %u vCPUs", names[shape], p,
				       refused[shape][p].vms, refused[shape][p].vcpus);
			all[p].vms += refused[shape][p].vms;
			all[p].vcpus += refused[shape][p].vcpus;
		}
	for (unsigned p = ONLINE_BEST_FIT; p <= ONLINE_FIRST_FIT; p++) {
		g_assert_cmpuint(all[ONLINE_LOOK_AHEAD].vms, <, all[p].vms);
		g_assert_cmpuint(all[ONLINE_LOOK_AHEAD].vcpus, <, all[p].vcpus);
		for (unsigned shape = 0; shape < SHAPES; shape++)
			g_assert_cmpuint(refused[shape][ONLINE_LOOK_AHEAD].vcpus, <=,
					 refused[shape][p].vcpus);
	}
}

/* VCPUS over nodes that each hold one of the shares. */
static VmSpec *shares_spec(const char *name, unsigned vcpus, int node)
{
	VmSpec *spec = vm_spec_new(name);

	spec->vcpus = vcpus;
	spec->memory = vcpus > 1 ? (uint64_t)vcpus << 30 : 0;
	spec->node = node;
	return spec;
}

/* More ways to choose the nodes than a search that ends can try: those that are free, which are one
 * too few; and once a VM leaves, those of which it then wants too many back. A VM that asks for a
 * node keeps them from being alike. */
static void test_moves_end(void)
{
	const struct {
		const char *name;
		unsigned vcpus;
		int node;
	} vms[] = {{"leaves", 29, -1}, {"a", 20, -1}, {"b", 10, -1}, {"one", 1, 0}};
	const OnlineVm *vm;
	VmSpec *spec;
	World w;

	world_open(&w, "pack:59 [numa(memory=4294967296)] core:5 pu:1",
		   "[host]\ncores-per-node = 1\nmemory-per-node = 2560M\n", ONLINE_BEST_FIT);
	for (unsigned i = 0; i < G_N_ELEMENTS(vms); i++) {
		spec = shares_spec(vms[i].name, vms[i].vcpus, vms[i].node);
		g_assert_cmpint(online_place(w.online, spec, &vm), ==, ONLINE_PLACED);
		vm_spec_free(spec);
	}
	g_assert_true(online_remove(w.online, "leaves"));
	spec = shares_spec("wanted", 30, -1);
	g_assert_cmpint(online_place(w.online, spec, &vm), ==, ONLINE_REJECTED);
	g_assert_null(online_moves(w.online, spec, 1, NULL));
	vm_spec_free(spec);
	world_close(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/online/as-planned", test_as_planned);
	g_test_add_func("/online/rules", test_rules);
	g_test_add_func("/online/remove", test_remove);
	g_test_add_func("/online/names", test_names);
	g_test_add_func("/online/shared", test_shared);
	g_test_add_func("/online/inventory", test_inventory);
	g_test_add_func("/online/moves", test_moves);
	g_test_add_func("/online/moves-pinned", test_moves_pinned);
	g_test_add_func("/online/moves-end", test_moves_end);
	g_test_add_func("/online/look-ahead", test_look_ahead);
	return g_test_run();
}
