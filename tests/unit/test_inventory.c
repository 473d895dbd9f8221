/* SPDX-License-Identifier: MIT */
/* The inventory parser. Expected errors are patterns: '*' stands for any text. */
#include "planner/inventory/inventory.h"

#include <string.h>

#define NAME "f.ini"
#define LINE_BYTES 4000 /* the longest line there may be */
#define ALL (-1)	/* as a length: up to the NUL */

/* Parse; the errors, yours, have the form every error has. */

static void assert_error_shape(const char *error, int *line)
{
	char *end;

	g_assert_true(g_str_has_prefix(error, NAME ":"));
	g_assert_cmpint(strtol(error + strlen(NAME ":"), &end, 10), >=, *line);
	*line = (int)strtol(error + strlen(NAME ":"), NULL, 10);
	g_assert_true(g_str_has_prefix(end, ": "));
	g_assert_true(g_utf8_validate(error, -1, NULL));
	for (const char *c = error; *c; c = g_utf8_next_char(c))
		g_assert_false(g_unichar_iscntrl(g_utf8_get_char(c)) && *c != '\t');
}

static Inventory *parse(const char *text, gssize length, GPtrArray **errors)
{
	Inventory *inventory;
	int line = 1;

	*errors = g_ptr_array_new_with_free_func(g_free);
	inventory =
		inventory_parse(NAME, text, length < 0 ? strlen(text) : (size_t)length, *errors);
	g_assert_true(!inventory == ((*errors)->len > 0));
	for (unsigned i = 0; i < (*errors)->len; i++)
		assert_error_shape(g_ptr_array_index(*errors, i), &line);
	return inventory;
}

static char *joined(GPtrArray *errors)
{
	g_ptr_array_add(errors, NULL);
	return g_strjoinv("\n", (char **)errors->pdata);
}

/* TEXT is refused with exactly the errors whose patterns are the lines of EXPECTED. */
static void assert_refused(const char *text, gssize length, const char *expected)
{
	g_auto(GStrv) patterns = g_strsplit(expected, "\n", -1);
	g_autoptr(GPtrArray) errors = NULL;
	G_GNUC_UNUSED g_autoptr(Inventory) inventory = parse(text, length, &errors);
	bool good = errors->len == g_strv_length(patterns);
	g_autofree char *have = NULL;

	for (unsigned i = 0; good && i < errors->len; i++)
		good = g_pattern_match_simple(patterns[i], g_ptr_array_index(errors, i));
	have = joined(errors);
	if (!good)
		g_test_message("input:\n%.300s\nexpected:\n%s\nerrors:\n%s", text, expected, have);
	g_assert_true(good);
}

static Inventory *taken(const char *text, gssize length)
{
	g_autoptr(GPtrArray) errors = NULL;
	Inventory *inventory = parse(text, length, &errors);
	g_autofree char *have = joined(errors);

	g_assert_cmpstr(have, ==, "");
	g_assert_nonnull(inventory);
	return inventory;
}

static const VmSpec *vm_of(const Inventory *inventory, unsigned index)
{
	g_assert_cmpuint(index, <, inventory->vms->len);
	return g_ptr_array_index(inventory->vms, index);
}

static void assert_set(hwloc_const_bitmap_t set, const char *expected)
{
	g_autofree char *list = set ? cpulist_format(set) : NULL;

	g_assert_cmpstr(list, ==, expected);
}

static void assert_words(char **words, const char *expected)
{
	g_autofree char *all = words ? g_strjoinv("|", words) : NULL;

	g_assert_cmpstr(all, ==, expected);
}

static void assert_request(const CoreRequest *request, SplitBy by, unsigned cores, const char *cpus,
			   int line)
{
	g_assert_cmpint(request->by, ==, by);
	if (by != SPLIT_CPUS)
		g_assert_cmpuint(request->cores, ==, cores);
	assert_set(request->cpus, cpus);
	g_assert_cmpint(request->line, ==, line);
}

/* What the sections say */

static void assert_defaults(const Inventory *inventory)
{
	g_assert_null(inventory->node->name);
	g_assert_null(inventory->node->kernel);
	g_assert_null(inventory->node->qemu);
	g_assert_null(inventory->node->libvirt);
	g_assert_cmpint(inventory->node->mwait, ==, TRISTATE_UNKNOWN);
	assert_request(&inventory->host, SPLIT_NODE, 1, NULL, 0);
	assert_request(&inventory->sdk, SPLIT_NONE, 0, NULL, 0);
	assert_request(&inventory->shared, SPLIT_NONE, 0, NULL, 0);
	g_assert_cmpuint(inventory->node->host_memory, ==, 0);
	g_assert_null(inventory->near);
	g_assert_cmpfloat(inventory->overcommit, ==, 0);
	g_assert_cmpint(inventory->isolation, ==, ISOLATION_ISOLCPUS);
	g_assert_null(inventory->flags);
	g_assert_true(inventory->irqaffinity);
	assert_words(inventory->extra, "");
	g_assert_cmpuint(inventory->vms->len, ==, 0);
}

static void test_nothing(void)
{
	static const char *const rows[] = {
		"",
		"\n",
		"\n\n\n",
		"; a comment",
		"# a comment\n  ; an indented one\n\t# another\n",
		"\xef\xbb\xbf",
		"\xef\xbb\xbf; comment\n",
		" \t \n",
		"[node]\n[host]\n[sdk]\n[shared]\n[kernel]",
		"[node]\n\n; nothing in it\n",
		";[vm a]\n#vcpus = 0\n",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Inventory) inventory = taken(rows[i], ALL);

		assert_defaults(inventory);
	}
}

static void test_node(void)
{
	g_autoptr(Inventory) inventory = taken("[node]\n"
					       "name    = x6-0042\n"
					       "kernel  = 4.18.0-348\n"
					       "qemu    = 6.2.0\n"
					       "libvirt = 8.0.0\n"
					       "mwait   = no\n"
					       "group   = rack-7\n"
					       "guard   = refuse\n",
					       ALL);

	g_assert_cmpstr(inventory->node->name, ==, "x6-0042");
	g_assert_cmpstr(inventory->node->kernel, ==, "4.18.0-348");
	g_assert_cmpstr(inventory->node->qemu, ==, "6.2.0");
	g_assert_cmpstr(inventory->node->libvirt, ==, "8.0.0");
	g_assert_cmpint(inventory->node->mwait, ==, TRISTATE_NO);
	g_assert_cmpstr(inventory->node->group, ==, "rack-7");
	g_assert_cmpint(inventory->node->guard, ==, GUARD_REFUSE);
}

static void test_partners(void)
{
	g_autoptr(Inventory) inventory = taken("[partner  x6-0043 ]\nkernel = 4.14.0\nmwait = yes\n"
					       "[partner b]\nqemu = 2.12.0\nlibvirt = 4.0.0\n",
					       ALL);
	const NodeSpec *first, *second;

	g_assert_cmpuint(inventory->partners->len, ==, 2);
	first = g_ptr_array_index(inventory->partners, 0);
	second = g_ptr_array_index(inventory->partners, 1);
	g_assert_cmpstr(first->name, ==, "x6-0043");
	g_assert_cmpstr(first->kernel, ==, "4.14.0");
	g_assert_null(first->qemu);
	g_assert_cmpint(first->mwait, ==, TRISTATE_YES);
	g_assert_cmpstr(second->qemu, ==, "2.12.0");
	g_assert_cmpstr(second->libvirt, ==, "4.0.0");
	g_assert_cmpint(second->mwait, ==, TRISTATE_UNKNOWN);
	assert_refused("[partner a/b]\n[partner b]\nqemu = x\n[partner b]\nmwait = 1\n", ALL,
		       NAME ":1: [partner a/b]: the partner's name has a '/'*\n" NAME
			    ":3: [partner b] qemu: 'x' is not a version*\n" NAME
			    ":4: [partner b]: already begun in line 2");
}

static void test_requests(void)
{
	g_autoptr(Inventory) by_socket =
		taken("[host]\ncores-per-socket = 4\nmemory-per-node = 8G\n"
		      "[sdk]\ncores-per-node = 0\n"
		      "[shared]\ncores = 8192\novercommit = 4\n"
		      "[audit]\ninterruptions = 0\nlongest-gap = 20\n",
		      ALL);
	g_autoptr(Inventory) by_cpus = taken("[shared]\ncores-per-socket = 2\n[sdk]\n"
					     "near = eth2, 0000:3b:00.0 ,mlx5_0\n"
					     "cpus = 4,9,22,35,40,45,58,71\n[host]\n"
					     "cpus = 0-3,18-21,36-39,54-57\n",
					     ALL);

	assert_request(&by_socket->host, SPLIT_SOCKET, 4, NULL, 2);
	g_assert_cmpuint(by_socket->node->host_memory, ==, UINT64_C(8) << 30);
	g_assert_cmpuint(by_socket->node->interruptions, ==, 0);
	g_assert_cmpuint(by_cpus->node->interruptions, ==, 10);
	g_assert_cmpuint(by_socket->node->longest_gap, ==, 20);
	g_assert_cmpuint(by_cpus->node->longest_gap, ==, 1000);
	assert_request(&by_socket->sdk, SPLIT_NODE, 0, NULL, 5);
	assert_request(&by_socket->shared, SPLIT_MACHINE, 8192, NULL, 7);
	g_assert_cmpfloat(by_socket->overcommit, ==, 4);
	assert_request(&by_cpus->shared, SPLIT_SOCKET, 2, NULL, 2);
	assert_request(&by_cpus->sdk, SPLIT_CPUS, 0, "4,9,22,35,40,45,58,71", 5);
	assert_words(by_cpus->near, "eth2|0000:3b:00.0|mlx5_0");
	assert_request(&by_cpus->host, SPLIT_CPUS, 0, "0-3,18-21,36-39,54-57", 7);
}

static void test_kernel(void)
{
	g_autoptr(Inventory) inventory = taken("[kernel]\nisolation = cpuset\nirqaffinity = no\n"
					       "flags = managed_irq, domain\n"
					       "extra = skew_tick=1  nosoftlockup\tkvm.x=a,b:c/d\n",
					       ALL);
	g_autoptr(Inventory) empty = taken("[kernel]\nflags =\nextra =\nisolation = isolcpus\n"
					   "irqaffinity = yes\n",
					   ALL);

	g_assert_cmpint(inventory->isolation, ==, ISOLATION_CPUSET);
	g_assert_false(inventory->irqaffinity);
	assert_words(inventory->flags, "managed_irq|domain");
	assert_words(inventory->extra, "skew_tick=1|nosoftlockup|kvm.x=a,b:c/d");
	g_assert_cmpint(empty->isolation, ==, ISOLATION_ISOLCPUS);
	g_assert_true(empty->irqaffinity);
	assert_words(empty->flags, "");
	assert_words(empty->extra, "");
}

static void test_vm(void)
{
	static const unsigned cpus[] = {10, 46, 11, 47};
	g_autoptr(Inventory) inventory = taken("[vm vm1]\nvcpus = 4\npolicy = dedicated\n"
					       "cpus = 10,46,11,47\nnode = 3\nmemory = 8G\n"
					       "hugepages = 2M\nthreads = isolate\n"
					       "cpu-mode = maximum\ncpu-pm = off\niothreads = 64\n"
					       "locked = yes\ncount = 1\n"
					       "realtime = rr:99\nrealtime-vcpus = 0,2-3\n"
					       "emulator = own\niothread-cpus = own\n",
					       ALL);
	const VmSpec *vm = vm_of(inventory, 0);

	g_assert_cmpuint(inventory->vms->len, ==, 1);
	g_assert_cmpstr(vm->name, ==, "vm1");
	g_assert_cmpint(vm->line, ==, 1);
	g_assert_cmpuint(vm->vcpus, ==, 4);
	g_assert_cmpint(vm->policy, ==, POLICY_DEDICATED);
	g_assert_cmpmem(vm->cpus->data, vm->cpus->len * sizeof(unsigned), cpus, sizeof cpus);
	g_assert_cmpint(vm->node, ==, 3);
	g_assert_cmpuint(vm->memory, ==, UINT64_C(8) << 30);
	g_assert_cmpuint(vm->page, ==, UINT64_C(2) << 20);
	g_assert_cmpint(vm->threads, ==, THREADS_ISOLATE);
	g_assert_cmpint(vm->cpu_mode, ==, CPU_MODE_MAXIMUM);
	g_assert_false(vm->cpu_pm);
	g_assert_cmpuint(vm->iothreads, ==, 64);
	g_assert_cmpuint(vm_spec_helpers(vm), ==, 65);
	g_assert_true(vm->locked);
	g_assert_cmpint(vm->realtime.policy, ==, SCHEDULER_RR);
	g_assert_cmpuint(vm->realtime.priority, ==, 99);
	g_assert_true(vm_spec_realtime(vm, 2) && !vm_spec_realtime(vm, 1));
}

static void test_vm_defaults(void)
{
	g_autoptr(Inventory) inventory = taken("[vm a]\nvcpus = 1\n[vm b]\nvcpus = 8192\n"
					       "policy = shared\ncpu-pm = auto\nlocked = no\n"
					       "threads = siblings\niothreads = 0\n",
					       ALL);
	const VmSpec *vm = vm_of(inventory, 0), *shared = vm_of(inventory, 1);

	g_assert_cmpint(vm->policy, ==, POLICY_DEDICATED);
	g_assert_null(vm->cpus);
	g_assert_cmpint(vm->node, ==, -1);
	g_assert_cmpuint(vm->memory, ==, 0);
	g_assert_cmpuint(vm->page, ==, 0);
	g_assert_cmpint(vm->threads, ==, THREADS_SIBLINGS);
	g_assert_cmpint(vm->cpu_mode, ==, CPU_MODE_HOST_MODEL);
	g_assert_true(vm->cpu_pm);
	g_assert_cmpuint(vm->iothreads, ==, 0);
	g_assert_false(vm->locked);
	g_assert_false(vm_spec_realtime(vm, 0));
	g_assert_cmpint(shared->policy, ==, POLICY_SHARED);
	g_assert_cmpuint(shared->vcpus, ==, 8192);
	g_assert_true(shared->cpu_pm);
}

static void test_cpu_modes(void)
{
	static const char *const names[] = {"host-model", "host-passthrough", "maximum", "custom"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *text =
			g_strdup_printf("[vm a]\nvcpus = 1\ncpu-mode = %s\n", names[i]);
		g_autoptr(Inventory) inventory = taken(text, ALL);

		g_assert_cmpint(vm_of(inventory, 0)->cpu_mode, ==, i);
		g_assert_cmpstr(cpu_mode_names[i], ==, names[i]);
	}
}

static void test_huge_pages(void)
{
	static const struct {
		const char *text;
		uint64_t page;
	} rows[] = {{"16K", 1 << 14},	 {"64K", 1 << 16},	     {"2M", 1 << 21},
		    {"1G", 1 << 30},	 {"16G", UINT64_C(1) << 34}, {"2048K", 1 << 21},
		    {"2097152", 1 << 21}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"[vm a]\nvcpus = 1\nmemory = 32G\nhugepages = %s\n", rows[i].text);
		g_autoptr(Inventory) inventory = taken(text, ALL);

		g_assert_cmpuint(vm_of(inventory, 0)->page, ==, rows[i].page);
	}
}

/* Values that are refused: each with one error, of its own line, that says this */

typedef struct Bad {
	const char *section, *key, *value, *pattern;
} Bad;

static const Bad bad_node[] = {
	{"node", "name", "", "has no value"},
	{"node", "name", "; no name", "has no value"},
	{"node", "name", "a/b", "*'/'*"},
	{"node", "name", "..", "*directory*"},
	{"node", "name", ".", "*directory*"},
	{"node", "name", "a\tb", "*cannot be printed*"},
	{"node", "kernel", "", "has no value"},
	{"node", "kernel", "6", "'6' is not a version*"},
	{"node", "kernel", "v6.1", "'v6.1' is not a version*"},
	{"node", "kernel", "6.1 (Debian)", "'6.1 (Debian)' is not a version*"},
	{"node", "kernel", "latest", "'latest' is not a version*"},
	{"node", "kernel", "6.1é", "'6.1é' is not a version*"},
	{"node", "kernel", "99999999999.1", "'99999999999.1' is not a version*"},
	{"node", "qemu", "6", "'6' is not a version*"},
	{"node", "qemu", "\"6.2\"", "'\"6.2\"' is not a version*"},
	{"node", "libvirt", "8;0", "'8;0' is not a version*"},
	{"node", "mwait", "", "has no value"},
	{"node", "mwait", "maybe", "'maybe' is not one of no | yes"},
	{"node", "mwait", "Yes", "*no | yes; did you mean 'yes'?"},
	{"node", "mwait", "true", "*no | yes"},
	{"node", "mwait", "1", "*no | yes"},
};

static const Bad bad_counts[] = {
	{"host", "cores-per-socket", "", "has no value"},
	{"host", "cores-per-socket", "0", "the host keeps the boot CPU's core *1 is the least; *"},
	{"host", "cores-per-socket", "8193", "*from 1 to 8192"},
	{"host", "cores-per-socket", "-1", "*from 1 to 8192"},
	{"host", "cores-per-node", "+4", "*from 1 to 8192"},
	{"host", "cores-per-node", "4.0", "*from 1 to 8192"},
	{"host", "cores-per-node", "0x4", "*from 1 to 8192"},
	{"host", "cores-per-node", "four", "*from 1 to 8192"},
	{"host", "cores-per-node", "1,0:0", "*1 is the least; *"},
	{"host", "cores-per-node", "1,2", "'1,2' is not a whole number from 1 to 8192"},
	{"host", "cores-per-node", "0:2,3", "'3' has no ':'; such as 0:2"},
	{"host", "cores-per-node", "0-1:2,1:3", "1 is given twice"},
	{"host", "cores-per-node", ":2", "nothing is before the ':'"},
	{"host", "cores-per-node", "0:", "'' is not a whole number from 1 to 8192"},
	{"host", "cores-per-node", "0:1:2", "'1:2' is not a whole number from 1 to 8192"},
	{"host", "cores-per-node", "2-1:2", "*2-1*"},
	{"host", "cores-per-node", "0:2,", "'' has no ':'; such as 0:2"},
	{"host", "cores", "0:2", "'0:2' is not a whole number from 1 to 8192"},
	{"host", "cores", "4 4", "*from 1 to 8192"},
	{"host", "cores", "4,4", "*from 1 to 8192"},
	{"host", "cores", "= 4", "*from 1 to 8192"},
	{"host", "cores", "99999999999999999999", "*from 1 to 8192"},
	{"host", "cores", "18446744073709551617", "*from 1 to 8192"},
	{"host", "cores", "4G", "*from 1 to 8192"},
	{"node", "guard", "on", "*'on' is not one of off | warn | refuse | strict*"},
	{"audit", "interruptions", "-1", "*from 0 to 1000000"},
	{"audit", "interruptions", "ten", "*from 0 to 1000000"},
	{"audit", "gaps", "1", "*interruptions*"},
	{"audit", "longest-gap", "10us", "*from 0 to 1000000000"},
	{"sdk", "cores-per-socket", "-1", "*from 0 to 8192"},
	{"sdk", "cores-per-node", "all", "*from 0 to 8192"},
	{"sdk", "cores", "8193", "*from 0 to 8192"},
	{"shared", "cores-per-socket", "٣", "*from 0 to 8192"},
	{"shared", "cores-per-node", "1e2", "*from 0 to 8192"},
	{"shared", "cores", "4-5", "*from 0 to 8192"},
	{"shared", "overcommit", "0", "*from 1 to 1024"},
	{"shared", "overcommit", "1025", "*from 1 to 1024"},
	{"shared", "overcommit", "2.5", "*from 1 to 1024"},
	{"shared", "overcommit", "", "has no value"},
	{"shared", "overcommit", "4:1", "*from 1 to 1024"},
};

static const Bad bad_lists[] = {
	{"host", "cpus", "", "has no value"},
	{"host", "cpus", "4-", "'4-' *"},
	{"host", "cpus", "0-3,7-4", "'7-4' *"},
	{"host", "cpus", "0,,1", "*comma*"},
	{"host", "cpus", "0,1,", "*comma*"},
	{"host", "cpus", "0, 1", "' 1' *"},
	{"host", "cpus", "all", "'all' *"},
	{"host", "cpus", "0-N", "'0-N' *"},
	{"host", "cpus", "0x3", "'0x3' *"},
	{"host", "cpus", "^1", "'^1' *"},
	{"host", "cpus", "-1", "'-1' *"},
	{"host", "cpus", "3x5", "'3x5' *"},
	{"host", "cpus", "8192", "'8192' *8192*"},
	{"host", "cpus", "0-4294967295", "*8192*"},
	{"host", "cpus", "99999999999999999999", "*8192*"},
	{"host", "cpus", "0-7:1/0", "'0-7:1/0' *"},
	{"host", "cpus", "0-7:3/2", "'0-7:3/2' *"},
	{"host", "cpus", "0-7:2", "'0-7:2' *"},
	{"host", "cpus", "0-7:0/2", "*empty*"},
	{"sdk", "cpus", "1 2", "'1 2' *"},
	{"shared", "cpus", "0;1", "'0;1' *"},
	{"sdk", "near", "", "has no value"},
	{"sdk", "near", ",", "names no device"},
	{"sdk", "near", " , ,, ", "names no device"},
	{"sdk", "near", "eth0 eth1", "'eth0 eth1' is not a device*"},
	{"sdk", "near", "eth0\teth1", "'eth0*eth1' is not a device*"},
	{"host", "memory-per-node", "", "has no value"},
	{"host", "memory-per-node", "0", "'0' is not a size*"},
	{"host", "memory-per-node", "0G", "'0G' is not a size*"},
	{"host", "memory-per-node", "8g", "'8g' is not a size*"},
	{"host", "memory-per-node", "8 G", "'8 G' is not a size*"},
	{"host", "memory-per-node", "65537T", "'65537T' is not a size*"},
	{"host", "memory-per-node", "-8G", "'-8G' is not a size*"},
};

static const Bad bad_kernel[] = {
	{"kernel", "isolation", "cpusets", "*isolcpus | cpuset; did you mean 'cpuset'?"},
	{"kernel", "isolation", "isolcpus,cpuset", "*isolcpus | cpuset*"},
	{"kernel", "isolation", "", "has no value"},
	{"kernel", "flags", "nohz", "*nohz_full=*"},
	{"kernel", "flags", "manged_irq,domain", "'manged_irq' *did you mean 'managed_irq'?"},
	{"kernel", "flags", "managed_irq domain", "'managed_irq domain' is not one of *"},
	{"kernel", "flags", "io_queue", "'io_queue' is not one of *"},
	{"kernel", "irqaffinity", "0-3", "'0-3' is not one of no | yes"},
	{"kernel", "irqaffinity", "", "has no value"},
	{"kernel", "extra", "isolcpus=4-7", "isolcpus= is written by planner"},
	{"kernel", "extra", "quiet nohz_full=4-7", "nohz_full= is written by planner"},
	{"kernel", "extra", "nohz-full=4-7", "nohz_full= is written by planner"},
	{"kernel", "extra", "rcu-nocbs=4-7", "rcu_nocbs= is written by planner"},
	{"kernel", "extra", "rcu_nocbs", "rcu_nocbs= is written by planner"},
	{"kernel", "extra", "irqaffinity=0", "irqaffinity= is written by planner"},
	{"kernel", "extra", "rcu_ncbs=4-7", "'rcu_ncbs' *did you mean rcu_nocbs*"},
	{"kernel", "extra", "isolcpu=4-7", "'isolcpu' *did you mean isolcpus*"},
	{"kernel", "extra", "a=\"b c\"",
	 "'\"' is not safe*\n" NAME ":2: [kernel] extra: '\"' is not safe*"},
	{"kernel", "extra", "a=$(reboot)", "'$' is not safe*"},
	{"kernel", "extra", "a=`x`", "'`' is not safe*"},
	{"kernel", "extra", "a='b'", "''' is not safe*"},
	{"kernel", "extra", "a;b", "';' is not safe*"},
	{"kernel", "extra", "a\\b", "'\\' is not safe*"},
	{"kernel", "extra", "a=é", "'é' is not safe*"},
	{"kernel", "extra", "quiet -- init", "'--' ends *"},
	{"kernel", "extra", "=5", "*no name*"},
	{"kernel", "extra", "=", "*no name*"},
};

static const Bad bad_vm[] = {
	{"vm a", "vcpus", "", "has no value"},
	{"vm a", "vcpus", "0", "'0' is not a whole number from 1 to 8192"},
	{"vm a", "vcpus", "8193", "*from 1 to 8192"},
	{"vm a", "vcpus", "12x", "'12x' is not *"},
	{"vm a", "vcpus", "2.5", "*from 1 to 8192"},
	{"vm a", "vcpus", "4 # four", "*from 1 to 8192"},
	{"vm a", "policy", "pinned", "'pinned' is not one of dedicated | shared"},
	{"vm a", "policy", "Shared", "*did you mean 'shared'?"},
	{"vm a", "cpus", "", "has no value"},
	{"vm a", "cpus", "1,2,1", "CPU 1 is named twice"},
	{"vm a", "cpus", "1-3,2", "CPU 2 is named twice"},
	{"vm a", "cpus", "2-1", "'2-1' *"},
	{"vm a", "cpus", "8192", "*8192*"},
	{"vm a", "cpus", "0-3:0/4", "*empty*"},
	{"vm a", "node", "-1", "*from 0 to 8191"},
	{"vm a", "node", "8192", "*from 0 to 8191"},
	{"vm a", "node", "any", "*from 0 to 8191"},
	{"vm a", "node", "0,1", "*from 0 to 8191"},
	{"vm a", "memory", "0", "'0' is not a size*"},
	{"vm a", "memory", "8", "'8' is a number of bytes; did you mean 8G?"},
	{"vm a", "memory", "1048575", "'1048575' is a number of bytes; did you mean 1048575M?"},
	{"vm a", "memory", "8GiB", "'8GiB' is not a size*"},
	{"vm a", "memory", "1.5G", "'1.5G' is not a size*"},
	{"vm a", "memory", "0x8", "'0x8' is not a size*"},
	{"vm a", "memory", "64P", "'64P' is not a size*"},
	{"vm a", "memory", "99999999999999999999", "*is not a size*"},
	{"vm a", "threads", "sibling", "*did you mean 'siblings'?"},
	{"vm a", "threads", "2", "'2' is not one of siblings | isolate"},
	{"vm a", "cpu-mode", "host", "'host' is not one of host-model | host-passthrough | *"},
	{"vm a", "cpu-mode", "host-passthru", "*is not one of host-model | *"},
	{"vm a", "cpu-mode", "host-modle", "*did you mean 'host-model'?"},
	{"vm a", "cpu-pm", "on", "*auto or off*"},
	{"vm a", "cpu-pm", "yes", "'yes' is not one of auto | off"},
	{"vm a", "cpu-pm", "of", "*did you mean 'off'?"},
	{"vm a", "iothreads", "-1", "*from 0 to 64"},
	{"vm a", "iothreads", "65", "*from 0 to 64"},
	{"vm a", "locked", "true", "*no | yes"},
	{"vm a", "realtime", "fifo", "'fifo' is neither fifo:PRIORITY nor rr:PRIORITY, *"},
	{"vm a", "realtime", "1", "*such as fifo:1"},
	{"vm a", "realtime", "fifo:0", "*such as fifo:1"},
	{"vm a", "realtime", "rr:100", "*such as fifo:1"},
	{"vm a", "realtime", "fifo:+1", "*such as fifo:1"},
	{"vm a", "realtime", "other:1", "*such as fifo:1"},
	{"vm a", "realtime-vcpus", "1-", "*1-*"},
	{"vm a", "count", "0", "*from 1 to 8192"},
	{"vm a", "count", "8193", "*from 1 to 8192"},
	{"vm a", "count", "*", "*from 1 to 8192"},
};

static void assert_bad(const Bad *bad)
{
	bool vm = g_str_has_prefix(bad->section, "vm ") && strcmp(bad->key, "vcpus") != 0;
	g_autofree char *text = g_strdup_printf("[%s]\n%s = %s\n%s", bad->section, bad->key,
						bad->value, vm ? "vcpus = 1\n" : "");
	g_autofree char *expected =
		g_strdup_printf(NAME ":2: [%s] %s: %s", bad->section, bad->key, bad->pattern);

	assert_refused(text, ALL, expected);
}

static void assert_all_bad(const Bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_bad(&rows[i]);
}

static void test_bad_node(void)
{
	assert_all_bad(bad_node, G_N_ELEMENTS(bad_node));
}

static void test_bad_counts(void)
{
	assert_all_bad(bad_counts, G_N_ELEMENTS(bad_counts));
}

static void test_bad_lists(void)
{
	assert_all_bad(bad_lists, G_N_ELEMENTS(bad_lists));
}

static void test_bad_kernel(void)
{
	assert_all_bad(bad_kernel, G_N_ELEMENTS(bad_kernel));
}

static void test_bad_vm(void)
{
	assert_all_bad(bad_vm, G_N_ELEMENTS(bad_vm));
}

/* A memory is said, or the error would be that it is missing. */
static void test_bad_huge_pages(void)
{
	static const char *const rows[] = {"0",	 "3M",	"8K",  "4K",  "32G",
					   "2m", "yes", "any", "2MB", "-2M"};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"[vm a]\nvcpus = 1\nmemory = 8G\nhugepages = %s\n", rows[i]);
		g_autofree char *expected = g_strdup_printf(
			NAME ":4: [vm a] hugepages: '%s' is not a huge page size*", rows[i]);

		assert_refused(text, ALL, expected);
	}
}

/* Known keys and sections */

static void test_keys_known(void)
{
	static const struct {
		const char *section, *keys;
	} rows[] = {
		{"node", "name, kernel, qemu, libvirt, mwait, group, guard"},
		{"host", "cores-per-socket, cores-per-node, cores, cpus, memory-per-node"},
		{"sdk", "cores-per-socket, cores-per-node, cores, cpus, near"},
		{"shared", "cores-per-socket, cores-per-node, cores, cpus, overcommit"},
		{"kernel", "isolation, flags, irqaffinity, extra"},
		{"vm a",
		 "vcpus, maximum, policy, dedicated-vcpus, cpus, node, socket, die, l3, kind, "
		 "apart, near, "
		 "memory, hugepages, memory-node, threads, "
		 "spans, sockets, "
		 "cpu-mode, cpu-pm, "
		 "realtime, realtime-vcpus, iothreads, emulator, iothread-cpus, locked, count"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf("[%s]\nqwertyuiop = 1\n%s", rows[i].section,
							i == 5 ? "vcpus = 1\n" : "");
		g_autofree char *expected =
			g_strdup_printf(NAME ":2: [%s] qwertyuiop: unknown key; known: %s",
					rows[i].section, rows[i].keys);

		assert_refused(text, ALL, expected);
	}
}

static void test_keys_nearest(void)
{
	static const struct {
		const char *section, *key, *near;
	} rows[] = {
		{"node", "qemo", "qemu"},
		{"node", "kernal", "kernel"},
		{"node", "libvrit", "libvirt"},
		{"node", "mwai", "mwait"},
		{"host", "core-per-socket", "cores-per-socket"},
		{"host", "memory-per-nod", "memory-per-node"},
		{"host", "cpu", "cpus"},
		{"sdk", "nead", "near"},
		{"shared", "over-commit", "overcommit"},
		{"kernel", "isolatoin", "isolation"},
		{"kernel", "irq-affinity", "irqaffinity"},
		{"vm a", "vcpu", "vcpus"},
		{"vm a", "hugepage", "hugepages"},
		{"vm a", "io-threads", "iothreads"},
		{"vm a", "cpu-mod", "cpu-mode"},
		{"vm a", "memroy", "memory"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("[%s]\n%s = 1\n%s", rows[i].section, rows[i].key,
					g_str_has_prefix(rows[i].section, "vm") ? "vcpus = 1" : "");
		g_autofree char *expected =
			g_strdup_printf(NAME ":2: [%s] %s: unknown key; did you mean '%s'?",
					rows[i].section, rows[i].key, rows[i].near);

		assert_refused(text, ALL, expected);
	}
}

/* A section of nothing but text in brackets, and what is wrong with it; its keys are passed over.
 */
static void test_sections(void)
{
	static const struct {
		const char *line, *pattern;
	} rows[] = {
		{"[hosts]", "[hosts]: unknown section; did you mean [host]?"},
		{"[Node]", "[Node]: unknown section; did you mean [node]?"},
		{"[shard]", "[shard]: unknown section; did you mean [shared]?"},
		{"[kernl]", "[kernl]: unknown section; did you mean [kernel]?"},
		{"[guest db1]", "[guest db1]: unknown section; known: node, *"},
		{"[c ; d]", "[c ; d]: unknown section*"},
		{"[vm]", "[vm]: which VM? *"},
		{"[vm ]", "[vm]: which VM? *"},
		{"[partner]", "[partner]: which partner? write [partner NAME]"},
		{"[partners b]", "[partners b]: unknown section; did you mean [partner NAME]?"},
		{"[ vm  ]", "[vm]: which VM? *"},
		{"[]", "[]: unknown section*"},
		{"[ ]", "[]: unknown section*"},
		{"[a", "'[a' is not a section line*"},
		{"[", "'[' is not a section line*"},
		{"[node] x", "'[node] x' is not a section line*"},
		{"[node]x", "'[node]x' is not a section line*"},
		{"[node]]", "'[node]]' is not a section line*"},
		{"[node];", "'[node];' is not a section line*"},
		{"[node] = 5", "'[node] = 5' is not a section line*"},
		{"  [host]", "*indented*"},
		{"\t[host]", "*indented*"},
		{"[vm a/b]", "[vm a/b]: the VM's name has a '/'*"},
		{"[vm ..]", "[vm ..]: the VM's name is a directory*"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		/* the keys of vm would be errors twice if they went to the section before */
		g_autofree char *text =
			g_strdup_printf("[vm before]\nvcpus = 1\n%s\nvcpus = 4\n", rows[i].line);
		g_autofree char *expected = g_strdup_printf(NAME ":3: %s", rows[i].pattern);

		assert_refused(text, ALL, expected);
	}
}

static void test_section_lines(void)
{
	static const char *const rows[] = {"[node]",	    "[ node ]", "[node] ", "[node]\t; that",
					   "[node] # that", "[\tnode]", "[node] ;"};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf("%s\nname = a\n", rows[i]);
		g_autoptr(Inventory) inventory = taken(text, ALL);

		g_assert_cmpstr(inventory->node->name, ==, "a");
	}
}

/* Lines */

static void test_lines(void)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"vcpus = 4\n", NAME ":1: 'vcpus = 4' is before the first section"},
		{"; x\n\nname = a\n[node]\n", NAME ":3: 'name = a' is before the first section"},
		{"[node]\n=5\n", NAME ":2: '=5' is not a key with its value: *"},
		{"[node]\nname\n",
		 NAME ":2: 'name' is not a key with its value: write key = value"},
		{"[node]\nname : a\n", NAME ":2: 'name : a' is not a key*"},
		{"[node]\nname ; = a\n", NAME ":2: 'name ; = a' is not a key*"},
		{"[node]\nName = a\n", NAME ":2: 'Name = a' is not a key*lower-case*"},
		{"[node]\nnode_name = a\n", NAME ":2: 'node_name = a' is not a key*"},
		{"[node]\n\"name\" = a\n", NAME ":2: '\"name\" = a' is not a key*"},
		{"[node]\n  name = a\n", NAME ":2: *indented*"},
		{"[node]\nname = a\n  b\n", NAME ":3: *indented*"},
		{"[node]\nname = a\n\tkernel = 6.1\n", NAME ":3: *indented*"},
		{"[node]\nname = a\nname = a\n", NAME ":3: [node] name: already given in line 2"},
		{"[node]\nname = a/b\nname = a\n",
		 NAME ":2: [node] name: *\n" NAME ":3: [node] name: already given in line 2"},
		{"[node]\nnam = a\nnam = a\n", NAME ":2: [node] nam: unknown key; *\n" NAME
						    ":3: [node] nam: already given in line 2"},
		{"[host]\ncores = 4\ncores-per-node = 2\n",
		 NAME ":3: [host] cores-per-node: *already given in line 2*"},
		{"[host]\ncores = x\ncpus = 0\n",
		 NAME ":2: [host] cores: *\n" NAME ":3: [host] cpus: *already given in line 2*"},
		{"[vm a]\nvcpus = 2\nrealtime = fifo:1\nrealtime-vcpus = 1-2\n",
		 NAME ":1: [vm a] realtime-vcpus: it has no vCPU 2; its 2 vCPUs are counted from "
		      "0"},
		{"[vm a]\nvcpus = 4\nnode = 0\nnear = eth2\n",
		 NAME ":1: [vm a] near: node already says where; keep one of the two"},
		{"[vm a]\nvcpus = 4\nl3 = 0\nsocket = 0\n",
		 NAME ":1: [vm a] l3: socket already says where; keep one of the two"},
		{"[vm a]\nvcpus = 4\ndie = 0\n", NAME ":3: [vm a] die: *1 to 8192*"},
		{"[vm a]\nvcpus = 4\nl3 = 0\npolicy = shared\n", NAME ":3: [vm a] l3: *floats*"},
		{"[vm a]\nvcpus = 4\n4l3 = 0\n", NAME ":3: '4l3 = 0' is not a key*lower-case*"},
		{"[vm a]\nvcpus = 4\nl4 = 0\n", NAME ":3: [vm a] l4: *l3*"},
		{"[vm a]\nvcpus = 4\nnode = 0\nsocket = 0\n",
		 NAME ":1: [vm a] socket: node already says where; keep one of the two"},
		{"[vm a]\nvcpus = 4\napart = web:board\n",
		 NAME ":3: [vm a] apart: 'board' is not one of socket | node | l3*"},
		{"[vm a]\nvcpus = 4\napart = :node\n", NAME ":3: [vm a] apart: the group's name *"},
		{"[vm a]\nvcpus = 4\nkind = fast\n",
		 NAME ":3: [vm a] kind: 'fast' is not one of any | performance | efficient"},
		{"[vm a]\nvcpus = 4\npolicy = shared\napart = web\nkind = efficient\n",
		 NAME ":4: [vm a] apart: a shared VM floats over the pool; leave the key out\n" NAME
		      ":5: [vm a] kind: a shared VM floats over the pool; leave the key out"},
		{"[vm a]\nvcpus = 4\nmaximum = 6\nsockets = 4\n",
		 NAME ":1: [vm a] sockets: 6 vCPUs cannot be divided evenly among 4 sockets"},
		{"[vm a]\nvcpus = 2\nrealtime-vcpus = 1\n",
		 NAME ":1: [vm a] realtime-vcpus: give realtime as well"},
		{"[vm a]\nvcpus = 2\nrealtime = fifo:1\npolicy = shared\n",
		 NAME ":1: [vm a] realtime: a shared VM would keep its CPUs from all others"},
		{"[vm a]\nvcpus = 2\ndedicated-vcpus = 1\npolicy = shared\n",
		 NAME ":1: [vm a] dedicated-vcpus: all vCPUs of a shared VM float; leave policy "
		      "out"},
		{"[vm a]\nvcpus = 2\ndedicated-vcpus = 2\n",
		 NAME ":1: [vm a] dedicated-vcpus: it has no vCPU 2; its 2 vCPUs are counted from "
		      "0"},
		{"[vm a]\nvcpus = 3\ndedicated-vcpus = 1-2\nrealtime = fifo:1\n",
		 NAME ":1: [vm a] realtime-vcpus: vCPU 0 floats and would keep its CPUs from all "
		      "others; name only dedicated vCPUs"},
		{"[vm a]\nvcpus = 3\ndedicated-vcpus = 1-2\ncpus = 2,3,4\n",
		 NAME ":1: [vm a] cpus: 3 CPUs for 2 dedicated vCPUs; name one for each"},
		{"[vm a]\nvcpus = 2\nemulator = own\npolicy = shared\n",
		 NAME ":1: [vm a] emulator: a shared VM has no cores of its own"},
		{"[vm a]\nvcpus = 2\niothread-cpus = own\niothreads = 1\npolicy = shared\n",
		 NAME ":1: [vm a] iothread-cpus: a shared VM has no cores of its own"},
		{"[vm a]\nvcpus = 2\niothread-cpus = own\n",
		 NAME ":1: [vm a] iothread-cpus: give iothreads as well"},
		{"[vm a]\nvcpus = 2\nemulator = own\ncpus = 4,5,6,7\n",
		 NAME ":1: [vm a] cpus: 4 CPUs for 2 vCPUs and 1 helper (emulator, I/O threads); "
		      "name one for each"},
		{"[node]\nname = a\n[host]\n[node]\nkernel = 6.1\n",
		 NAME ":4: [node]: already begun in line 1"},
		{"[vm a]\nvcpus = 1\n[vm a]\nvcpus = 2\n",
		 NAME ":3: [vm a]: already begun in line 1"},
		{"[vm a]\nvcpus = 1\n[vm  a]\nvcpus = 2\n",
		 NAME ":3: [vm a]: already begun in line 1"},
		{"[node]\nname = a\x1b[31m\n", NAME ":2: the line has a control character"},
		{"[node]\n; \x07\n", NAME ":2: the line has a control character"},
		{"[node]\nname = a\x7f\n", NAME ":2: the line has a control character"},
		{"[node]\nname = a\xc2\x9b"
		 "31m\n",
		 NAME ":2: the line has a control character"},
		{"[node]\nkernel = 6\xe2\x80\xae"
		 "1\n",
		 NAME ":2: the line has a control character"},
		{"[vm a\xe2\x80\xae"
		 "b]\nvcpus = 1\n",
		 NAME ":1: the line has a control character"},
		{"[vm a]\nvcpus = 1\n[vm \x01]\nvcpus = 2\n",
		 NAME ":3: the line has a control character"},
		{"[node]\nname = a\xff\n", NAME ":2: the line is not UTF-8"},
		{"[node]\n; \xc3\n", NAME ":2: the line is not UTF-8"},
		{"[node]\nname = \xed\xa0\x80\n", NAME ":2: the line is not UTF-8"},
		{"[node]\nname = \xc0\xaf\n", NAME ":2: the line is not UTF-8"},
		{"[vm a]\nvcpus = 1\n[vm \xff]\nvcpus = 2\n", NAME ":3: the line is not UTF-8"},
		{"\xff\xfe[\0n", NAME ":1: the line is not UTF-8"},
		{"[node]\n\xef\xbb\xbfname = a\n", NAME ":2: *is not a key*"},
		{"\xef\xbb\xbf\xef\xbb\xbf[node]\n", NAME ":1: *is not a key*"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_refused(rows[i].text, ALL, rows[i].expected);
}

/* However many lines end so, it is one mistake. */
static void test_carriage_returns(void)
{
	static const char *const rows[] = {
		"[node]\r\nname = a\r\nkernel = 6.1\r\n",
		"[node]\rname = a\rkernel = 6.1\r",
		"; comment\r\n[node]\r\n",
		"[vm a]\r\nvcpus = 1\r\n\r\n[vm a]\r\n",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_refused(rows[i], ALL, NAME ":1: the line has a carriage return*");
	assert_refused("[node]\nname = a\rb\n", ALL, NAME ":2: the line has a carriage return*");
	assert_refused("[node]\n\r\nnam = a\r\nkernel = 6\n", ALL,
		       NAME ":2: the line has a carriage return*\n" NAME ":4: [node] kernel: *");
}

static void test_nul(void)
{
	static const char in_value[] = "[node]\nname = a\0b\nkernel = 6.1\n";
	static const char in_comment[] = "[node]\n; \0\n";
	static const char in_section[] = "[vm a]\nvcpus = 1\n[vm \0]\nvcpus = 2\n";
	static const char last[] = "[node]\nname = a\n\0";

	assert_refused(in_value, sizeof in_value - 1, NAME ":2: the line has a NUL byte");
	assert_refused(in_comment, sizeof in_comment - 1, NAME ":2: the line has a NUL byte");
	assert_refused(in_section, sizeof in_section - 1, NAME ":3: the line has a NUL byte");
	assert_refused(last, sizeof last - 1, NAME ":3: the line has a NUL byte");
}

/* LENGTH bytes: HEAD, then FILLER repeated. */
static char *filled(const char *head, char filler, size_t length)
{
	g_autofree char *tail = g_strnfill(length - strlen(head), filler);

	return g_strconcat(head, tail, NULL);
}

static void test_long_lines(void)
{
	static const char *const heads[] = {"; ", "name = a ; ", "# "};

	for (unsigned i = 0; i < G_N_ELEMENTS(heads); i++) {
		g_autofree char *most = filled(heads[i], 'x', LINE_BYTES);
		g_autofree char *more = filled(heads[i], 'x', LINE_BYTES + 1);
		g_autofree char *much = filled(heads[i], 'x', 100000);
		g_autofree char *good = g_strdup_printf("[node]\n%s\nkernel = 6.1", most);
		g_autofree char *bad = g_strdup_printf("[node]\n%s\nkernel = 6.1", more);
		g_autofree char *worse = g_strdup_printf("[node]\nkernel = 6.1\n%s", much);
		g_autoptr(Inventory) inventory = taken(good, ALL);

		g_assert_cmpstr(inventory->node->kernel, ==, "6.1");
		assert_refused(bad, ALL, NAME ":2: the line is longer than 4000 bytes");
		assert_refused(worse, ALL, NAME ":3: the line is longer than 4000 bytes");
	}
}

/* An over-long section line does not leave its keys to the section before. */
static void test_long_section_line(void)
{
	g_autofree char *line = filled("[vm ", 'x', LINE_BYTES + 1);
	g_autofree char *text = g_strdup_printf("[vm a]\nvcpus = 1\n%s]\nvcpus = 2\n", line);

	assert_refused(text, ALL, NAME ":3: the line is longer than 4000 bytes");
}

static void test_long_value(void)
{
	g_autofree char *line = filled("kernel = 6.1", 'x', LINE_BYTES);
	g_autofree char *text = g_strdup_printf("[node]\n%s\n", line);
	g_autoptr(Inventory) inventory = taken(text, ALL);

	g_assert_cmpuint(strlen(inventory->node->kernel), ==, LINE_BYTES - strlen("kernel = "));
}

/* inih alone cuts a section's name at 49 bytes. */
static void test_long_section(void)
{
	for (size_t length = 48; length <= 128; length += 16) {
		g_autofree char *name = g_strnfill(length, 'n');
		g_autofree char *text = g_strdup_printf("[vm %s]\nvcpus = 1\n[vm %s2]\nvcpus = 2\n"
							"count = 2",
							name, name + 3);
		g_autoptr(Inventory) inventory = taken(text, ALL);

		g_assert_cmpstr(vm_of(inventory, 0)->name, ==, name);
		g_assert_cmpuint(vm_of(inventory, 1)->vcpus, ==, 2);
	}
}

static void test_long_names(void)
{
	g_autofree char *name = g_strnfill(129, 'n');
	g_autofree char *vm = g_strdup_printf("[vm %s]\nvcpus = 1\n", name);
	g_autofree char *node = g_strdup_printf("[node]\nname = %s\n", name);
	g_autofree char *other = g_strdup_printf("[%s%s%s]\n", name, name, name);
	g_autofree char *expected =
		g_strdup_printf(NAME ":1: [%s%s%s]: unknown section*", name, name, name);
	g_autofree char *counted = g_strdup_printf("[vm %s]\nvcpus = 1\ncount = 2\n", name + 1);

	assert_refused(vm, ALL, NAME ":1: [vm nnn*n]: the VM's name is longer than 128 bytes");
	assert_refused(node, ALL, NAME ":2: [node] name: the name is longer than 128 bytes");
	assert_refused(other, ALL, expected);
	assert_refused(counted, ALL, NAME ":1: [vm nnn*n]: *longer than 128 bytes*");
}

static void test_long_key(void)
{
	g_autofree char *key = g_strnfill(500, 'k');
	g_autofree char *text = g_strdup_printf("[node]\n%s = 1\n%sk = 1\n", key, key);
	g_autofree char *expected =
		g_strdup_printf(NAME ":2: [node] %s: unknown key; known: *\n" NAME
				     ":3: [node] %sk: unknown key; known: *",
				key, key);

	assert_refused(text, ALL, expected);
}

/* Blanks, comments and line ends that are as they should be */

static void test_layout(void)
{
	static const struct {
		const char *line, *name;
	} rows[] = {
		{"name=a", "a"},
		{"name =a", "a"},
		{"name= a", "a"},
		{"name\t=\ta\t", "a"},
		{"name = a ; comment", "a"},
		{"name = a\t; comment", "a"},
		{"name = a ;", "a"},
		{"name = a;b", "a;b"},
		{"name = a;b ; c;d", "a;b"},
		{"name = a # b", "a # b"},
		{"name = a#b", "a#b"},
		{"name = #1", "#1"},
		{"name = a = b", "a = b"},
		{"name = a: b", "a: b"},
		{"name = [a]", "[a]"},
		{"name = 'a'", "'a'"},
		{"name = a  b", "a  b"},
		{"name = <&>", "<&>"},
		{"name = -rf", "-rf"},
		{"name = Ünï", "Ünï"},
		{"name = a\xc2\xa0", "a\xc2\xa0"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf("[node]\n%s", rows[i].line);
		g_autofree char *marked = g_strdup_printf("\xef\xbb\xbf[node]\n%s\n", rows[i].line);
		g_autoptr(Inventory) inventory = taken(text, ALL);
		g_autoptr(Inventory) same = taken(marked, ALL);

		g_assert_cmpstr(inventory->node->name, ==, rows[i].name);
		g_assert_cmpstr(same->node->name, ==, rows[i].name);
	}
}

static void test_odd_vm_names(void)
{
	static const char *const names[] = {"-rf", "a b",  "Ünï-数", "<&>\"'", "a=b",  "a;b", "#1",
					    "[vm", "node", "a\\b",   "$HOME",  "%s%n", "...", "*"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *text = g_strdup_printf("[vm %s]\nvcpus = 1\n", names[i]);
		g_autoptr(Inventory) inventory = taken(text, ALL);

		g_assert_cmpstr(vm_of(inventory, 0)->name, ==, names[i]);
	}
}

/* LENGTH is what counts, not a NUL; what is behind it is not read. */
static void test_length(void)
{
	g_autoptr(Inventory) inventory = taken("[node]\nname = abc", strlen("[node]\nname = a"));

	g_assert_cmpstr(inventory->node->name, ==, "a");
}

/* Whole sections */

static void test_vm_check(void)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"[vm a]\n", NAME ":1: [vm a] vcpus: missing*"},
		{"[vm a]\nmemory = 8G\n[vm b]\nvcpus = 1\n", NAME ":1: [vm a] vcpus: missing*"},
		{"[vm a]\nvcpus = 3\ncpus = 1,2\n", NAME ":1: [vm a] cpus: 2 CPUs for 3 vCPUs*"},
		{"[vm a]\nvcpus = 1\ncpus = 1,2\n", NAME ":1: [vm a] cpus: 2 CPUs for 1 vCPUs*"},
		{"[vm a]\nvcpus = 2\ncpus = 1,2\ncount = 2\n", NAME ":1: [vm a] cpus: *count*"},
		{"[vm a]\nvcpus = 2\nhugepages = 2M\n", NAME ":1: [vm a] hugepages: *memory*"},
		{"[vm a]\nvcpus = 2\ncpus = 1,2\npolicy = shared\n",
		 NAME ":1: [vm a] cpus: *shared*"},
		{"[vm a]\nvcpus = 2\nthreads = isolate\npolicy = shared\n",
		 NAME ":1: [vm a] threads: *shared*"},
		{"[sdk]\nnear = eth0\n", NAME ":2: [sdk] near: *number of cores*"},
		/* what is wrong with a value is said once, and its absence is not said as well */
		{"[vm a]\nvcpus = 1\xff\n", NAME ":2: the line is not UTF-8"},
		{"[vm a]\nvcpus = 1\r\n", NAME ":2: the line has a carriage return*"},
		{"[vm a]\n vcpus = 1\n", NAME ":2: *indented*"},
		{"[vm a]\nvcpus 1\n", NAME ":2: 'vcpus 1' is not a key*"},
		{"[vm a]\nvcpus = 1\nhugepages = 2M\nmemory: 8G\n", NAME ":4: *is not a key*"},
		{"[vm a]\nvcpus = x\ncpus = 1,2\n", NAME ":2: [vm a] vcpus: 'x' *"},
		{"[vm a]\nvcpus = 2\nmemory = x\nhugepages = 2M\n",
		 NAME ":3: [vm a] memory: 'x' *"},
		{"[sdk]\nnear = eth0\ncores = x\n", NAME ":3: [sdk] cores: 'x' *"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_refused(rows[i].text, ALL, rows[i].expected);
}

/* Every error of a file in one go, in the order of lines, whatever finds it. */
static void test_all_errors(void)
{
	assert_refused("cores = 1\n"	/* 1 */
		       "[node]\n"	/* 2 */
		       "kernel = six\n" /* 3 */
		       "  qemu = 6.2\n" /* 4 */
		       "[hst]\n"	/* 5 */
		       "cores = 1\n"	/* 6 */
		       "[sdk]\n"	/* 7 */
		       "near = eth0\n"	/* 8 */
		       "[vm a-1]\n"	/* 9 */
		       "[vm a]\n"	/* 10 */
		       "vcpus = 2\n"	/* 11 */
		       "count = 2\n"	/* 12 */
		       "name = \xff\n"	/* 13 */
		       "[vm b]\r\n"	/* 14 */
		       "vcpu = 2\n"	/* 15 */
		       "[vm a]\n"	/* 16 */
		       "[vm c",		/* 17 */
		       ALL,
		       NAME ":1: 'cores = 1' is before the first section\n" /* */
		       NAME ":3: [node] kernel: 'six' is not a version*\n"  /* */
		       NAME ":4: *indented*\n"				    /* */
		       NAME ":5: [hst]: unknown section; did you mean [host]?\n" NAME
			    ":8: [sdk] near: *\n"		      /* */
		       NAME ":9: [vm a-1] vcpus: missing*\n"	      /* */
		       NAME ":10: [vm a]: *a-1*line 9*\n"	      /* */
		       NAME ":13: the line is not UTF-8\n"	      /* */
		       NAME ":14: the line has a carriage return*\n"  /* */
		       NAME ":16: [vm a]: already begun in line 10\n" /* */
		       NAME ":17: '[vm c' is not a section line*");
}

/* count = n */

static void test_count(void)
{
	g_autoptr(Inventory) inventory = taken("[vm first]\nvcpus = 1\n[vm web]\nvcpus = 3\n"
					       "count = 12\nmemory = 1G\nthreads = isolate\n"
					       "[vm last]\nvcpus = 1\ncount = 1\n",
					       ALL);

	g_assert_cmpuint(inventory->vms->len, ==, 14);
	g_assert_cmpstr(vm_of(inventory, 0)->name, ==, "first");
	g_assert_cmpstr(vm_of(inventory, 13)->name, ==, "last");
	for (unsigned i = 1; i <= 12; i++) {
		g_autofree char *name = g_strdup_printf("web-%u", i);
		const VmSpec *vm = vm_of(inventory, i);

		g_assert_cmpstr(vm->name, ==, name);
		g_assert_cmpuint(vm->vcpus, ==, 3);
		g_assert_cmpuint(vm->memory, ==, UINT64_C(1) << 30);
		g_assert_cmpint(vm->threads, ==, THREADS_ISOLATE);
		g_assert_cmpint(vm->line, ==, 3);
	}
}

static void test_count_collisions(void)
{
	assert_refused("[vm a-2]\nvcpus = 1\n[vm a]\nvcpus = 1\ncount = 3\n", ALL,
		       NAME ":3: [vm a]: *a-2*line 1*");
	assert_refused("[vm a]\nvcpus = 1\ncount = 3\n[vm a-3]\nvcpus = 1\n", ALL,
		       NAME ":4: [vm a-3]: *a-3*line 1*");
	assert_refused("[vm a-1]\nvcpus = 1\ncount = 2\n[vm a]\nvcpus = 1\ncount = 3\n"
		       "[vm a-1-2]\nvcpus = 1\n",
		       ALL, NAME ":7: [vm a-1-2]: *a-1-2*line 1*");
	inventory_free(
		taken("[vm a]\nvcpus = 1\ncount = 3\n[vm a-4]\nvcpus = 1\n[vm a-0]\nvcpus = 1\n"
		      "[vm a-01]\nvcpus = 1\n",
		      ALL));
}

static void test_count_most(void)
{
	g_autoptr(Inventory) most = taken("[vm a]\nvcpus = 1\ncount = 8192\n", ALL);

	g_assert_cmpuint(most->vms->len, ==, 8192);
	g_assert_cmpstr(vm_of(most, 8191)->name, ==, "a-8192");
	assert_refused("[vm a]\nvcpus = 1\ncount = 8192\n[vm b]\nvcpus = 1\n", ALL,
		       NAME ":4: [vm b]: more than 8192 VMs in all");
}

/* Long CPU lists */

static char *descending(unsigned first, unsigned n)
{
	GString *list = g_string_new(NULL);

	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(list, "%s%u", i ? "," : "", first - i);
	return g_string_free(list, FALSE);
}

static void test_800_cpus(void)
{
	g_autofree char *list = descending(799, 800);
	g_autofree char *text = g_strdup_printf("[vm wide]\nvcpus = 800\ncpus = %s\n", list);
	g_autoptr(Inventory) inventory = taken(text, ALL);
	const VmSpec *vm = vm_of(inventory, 0);

	g_assert_cmpuint(vm->cpus->len, ==, 800);
	for (unsigned i = 0; i < 800; i++)
		g_assert_cmpuint(g_array_index(vm->cpus, unsigned, i), ==, 799 - i);
}

/* The list ends with the last byte a line may have: none of it is lost. */
static void test_list_to_the_limit(void)
{
	g_autofree char *list = descending(8191, 799); /* 799 × 5 - 1 = 3994 bytes */
	g_autofree char *text = g_strdup_printf("[vm wide]\nvcpus = 799\ncpus =%s\n", list);
	g_autofree char *more = g_strdup_printf("[vm wide]\nvcpus = 799\ncpus = %s\n", list);
	g_autoptr(Inventory) inventory = taken(text, ALL);

	g_assert_cmpuint(vm_of(inventory, 0)->cpus->len, ==, 799);
	g_assert_cmpuint(g_array_index(vm_of(inventory, 0)->cpus, unsigned, 798), ==, 8191 - 798);
	assert_refused(more, ALL, NAME ":3: the line is longer than 4000 bytes");
}

/* Copies share nothing. */
static void test_copy(void)
{
	g_autoptr(Inventory) inventory = taken("[vm a]\nvcpus = 2\ncpus = 1,2\n", ALL);
	VmSpec *copy = vm_spec_copy(vm_of(inventory, 0), "b");

	g_array_index(copy->cpus, unsigned, 0) = 7;
	g_assert_cmpstr(copy->name, ==, "b");
	g_assert_cmpuint(g_array_index(vm_of(inventory, 0)->cpus, unsigned, 0), ==, 1);
	vm_spec_free(copy);
}

static void add_bad(void)
{
	g_test_add_func("/inventory/bad/node", test_bad_node);
	g_test_add_func("/inventory/bad/counts", test_bad_counts);
	g_test_add_func("/inventory/bad/lists", test_bad_lists);
	g_test_add_func("/inventory/bad/kernel", test_bad_kernel);
	g_test_add_func("/inventory/bad/vm", test_bad_vm);
	g_test_add_func("/inventory/bad/huge-pages", test_bad_huge_pages);
	g_test_add_func("/inventory/bad/keys", test_keys_known);
	g_test_add_func("/inventory/bad/nearest", test_keys_nearest);
	g_test_add_func("/inventory/bad/sections", test_sections);
	g_test_add_func("/inventory/bad/lines", test_lines);
	g_test_add_func("/inventory/bad/carriage-returns", test_carriage_returns);
	g_test_add_func("/inventory/bad/nul", test_nul);
	g_test_add_func("/inventory/bad/whole-sections", test_vm_check);
	g_test_add_func("/inventory/bad/all-in-one-go", test_all_errors);
}

static void add_good(void)
{
	g_test_add_func("/inventory/nothing", test_nothing);
	g_test_add_func("/inventory/node", test_node);
	g_test_add_func("/inventory/partners", test_partners);
	g_test_add_func("/inventory/requests", test_requests);
	g_test_add_func("/inventory/kernel", test_kernel);
	g_test_add_func("/inventory/vm", test_vm);
	g_test_add_func("/inventory/vm-defaults", test_vm_defaults);
	g_test_add_func("/inventory/cpu-modes", test_cpu_modes);
	g_test_add_func("/inventory/huge-pages", test_huge_pages);
	g_test_add_func("/inventory/section-lines", test_section_lines);
	g_test_add_func("/inventory/layout", test_layout);
	g_test_add_func("/inventory/odd-vm-names", test_odd_vm_names);
	g_test_add_func("/inventory/length", test_length);
	g_test_add_func("/inventory/copy", test_copy);
}

static void add_long(void)
{
	g_test_add_func("/inventory/long/lines", test_long_lines);
	g_test_add_func("/inventory/long/section-line", test_long_section_line);
	g_test_add_func("/inventory/long/value", test_long_value);
	g_test_add_func("/inventory/long/section", test_long_section);
	g_test_add_func("/inventory/long/names", test_long_names);
	g_test_add_func("/inventory/long/key", test_long_key);
	g_test_add_func("/inventory/long/800-cpus", test_800_cpus);
	g_test_add_func("/inventory/long/list-to-the-limit", test_list_to_the_limit);
	g_test_add_func("/inventory/count/spelled-out", test_count);
	g_test_add_func("/inventory/count/collisions", test_count_collisions);
	g_test_add_func("/inventory/count/most", test_count_most);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_good();
	add_bad();
	add_long();
	return g_test_run();
}
