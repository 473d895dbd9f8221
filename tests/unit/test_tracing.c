/* SPDX-License-Identifier: MIT */
/* Where the kernel does not let us trace; folders stand for a tracefs. What it does where it does,
 * an emulated host shows. */
#include "tests/unit/scratch.h"
#include "topology/facts/tracing.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Tracing in FOLDER is refused with WORDS; nothing more is in it than before. */
static void refused(const char *folder, const char *words)
{
	g_auto(CpuSet) cpus = cpulist_parse("1", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(tracing_start_in(folder, cpus, NULL, &error));
	if (!strstr(error->message, words))
		g_error("%s: not '%s'", error->message, words);
}

static bool there(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return access(path, F_OK) == 0;
}

/* Empty, as of a kernel that is locked down; without histograms, as of one that has none. */
static void test_less(void)
{
	g_autofree char *folder = scratch_new();

	refused(folder, "locked down for confidentiality");
	scratch_put(folder, "instances/other/trace", "");
	refused(folder, "no histograms of events");
	g_assert_false(there(folder, "instances/" TRACING_INSTANCE));
	g_assert_true(there(folder, "instances/other"));
	scratch_remove(folder);
}

static void test_denied(void)
{
	g_autofree char *folder = scratch_new();
	g_autofree char *instances = g_build_filename(folder, "instances", NULL);

	if (geteuid() == 0) {
		g_test_skip("root may read everything");
		scratch_remove(folder);
		return;
	}
	g_assert_cmpint(g_mkdir(instances, 0), ==, 0);
	refused(folder, "run as root");
	g_assert_cmpint(chmod(instances, 0700), ==, 0);
	g_assert_cmpint(chmod(instances, 0500), ==, 0);
	refused(folder, "run as root");
	g_assert_cmpint(chmod(instances, 0700), ==, 0);
	scratch_remove(folder);
}

static void test_locked(void)
{
	g_autofree char *folder = scratch_new();
	g_autofree char *instances = g_build_filename(folder, "instances", NULL);
	int lock;

	scratch_put(folder, "instances/other/trace", "");
	lock = open(instances, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(flock(lock, LOCK_EX), ==, 0);
	refused(folder, "another planner measures");
	close(lock);
	scratch_remove(folder);
}

/* Somebody traces in an instance that is called as ours: it stays. */
static void test_foreign(void)
{
	static const char file[] = "instances/" TRACING_INSTANCE "/current_tracer";
	g_autofree char *folder = scratch_new();

	scratch_put(folder, file, "function\n");
	refused(folder, "somebody traces there");
	g_assert_true(there(folder, file));
	scratch_remove(folder);
}

static void test_mounted(void)
{
	g_autofree char *none = tracing_mounted("proc /proc proc rw 0 0\n");
	g_autofree char *last = tracing_mounted("tracefs /sys/kernel/tracing tracefs rw 0 0\n"
						"tracefs /mnt/a\\040b tracefs rw 0 0\n");

	g_assert_null(none);
	g_assert_cmpstr(last, ==, "/mnt/a b");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tracing/less", test_less);
	g_test_add_func("/tracing/denied", test_denied);
	g_test_add_func("/tracing/locked", test_locked);
	g_test_add_func("/tracing/foreign", test_foreign);
	g_test_add_func("/tracing/mounted", test_mounted);
	return g_test_run();
}
