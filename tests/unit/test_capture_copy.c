/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/capture_copy.h"
#include "topology/host/topology_export.h"

#define CPUS "sys/devices/system/cpu"

/* The mask of the CPUs SHARED of which each cache, core or package is one's own of so many. */
static void mask_put(const char *root, unsigned cpu, const char *name, unsigned shared)
{
	g_autofree char *path = g_strdup_printf(CPUS "/cpu%u/%s", cpu, name);
	g_autofree char *mask =
		g_strdup_printf("%08x\n", ((1u << shared) - 1) << (cpu / shared * shared));

	scratch_put(root, path, mask);
}

static void line_put(const char *root, unsigned cpu, const char *name, const char *line)
{
	g_autofree char *path = g_strdup_printf(CPUS "/cpu%u/%s", cpu, name);

	scratch_put(root, path, line);
}

/* Two packages of two cores of two threads, with caches of three levels. */
static void machine_put(const char *root)
{
	static const struct {
		const char *index, *level;
		unsigned shared;
	} caches[] = {{"0", "1\n", 2}, {"2", "2\n", 2}, {"3", "3\n", 4}};

	for (unsigned cpu = 0; cpu < 8; cpu++) {
		g_autofree char *core = g_strdup_printf("%u\n", cpu / 2);

		mask_put(root, cpu, "topology/core_cpus", 2);
		mask_put(root, cpu, "topology/package_cpus", 4);
		line_put(root, cpu, "topology/core_id", core);
		line_put(root, cpu, "topology/physical_package_id", cpu < 4 ? "0\n" : "1\n");
		for (unsigned i = 0; i < G_N_ELEMENTS(caches); i++) {
			g_autofree char *folder = g_strconcat("cache/index", caches[i].index, NULL);
			g_autofree char *map = g_strconcat(folder, "/shared_cpu_map", NULL);
			g_autofree char *level = g_strconcat(folder, "/level", NULL);
			g_autofree char *type = g_strconcat(folder, "/type", NULL);

			mask_put(root, cpu, map, caches[i].shared);
			line_put(root, cpu, level, caches[i].level);
			line_put(root, cpu, type, "Unified\n");
		}
	}
	scratch_put(root, CPUS "/online", "0-7\n");
	scratch_put(root, "sys/devices/system/node/node0/cpulist", "0-7\n");
	scratch_put(root, "sys/devices/system/node/node0/cpumap", "ff\n");
	scratch_put(root, "sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1024 kB\n");
}

/* hwloc sees in the copy of DIRECTORY what it sees in the directory. Yours: how many files of
 * caches the copy has. */
static unsigned copy_check(const char *directory)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Root) root = scratch_open(directory, 0);
	g_autoptr(TempDir) copy = capture_copy(root, &error);
	g_autofree char *whole = topology_export(directory, NULL), *copied = NULL;
	unsigned n = 0;

	g_assert_no_error(error);
	copied = topology_export(tempdir_path(copy), NULL);
	g_assert_nonnull(whole);
	g_assert_cmpstr(whole, ==, copied);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		for (unsigned index = 0; index < 4; index++) {
			g_autofree char *level =
				g_strdup_printf("%s/" CPUS "/cpu%u/cache/index%u/level",
						tempdir_path(copy), cpu, index);

			n += g_file_test(level, G_FILE_TEST_EXISTS);
		}
	return n;
}

static void test_same(void)
{
	g_autofree char *directory = scratch_new();

	machine_put(directory);
	g_assert_cmpuint(copy_check(directory), ==, 4 + 4 + 2);
	/* The first CPU of package 1 is offline, and the masks that name it are old. */
	scratch_put(directory, CPUS "/online", "0-3,5-7\n");
	g_assert_cmpuint(copy_check(directory), ==, 4 + 4 + 2 + 3);
	/* Nothing says which are online. */
	g_unlink(CPUS "/online");
	scratch_remove(directory);
	machine_put(directory);
	scratch_put(directory, CPUS "/online", "no list\n");
	g_assert_cmpuint(copy_check(directory), ==, 3 * 8);
	scratch_remove(directory);
}

/* The threads of a core share a folder. One that says something else, or has no such folder, has
 * its own or none. */
static void test_threads(void)
{
	g_autofree char *directory = scratch_new(), *shared = NULL, *own = NULL, *none = NULL;
	g_autoptr(Root) root = NULL;
	g_autoptr(TempDir) copy = NULL;

	machine_put(directory);
	line_put(directory, 3, "topology/core_id", "9\n");
	line_put(directory, 8, "cpu_capacity", "1\n");
	line_put(directory, 9, "cpu_capacity", "1\n");
	g_assert_cmpuint(copy_check(directory), ==, 4 + 4 + 2);
	root = scratch_open(directory, 0);
	copy = capture_copy(root, NULL);
	shared = g_build_filename(tempdir_path(copy), CPUS "/cpu1/topology", NULL);
	own = g_build_filename(tempdir_path(copy), CPUS "/cpu3/topology", NULL);
	none = g_build_filename(tempdir_path(copy), CPUS "/cpu9/topology", NULL);
	g_assert_true(g_file_test(shared, G_FILE_TEST_IS_SYMLINK));
	g_assert_false(g_file_test(own, G_FILE_TEST_IS_SYMLINK));
	g_assert_false(g_file_test(none, G_FILE_TEST_IS_SYMLINK));
	scratch_remove(directory);
}

/* What leads out of a capture, or may be waited for, is not in the copy. */
static void test_hostile(void)
{
	g_autofree char *directory = scratch_new(), *outside = scratch_new();
	g_autofree char *secret = g_build_filename(outside, "secret", NULL);
	g_autofree char *link = g_build_filename(directory, CPUS "/cpu0/topology/die_cpus", NULL);
	g_autofree char *fifo = g_build_filename(directory, CPUS "/cpu1/topology/die_cpus", NULL);
	g_autofree char *copied = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(Root) root = NULL;
	g_autoptr(TempDir) copy = NULL;

	machine_put(directory);
	scratch_put(outside, "secret", "3\n");
	g_assert_cmpint(symlink(secret, link), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	root = scratch_open(directory, 0);
	copy = capture_copy(root, &error);
	g_assert_no_error(error);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		copied = g_strdup_printf("%s/" CPUS "/cpu%u/topology/die_cpus", tempdir_path(copy),
					 cpu);
		g_assert_false(g_file_test(copied, G_FILE_TEST_EXISTS));
		g_clear_pointer(&copied, g_free);
	}
	scratch_remove(directory);
	scratch_remove(outside);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/capture_copy/same", test_same);
	g_test_add_func("/capture_copy/threads", test_threads);
	g_test_add_func("/capture_copy/hostile", test_hostile);
	return g_test_run();
}
