/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/facts.h"
#include "topology/guests/tasks.h"

#include <unistd.h>

#define STAT(comm, flags)                                                                          \
	"10 (" comm ") S 2 0 0 0 -1 " flags                                                        \
	" 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 "  \
	"17 "                                                                                      \
	"5 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

/* Of a thread of fifo, priority 7. */
#define REALTIME_STAT                                                                              \
	"9 (CPU 1/KVM) S 1 9 9 0 -1 4194560 0 0 0 0 1 1 0 0 -8 0 1 0 24 0 0 18446744073709551615 " \
	"0 0 0 0 0 0 0 2147483647 0 1 0 0 -1 5 7 1 0 0 0 0 0 0 0 0 0 0 0\n"

static void test_stat(void)
{
	Task task = {0};
	unsigned parent;

	g_assert_true(task_stat_parse(STAT("a) b (c", "69238880"), &task, &parent));
	g_assert_cmpstr(task.comm, ==, "a) b (c");
	g_assert_true(task.kernel && task.unmovable);
	g_assert_cmpint(task.last_cpu, ==, 5);
	g_assert_cmpuint(parent, ==, 2);
	g_assert_cmpint(task.scheduler.policy, ==, SCHEDULER_OTHER);
	g_assert_true(task_stat_parse(STAT("\xff", "2129984"), &task, &parent));
	g_assert_true(task.kernel && !task.unmovable);
	g_assert_cmpstr(task.comm, ==, "\xef\xbf\xbd");
	g_assert_true(task_stat_parse("1 (x) R 0 1 1 0 -1 4194560", &task, &parent));
	g_assert_false(task.kernel);
	g_assert_cmpint(task.last_cpu, ==, -1);
	g_assert_cmpint(task.scheduler.policy, ==, SCHEDULER_UNKNOWN);
	g_assert_true(task_stat_parse(REALTIME_STAT, &task, &parent));
	g_assert_cmpint(task.scheduler.policy, ==, SCHEDULER_FIFO);
	g_assert_cmpuint(task.scheduler.priority, ==, 7);
	g_assert_false(task_stat_parse("", &task, &parent));
	g_assert_false(task_stat_parse("1 (x", &task, &parent));
	g_assert_false(task_stat_parse("1 )x( S 1", &task, &parent));
	g_assert_false(task_stat_parse("1 (x) S y", &task, &parent));
	task_clear(&task);
}

static void test_status(void)
{
	Task kernel = {.pid = 9}, user = {.pid = 10}, none = {0};

	g_assert_true(task_status_parse("Name:\tksoftirqd/3\nState:\tS\nPPid:\t2\n"
					"Cpus_allowed:\t8\nCpus_allowed_list:\t3\n",
					&kernel, true));
	g_assert_true(kernel.kernel && kernel.unmovable);
	assert_set(kernel.allowed, "3");
	g_assert_true(task_status_parse("Name:\tsh\nPPid:\t2\nVmSize:\t1 kB\n"
					"Cpus_allowed_list:\t0-7\n",
					&user, true));
	g_assert_false(user.kernel);
	g_assert_false(task_status_parse("Name:\tx\nXCpus_allowed_list:\t1\n", &none, true));
	task_clear(&kernel);
	task_clear(&user);
	task_clear(&none);
}

static void assert_cgroup(const char *text, const char *path)
{
	g_autofree char *got = task_cgroup_parse(text);

	g_assert_cmpstr(got, ==, path);
}

static void test_cgroup(void)
{
	g_autofree char *timed = task_time_group_parse("4:cpuset:/\n3:cpu,cpuacct:/q/1.scope\n");
	g_autofree char *unified = task_time_group_parse("0::/machine.slice\n");

	g_assert_cmpstr(timed, ==, "/q/1.scope");
	g_assert_null(unified);
	assert_cgroup("0::/machine.slice/a:b\n", "/machine.slice/a:b");
	assert_cgroup("5:cpu,cpuacct:/x\n3:cpuset:/m\n0::/u\n", "/m");
	assert_cgroup("0::/u\n3:memory,cpuset:/m\n", "/m");
	assert_cgroup("1:name=systemd:/x\n", NULL);
	assert_cgroup("", NULL);
}

static void test_vhost(void)
{
	g_assert_cmpuint(task_vhost_of("vhost-4711"), ==, 4711);
	g_assert_cmpuint(task_vhost_of("vhost-"), ==, 0);
	g_assert_cmpuint(task_vhost_of("vhost-47x"), ==, 0);
	g_assert_cmpuint(task_vhost_of("vhost-99999999999"), ==, 0);
	g_assert_cmpuint(task_vhost_of("ghost-1"), ==, 0);
}

/* This process is left out, its parent is there; nothing vanishes into an error. */
static void test_live(void)
{
	g_autoptr(Root) root = scratch_open("/", 0);
	TaskFacts facts = {.tasks = g_array_new(FALSE, TRUE, sizeof(Task))};
	bool parent = false;

	g_array_set_clear_func(facts.tasks, (GDestroyNotify)task_clear);
	tasks_load(root, &facts);
	g_assert_null(facts.taken_from);
	for (guint i = 0; i < facts.tasks->len; i++) {
		const Task *task = &g_array_index(facts.tasks, Task, i);

		g_assert_cmpuint(task->pid, !=, (unsigned)getpid());
		g_assert_true(task->comm && task->allowed);
		parent |= task->pid == (unsigned)getppid();
	}
	g_assert_true(parent);
	g_array_unref(facts.tasks);
}

/* A sosreport has the main threads alone, and sometimes no stat. */
static void test_main_threads(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "proc/10/status", "Name:\tsh\nCpus_allowed_list:\t0-3\n");
	scratch_put(directory, "proc/11/stat", STAT("gone", "0"));
	facts = facts_load(&options, NULL);
	g_assert_cmpuint(facts->tasks->tasks->len, ==, 1);
	g_assert_cmpstr(facts->tasks->taken_from, ==, "main threads only");
	scratch_remove(directory);
}

/* Processes that are links to one another do not multiply what is read. */
static void test_linked_processes(void)
{
	g_autofree char *directory = scratch_new();
	g_autofree char *link = g_build_filename(directory, "proc/11", NULL);
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "proc/10/task/10/status", "Name:\tsh\nCpus_allowed_list:\t0-3\n");
	scratch_put(directory, "proc/10/task/12/status", "Name:\tsh\nCpus_allowed_list:\t0-3\n");
	g_assert_cmpint(symlink("10", link), ==, 0);
	facts = facts_load(&options, NULL);
	g_assert_cmpuint(facts->tasks->tasks->len, ==, 2);
	scratch_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tasks/stat", test_stat);
	g_test_add_func("/tasks/status", test_status);
	g_test_add_func("/tasks/cgroup", test_cgroup);
	g_test_add_func("/tasks/vhost", test_vhost);
	g_test_add_func("/tasks/live", test_live);
	g_test_add_func("/tasks/main-threads", test_main_threads);
	g_test_add_func("/tasks/linked-processes", test_linked_processes);
	return g_test_run();
}
