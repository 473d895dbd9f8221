/* SPDX-License-Identifier: MIT */
/* What is written is what is parsed, for any inventory there can be; comments stay comments. */
#include "planner/inventory/inventory_write.h"

#include <string.h>

#define ROUNDS 400

/* Comparing: all that an inventory says, but for the lines it was said in */

static void assert_requests(const CoreRequest *a, const CoreRequest *b)
{
	g_assert_cmpint(a->by, ==, b->by);
	if (a->by == SPLIT_CPUS)
		g_assert_true(hwloc_bitmap_isequal(a->cpus, b->cpus));
	else if (a->by != SPLIT_NONE)
		g_assert_cmpuint(a->cores, ==, b->cores);
	g_assert_true(!a->places == !b->places);
	if (a->places)
		g_assert_cmpmem(a->places->data, a->places->len * sizeof(PlaceCores),
				b->places->data, b->places->len * sizeof(PlaceCores));
}

static void assert_lists(char **a, char **b)
{
	g_assert_true(!a == !b);
	if (a)
		g_assert_true(g_strv_equal((const char *const *)a, (const char *const *)b));
}

static void assert_cpus(const GArray *a, const GArray *b)
{
	g_assert_true(!a == !b);
	if (a)
		g_assert_cmpmem(a->data, a->len * sizeof(unsigned), b->data,
				b->len * sizeof(unsigned));
}

static void assert_vms(const VmSpec *a, const VmSpec *b)
{
	g_assert_cmpstr(a->name, ==, b->name);
	g_assert_cmpuint(a->vcpus, ==, b->vcpus);
	g_assert_cmpuint(a->sockets, ==, b->sockets);
	assert_lists(a->near, b->near);
	g_assert_cmpint(a->policy, ==, b->policy);
	assert_cpus(a->cpus, b->cpus);
	g_assert_cmpint(a->node, ==, b->node);
	g_assert_cmpuint(a->memory, ==, b->memory);
	g_assert_cmpuint(a->page, ==, b->page);
	g_assert_cmpint(a->threads, ==, b->threads);
	g_assert_cmpint(a->cpu_mode, ==, b->cpu_mode);
	g_assert_cmpint(a->cpu_pm, ==, b->cpu_pm);
	g_assert_cmpuint(a->iothreads, ==, b->iothreads);
	g_assert_cmpint(a->locked, ==, b->locked);
	g_assert_true(scheduler_equal(&a->realtime, &b->realtime));
	g_assert_true(!a->realtime_vcpus == !b->realtime_vcpus);
	g_assert_true(!a->realtime_vcpus ||
		      hwloc_bitmap_isequal(a->realtime_vcpus, b->realtime_vcpus));
}

static void assert_nodes(const NodeSpec *a, const NodeSpec *b)
{
	g_assert_cmpstr(a->name, ==, b->name);
	g_assert_cmpstr(a->kernel, ==, b->kernel);
	g_assert_cmpstr(a->qemu, ==, b->qemu);
	g_assert_cmpstr(a->libvirt, ==, b->libvirt);
	g_assert_cmpint(a->mwait, ==, b->mwait);
	g_assert_cmpuint(a->host_memory, ==, b->host_memory);
	g_assert_cmpuint(a->interruptions, ==, b->interruptions);
	g_assert_cmpuint(a->longest_gap, ==, b->longest_gap);
	g_assert_cmpint(a->guard, ==, b->guard);
}

static void assert_inventories(const Inventory *a, const Inventory *b)
{
	assert_nodes(a->node, b->node);
	assert_requests(&a->host, &b->host);
	assert_requests(&a->sdk, &b->sdk);
	assert_requests(&a->shared, &b->shared);
	assert_lists(a->near, b->near);
	g_assert_cmpfloat(a->overcommit, ==, b->overcommit);
	g_assert_cmpint(a->isolation, ==, b->isolation);
	assert_lists(a->flags, b->flags);
	g_assert_cmpint(a->irqaffinity, ==, b->irqaffinity);
	assert_lists(a->extra, b->extra);
	g_assert_cmpuint(a->partners->len, ==, b->partners->len);
	for (unsigned i = 0; i < a->partners->len; i++)
		assert_nodes(g_ptr_array_index(a->partners, i), g_ptr_array_index(b->partners, i));
	g_assert_cmpuint(a->vms->len, ==, b->vms->len);
	for (unsigned i = 0; i < a->vms->len; i++)
		assert_vms(g_ptr_array_index(a->vms, i), g_ptr_array_index(b->vms, i));
}

static Inventory *parsed(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Inventory *inventory = inventory_parse("written.ini", text, strlen(text), errors);

	for (unsigned i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)g_ptr_array_index(errors, i));
	if (errors->len)
		g_test_message("%s", text);
	g_assert_nonnull(inventory);
	return inventory;
}

static void assert_round_trip(const Inventory *inventory, const GPtrArray *notes)
{
	g_autofree char *text = inventory_write(inventory, notes);
	g_autoptr(Inventory) again = parsed(text);

	assert_inventories(inventory, again);
}

/* Random inventories */

static unsigned below(unsigned n)
{
	return (unsigned)g_test_rand_int_range(0, (gint32)n);
}

static bool coin(void)
{
	return below(2);
}

static const char *const pieces[] = {
	"a",	  "vm", "x6-0042",  "\xc3\xbc", "\xe2\x98\x83", "[",  "=",
	"#",	  ";",	"; x",	    "%s",	"$(id)",	"\"", "'",
	"--help", "\\", "<a>&amp;", "node",	"vm ",		" ",  ":",
	",",	  "]",	"-1",
};

/* One that may stand in an inventory. */
static char *random_name(unsigned number)
{
	for (;;) {
		g_autoptr(GString) name = g_string_new(NULL);

		for (unsigned i = below(5) + 1; i > 0; i--)
			g_string_append(name, pieces[below(G_N_ELEMENTS(pieces))]);
		g_string_append_printf(name, "%u", number);
		if (!inventory_name_fault(name->str))
			return g_strdup(name->str);
	}
}

static char *random_version(void)
{
	static const char *const tails[] = {"", ".2", "-348.el8.x86_64", "+dfsg~bpo12+1", "_test"};

	bool none = coin();
	unsigned major = below(12), minor = below(30), tail = below(G_N_ELEMENTS(tails));

	return none ? NULL : g_strdup_printf("%u.%u%s", major, minor, tails[tail]);
}

/* Of some sockets or nodes, if of any. */
static void random_places(CoreRequest *request, bool host)
{
	for (unsigned place = 0; place < 8; place++) {
		const PlaceCores one = {place, host + below(3)};

		if (coin())
			continue;
		if (!request->places)
			request->places = g_array_new(FALSE, FALSE, sizeof(PlaceCores));
		g_array_append_val(request->places, one);
	}
	if (request->places && coin())
		request->cores = 0;
}

static void random_request(CoreRequest *request, bool host)
{
	request->by = host + below(5 - (unsigned)host);
	request->cores = host + below(9);
	if (request->by == SPLIT_SOCKET || request->by == SPLIT_NODE)
		random_places(request, host);
	if (request->by != SPLIT_CPUS)
		return;
	request->cpus = hwloc_bitmap_alloc();
	for (unsigned i = below(20) + 1; i > 0; i--)
		hwloc_bitmap_set(request->cpus, below(CPULIST_LIMIT));
}

static char **random_words(const char *const *words, unsigned n, bool none)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (unsigned i = none ? below(n + 1) : below(n) + 1; i > 0; i--)
		g_strv_builder_add(builder, words[below(n)]);
	return g_strv_builder_end(builder);
}

static uint64_t random_size(void)
{
	return coin() ? 0 : (uint64_t)(below(4096) + 1) << (10 + below(30));
}

static GArray *random_cpus(unsigned n)
{
	GArray *cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	unsigned cpu = below(100);

	for (unsigned i = 0; i < n; i++) {
		g_array_append_val(cpus, cpu);
		cpu += coin() ? 1 : below(40) + 1;
	}
	for (unsigned i = n; coin() && i > 1; i--) {
		unsigned *a = &g_array_index(cpus, unsigned, i - 1);
		unsigned *b = &g_array_index(cpus, unsigned, below(i)), swap = *a;

		*a = *b;
		*b = swap;
	}
	return cpus;
}

static VmSpec *random_vm(unsigned number)
{
	static const char *const near[] = {"eth2", "0000:3b:00.0", "n\xc3\xbc"};
	g_autofree char *name = random_name(number);
	VmSpec *vm = vm_spec_new(name);

	vm->vcpus = below(64) + 1;
	vm->sockets = coin() ? 0 : vm->vcpus;
	vm->node = coin() ? -1 : (int)below(CPULIST_LIMIT);
	if (vm->node < 0 && coin())
		vm->near = random_words(near, G_N_ELEMENTS(near), false);
	vm->policy = below(2);
	vm->memory = random_size();
	vm->page = vm->memory && coin() ? UINT64_C(1) << (14 + below(21)) : 0;
	vm->cpu_mode = below(4);
	vm->cpu_pm = coin();
	vm->iothreads = below(65);
	vm->locked = coin();
	if (vm->policy == POLICY_SHARED)
		return vm;
	vm->threads = below(2);
	if (coin()) {
		vm->realtime = (Scheduler){SCHEDULER_FIFO + below(2), below(99) + 1};
		vm->realtime_vcpus = coin() ? hwloc_bitmap_alloc() : NULL;
		if (vm->realtime_vcpus)
			hwloc_bitmap_set(vm->realtime_vcpus, below(vm->vcpus));
	}
	vm->cpus = coin() ? random_cpus(vm->vcpus) : NULL;
	return vm;
}

static NodeSpec *random_partner(unsigned number)
{
	g_autofree char *name = random_name(number);
	NodeSpec *partner = partner_new(name);

	partner->kernel = random_version();
	partner->qemu = random_version();
	partner->libvirt = random_version();
	partner->mwait = below(3);
	return partner;
}

static Inventory *random_inventory(void)
{
	static const char *const devices[] = {"eth2", "0000:3b:00.0", "mlx5_0", "a;b", "n\xc3\xbc"};
	static const char *const flags[] = {"managed_irq", "domain"};
	static const char *const extra[] = {"skew_tick=1", "nosoftlockup",	  "a.b-c=d,e:f/g",
					    "x=%*~^+@",	   "kvm_intel.ple_gap=0", "empty="};
	Inventory *inventory = inventory_new();

	inventory->node->name = coin() ? random_name(0) : NULL;
	inventory->node->kernel = random_version();
	inventory->node->qemu = random_version();
	inventory->node->libvirt = random_version();
	inventory->node->mwait = below(3);
	random_request(&inventory->host, true);
	random_request(&inventory->sdk, false);
	random_request(&inventory->shared, false);
	inventory->node->host_memory = random_size();
	inventory->node->interruptions = below(1000001);
	inventory->node->longest_gap = below(1000000001);
	inventory->node->guard = (Guard)below(GUARD_STRICT + 1);
	if (inventory->sdk.by != SPLIT_NONE && coin())
		inventory->near = random_words(devices, G_N_ELEMENTS(devices), false);
	inventory->overcommit = below(1025);
	inventory->isolation = below(2);
	inventory->flags = coin() ? NULL : random_words(flags, G_N_ELEMENTS(flags), true);
	inventory->irqaffinity = coin();
	g_strfreev(inventory->extra);
	inventory->extra = random_words(extra, G_N_ELEMENTS(extra), true);
	for (unsigned i = below(4); i > 0; i--)
		g_ptr_array_add(inventory->partners, random_partner(i));
	for (unsigned i = below(6); i > 0; i--)
		g_ptr_array_add(inventory->vms, random_vm(i));
	return inventory;
}

static void add_note(GPtrArray *notes, const char *section, const char *key, const char *text,
		     const char *offer)
{
	g_ptr_array_add(notes, inventory_note_new(section, key, text, offer));
}

/* What would, were it not a comment, be lines of the inventory, or no text at all. */
static GPtrArray *hostile_notes(const Inventory *inventory)
{
	static const char *const sections[] = {NULL, "node", "host", "sdk", "shared", "kernel"};
	static const char *const texts[] = {"\n[vm evil]\nvcpus = 1\n",
					    "a\r\nvcpus = 2",
					    "\xe2\x80\xa8[host]\xe2\x80\xa9",
					    "\x1b[31mred\x7f\xc2\x85",
					    "bad \xff\xfe UTF-8 \xc3",
					    "",
					    "\xe2\x80\xae turned",
					    "ends in a backslash \\"};
	GPtrArray *notes = g_ptr_array_new_with_free_func((GDestroyNotify)inventory_note_free);
	g_autofree char *huge = g_strnfill(20000, 'x');

	for (unsigned s = 0; s < G_N_ELEMENTS(sections); s++)
		for (unsigned t = 0; t < G_N_ELEMENTS(texts); t++)
			add_note(notes, sections[s], coin() ? "cpus" : NULL, texts[t], texts[t]);
	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *vm = g_ptr_array_index(inventory->vms, i);
		g_autofree char *section = g_strconcat("vm ", vm->name, NULL);

		add_note(notes, section, coin() ? "vcpus" : "none such", texts[0], NULL);
		add_note(notes, section, NULL, huge, NULL);
	}
	return notes;
}

static void test_round_trip(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		g_autoptr(Inventory) inventory = random_inventory();
		g_autoptr(GPtrArray) notes = hostile_notes(inventory);

		assert_round_trip(inventory, NULL);
		assert_round_trip(inventory, notes);
	}
}

/* The widest that is: a line of ordered CPUs that just fits. */
static void test_long(void)
{
	g_autoptr(Inventory) inventory = inventory_new();
	VmSpec *vm = vm_spec_new("long");

	vm->vcpus = 1300;
	vm->cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	for (unsigned v = 0; v < vm->vcpus; v++)
		g_array_append_val(vm->cpus, v);
	g_ptr_array_add(inventory->vms, vm);
	assert_round_trip(inventory, NULL);
}

static void test_names(void)
{
	static const char *const bad[] = {"",	  " ",	 " a",	 "a ",	 "a]b", ";a",
					  "a ;b", "a/b", "a\nb", "a\tb", "..",	"\xe2\x80\xae"};
	static const char *const good[] = {"a",	  "a b", "[a",	"a;b",
					   "a#b", "# a", "= b", "\xe2\x98\x83"};

	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_nonnull(inventory_name_fault(bad[i]));
	for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(Inventory) inventory = inventory_new();
		VmSpec *vm = vm_spec_new(good[i]);

		g_assert_null(inventory_name_fault(good[i]));
		inventory->node->name = g_strdup(good[i]);
		vm->vcpus = 1;
		g_ptr_array_add(inventory->vms, vm);
		assert_round_trip(inventory, NULL);
	}
}

static void test_text(void)
{
	static const char expected[] =
		"; what this is\n"
		"\n[node]\nname = n\n"
		"\n[host]\n; the whole section\ncpus            = 0-1\n; of the key\n"
		";memory-per-node = 8G\nmemory-per-node = 4G\n"
		"\n; [sdk]\n; nobody was seen\n;cpus = 4-5\n"
		"\n[vm a]\nvcpus    = 4\npolicy   = dedicated\ncpus     = 8-11\n"
		"cpu-mode = host-model\n"
		"\n; [vm b]\n; another\n;vcpus = 2\n";
	g_autoptr(Inventory) inventory = inventory_new();
	g_autoptr(GPtrArray) notes =
		g_ptr_array_new_with_free_func((GDestroyNotify)inventory_note_free);
	g_autofree char *text = NULL;
	VmSpec *vm = vm_spec_new("a");

	inventory->node->name = g_strdup("n");
	inventory->host = (CoreRequest){.by = SPLIT_CPUS, .cpus = cpulist_parse("0-1", NULL)};
	inventory->node->host_memory = UINT64_C(4) << 30;
	vm->vcpus = 4;
	vm->cpus = cpulist_parse_ordered("8-11", NULL);
	g_ptr_array_add(inventory->vms, vm);
	add_note(notes, NULL, NULL, "what this is", NULL);
	add_note(notes, "host", NULL, "the whole section", NULL);
	add_note(notes, "host", "memory-per-node", "of the key", "memory-per-node = 8G");
	add_note(notes, "sdk", NULL, "nobody was seen", "cpus = 4-5");
	add_note(notes, "vm b", NULL, "another", "vcpus = 2");
	text = inventory_write(inventory, notes);
	g_assert_cmpstr(text, ==, expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/inventory-write/round-trip", test_round_trip);
	g_test_add_func("/inventory-write/long", test_long);
	g_test_add_func("/inventory-write/names", test_names);
	g_test_add_func("/inventory-write/text", test_text);
	return g_test_run();
}
