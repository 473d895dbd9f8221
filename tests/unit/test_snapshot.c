/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/facts_root.h"
#include "topology/facts/snapshot.h"
#include "topology/root/tar.h"

#include <sys/stat.h>

#define XML                                                                                        \
	"<domain type='kvm'><name>v/m</name><vcpu>1</vcpu><metadata>secret</metadata><cputune>"    \
	"<vcpupin vcpu='0' cpuset='1'/></cputune></domain>"

/* A machine of two CPUs, with a little of everything, and secrets. */
static void machine_put(const char *directory)
{
	static const char *const files[][2] = {
		{"proc/cmdline", "quiet rcu_ncbs=1\n"},
		{"proc/sys/kernel/osrelease", "6.1.0\n"},
		{"boot/config-6.1.0", "CONFIG_NO_HZ_FULL=y\n"},
		{"boot/grub/grub.cfg", "password secret\nmenuentry 'x' {\nlinux /v quiet\n}\n"},
		{"sys/devices/system/cpu/possible", "0-1\n"},
		{"sys/devices/system/cpu/present", "0-1\n"},
		{"sys/devices/system/cpu/online", "0-1\n"},
		{"sys/devices/system/cpu/isolated", "1\n"},
		{"sys/devices/system/cpu/cpu0/topology/core_cpus", "1\n"},
		{"sys/devices/system/cpu/cpu0/topology/core_cpus_list", "0\n"},
		{"sys/devices/system/cpu/cpu0/topology/package_cpus", "3\n"},
		{"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"},
		{"sys/devices/system/cpu/cpu1/topology/core_cpus", "2\n"},
		{"sys/devices/system/cpu/cpu1/topology/package_cpus", "3\n"},
		{"sys/devices/system/node/node0/cpulist", "0-1\n"},
		{"sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1024 kB\n"},
		{"sys/devices/virtual/workqueue/cpumask", "1\n"},
		{"proc/irq/default_smp_affinity", "1\n"},
		{"proc/irq/24/smp_affinity_list", "0\n"},
		{"proc/50/task/50/status", "Name:\tqemu-kvm\nCpus_allowed_list:\t0\nSeccomp:\t2\n"},
		{"proc/50/task/51/status", "Name:\tCPU 0/KVM\nCpus_allowed_list:\t1\n"},
		{"etc/libvirt/qemu/vm.xml", XML},
		{"etc/shadow", "secret"},
		{"var/log/libvirt/qemu/vm.log", "secret\n"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++)
		scratch_put(directory, files[i][0], files[i][1]);
	scratch_put_bytes(directory, "proc/1/environ", "K=secret\0rcu_ncbs=1", 19);
	scratch_put_bytes(directory, "proc/50/cmdline", "q\0-name\0vm\0-object\0secret", 25);
}

static GByteArray *snapshot_of(const char *root)
{
	FactsOptions options = {.root = root};
	g_autoptr(GError) error = NULL;
	GByteArray *tar = snapshot_load(&options, NULL, &error);

	g_assert_no_error(error);
	return tar;
}

static void extract(const GByteArray *tar, const char *directory)
{
	g_autoptr(Tree) tree = tar_parse((const char *)tar->data, tar->len, NULL);
	g_autoptr(GPtrArray) paths = tree_paths(tree);

	for (unsigned i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		GBytes *bytes = tree_file(tree, path);
		g_autofree char *to = g_build_filename(directory, path, NULL);

		if (bytes)
			scratch_put_bytes(directory, path, g_bytes_get_data(bytes, NULL),
					  g_bytes_get_size(bytes));
		else
			g_assert_cmpint(g_mkdir_with_parents(to, 0755), ==, 0);
	}
}

/* A snapshot of a snapshot, as a file or extracted, is itself: facts read the same from all. */
static void test_same(void)
{
	g_autofree char *directory = scratch_new(), *extracted = scratch_new();
	g_autofree char *file = g_build_filename(extracted, "node.tar", NULL);
	g_autofree char *below = g_build_filename(extracted, "tree", NULL);
	g_autoptr(GByteArray) first = NULL, again = NULL, second = NULL, third = NULL;

	machine_put(directory);
	first = snapshot_of(directory);
	again = snapshot_of(directory);
	g_assert_cmpmem(first->data, first->len, again->data, again->len);
	g_assert_true(g_file_set_contents(file, (const char *)first->data, first->len, NULL));
	second = snapshot_of(file);
	g_assert_cmpmem(first->data, first->len, second->data, second->len);
	extract(first, below);
	third = snapshot_of(below);
	g_assert_cmpmem(first->data, first->len, third->data, third->len);
	scratch_remove(directory);
	scratch_remove(extracted);
}

/* "SOURCE: WHY" of what was not read of ROOT, a line each; and its snapshot in *TAR. */
static char *unread_of(const char *root, GByteArray **tar)
{
	FactsOptions options = {.root = root};
	g_autoptr(GPtrArray) unread = NULL;
	GString *text = g_string_new(NULL);

	*tar = snapshot_load(&options, &unread, NULL);
	for (guint i = 0; i < unread->len; i++) {
		const Unread *one = g_ptr_array_index(unread, i);

		g_string_append_printf(text, "%s: %s\n", one->source, one->why);
	}
	return g_string_free(text, FALSE);
}

/* Of these only a part is recorded. Where they are damaged that is nothing, and yet the snapshot
 * knows it. */
static void test_damaged(void)
{
	static const char *const damaged[] = {
		"/boot/loader/entries/a.conf",
		"/etc/default/grub",
		"/etc/default/irqbalance",
		"/etc/systemd/system.conf",
		"/etc/systemd/system/irqbalance.service.d/a.conf",
		"/etc/tuned/mine/tuned.conf",
		"/proc/1/environ",
	};
	g_autofree char *directory = scratch_new(), *below = scratch_new();
	g_autofree char *file = g_build_filename(below, "node.tar", NULL);
	g_autofree char *unread = NULL, *again = NULL;
	g_autoptr(GByteArray) tar = NULL, second = NULL;

	machine_put(directory);
	scratch_put(directory, "proc/cmdline", "BOOT_IMAGE=/v quiet\n");
	scratch_put(directory, "boot/grub/grub.cfg", "blscfg\n");
	scratch_put(directory, "etc/tuned/active_profile", "mine\n");
	for (unsigned i = 0; i < G_N_ELEMENTS(damaged); i++)
		scratch_put_bytes(directory, damaged[i] + 1, "a\0b", 3);
	unread = unread_of(directory, &tar);
	g_assert_true(g_file_set_contents(file, (const char *)tar->data, tar->len, NULL));
	again = unread_of(file, &second);
	for (unsigned i = 0; i < G_N_ELEMENTS(damaged); i++) {
		g_assert_nonnull(strstr(unread, damaged[i]));
		g_assert_nonnull(strstr(again, damaged[i]));
	}
	g_assert_cmpmem(tar->data, tar->len, second->data, second->len);
	scratch_remove(directory);
	scratch_remove(below);
}

/* Whether a thread is real-time, and of which priority; what tells a boot loader. */
static void test_kept(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(GByteArray) tar = NULL;
	g_autoptr(Tree) tree = NULL;
	g_autofree char *stat = NULL;
	GBytes *bytes;
	Task task = {0};
	unsigned parent;

	machine_put(directory);
	scratch_put(directory, "proc/50/task/51/stat",
		    "51 (CPU 0/KVM) S 1 3 3 3 3 64 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 "
		    "3 3 3 3 3 3 3 3 3 3 3 3 3 3 7 5 1 3\n");
	scratch_put(directory,
		    "sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "x");
	tar = snapshot_of(directory);
	tree = tar_parse((const char *)tar->data, tar->len, NULL);
	bytes = tree_file(tree, "proc/50/task/51/stat");
	stat = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_assert_true(task_stat_parse(stat, &task, &parent));
	g_assert_cmpuint(task.scheduler.policy, ==, SCHEDULER_FIFO);
	g_assert_cmpuint(task.scheduler.priority, ==, 5);
	g_assert_true(tree_is_directory(tree, "sys/firmware/efi/efivars"));
	task_clear(&task);
	scratch_remove(directory);
}

static void test_secrets(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(GByteArray) tar = NULL;

	machine_put(directory);
	tar = snapshot_of(directory);
	g_assert_null(memmem(tar->data, tar->len, "secret", 6));
	g_assert_nonnull(memmem(tar->data, tar->len, "rcu_ncbs=1", 10));
	g_assert_nonnull(memmem(tar->data, tar->len, "vcpupin", 7));
	scratch_remove(directory);
}

/* Lists without masks, as sosreports have NUMA nodes: repaired; fewer CPU directories: refused. */
static void test_repair(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) whole = NULL, short_of = NULL;

	machine_put(directory);
	scratch_put(directory, "sys/devices/system/node/node1/cpulist", "1\n");
	scratch_put(directory, "sys/devices/system/node/node0/cpulist", "0\n");
	whole = facts_load(&options, NULL);
	g_assert_nonnull(whole->host);
	g_assert_cmpuint(whole->host->nodes->len, ==, 2);
	scratch_put(directory, "sys/devices/system/cpu/present", "0-2\n");
	scratch_put(directory, "sys/devices/system/cpu/online", "0-2\n");
	short_of = facts_load(&options, NULL);
	g_assert_null(short_of->host);
	assert_set(short_of->kernel->online, "0-2");
	scratch_remove(directory);
}

/* hwloc would wait for a FIFO, and follow a link: it never sees them. */
static void test_hostile(void)
{
	g_autofree char *directory = scratch_new();
	g_autofree char *fifo =
		g_build_filename(directory, "sys/devices/system/cpu/cpu1/topology/core_cpus", NULL);
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;

	machine_put(directory);
	g_unlink(fifo);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	facts = facts_load(&options, NULL);
	g_assert_cmpuint(facts->tasks->tasks->len, ==, 2);
	scratch_remove(directory);
}

/* This machine, twice: topology of the snapshot is the machine's. */
static void test_live(void)
{
	FactsOptions options = {.guests.uri = "test:///default"};
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) tar = snapshot_load(&options, NULL, &error);
	g_autoptr(Tree) tree = NULL;
	g_autoptr(Root) root = NULL;
	g_autoptr(Facts) facts = NULL;
	g_autoptr(Host) host = NULL;

	g_assert_no_error(error);
	tree = tar_parse((const char *)tar->data, tar->len, &error);
	g_assert_no_error(error);
	root = root_open_tree(g_steal_pointer(&tree));
	facts = facts_load_root(root, &(FactsOptions){0});
	host = host_load(NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(facts->host->fingerprint, ==, host->fingerprint);
	g_assert_nonnull(facts->guests);
	g_assert_cmpuint(facts->guests->guests->len, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/snapshot/same", test_same);
	g_test_add_func("/snapshot/damaged", test_damaged);
	g_test_add_func("/snapshot/secrets", test_secrets);
	g_test_add_func("/snapshot/kept", test_kept);
	g_test_add_func("/snapshot/repair", test_repair);
	g_test_add_func("/snapshot/hostile", test_hostile);
	g_test_add_func("/snapshot/live", test_live);
	return g_test_run();
}
