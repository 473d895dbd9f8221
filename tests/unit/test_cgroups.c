/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/facts.h"

static Facts *load(const char *directory)
{
	FactsOptions options = {.root = directory};

	return facts_load(&options, NULL);
}

static const Cgroup *group_at(const Facts *facts, const char *path)
{
	for (guint i = 0; i < facts->cgroups->groups->len; i++) {
		const Cgroup *group = &g_array_index(facts->cgroups->groups, Cgroup, i);

		if (!strcmp(group->path, path))
			return group;
	}
	g_error("no group %s", path);
}

static void test_v2(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory\n");
	scratch_put(directory, "sys/fs/cgroup/cpuset.cpus.effective", "0-5\n");
	scratch_put(directory, "sys/fs/cgroup/cpuset.cpus.isolated", "6-7\n");
	scratch_put(directory, "sys/fs/cgroup/a.slice/cpuset.cpus", "6-7\n");
	scratch_put(directory, "sys/fs/cgroup/a.slice/cpuset.cpus.effective", "6-7\n");
	scratch_put(directory, "sys/fs/cgroup/a.slice/cpuset.cpus.partition",
		    "isolated invalid (Cpu list in cpuset.cpus not exclusive)\n");
	scratch_put(directory, "sys/fs/cgroup/a.slice/b\\x2dc.scope/cpuset.cpus", "\n");
	scratch_put(directory, "sys/fs/cgroup/none.slice/cgroup.procs", "\n");
	facts = load(directory);
	g_assert_cmpint(facts->cgroups->version, ==, 2);
	g_assert_cmpuint(facts->cgroups->groups->len, ==, 3);
	assert_set(facts->cgroups->isolated, "6-7");
	assert_set(group_at(facts, "/")->effective, "0-5");
	assert_set(group_at(facts, "/a.slice")->cpus, "6-7");
	g_assert_true(g_str_has_prefix(group_at(facts, "/a.slice")->partition, "isolated invalid"));
	assert_set(group_at(facts, "/a.slice/b\\x2dc.scope")->cpus, "");
	scratch_remove(directory);
}

static void test_v1(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "sys/fs/cgroup/cpuset/cpuset.cpus", "0-7\n");
	scratch_put(directory, "sys/fs/cgroup/cpuset/machine/cpuset.cpus", "0-3\n");
	scratch_put(directory, "sys/fs/cgroup/cpuset/machine/cpuset.effective_cpus", "0-1\n");
	scratch_put(directory, "sys/fs/cgroup/cpuset/machine/cpuset.cpu_exclusive", "1\n");
	scratch_put(directory, "sys/fs/cgroup/unified/cgroup.controllers", "\n");
	facts = load(directory);
	g_assert_cmpint(facts->cgroups->version, ==, 1);
	g_assert_cmpuint(facts->cgroups->groups->len, ==, 2);
	assert_set(group_at(facts, "/machine")->cpus, "0-3");
	assert_set(group_at(facts, "/machine")->effective, "0-1");
	g_assert_true(group_at(facts, "/machine")->exclusive);
	g_assert_null(facts->cgroups->isolated);
	scratch_remove(directory);
}

static void test_none(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "sys/fs/cgroup/cgroup.controllers", "memory pids\n");
	facts = load(directory);
	g_assert_cmpint(facts->cgroups->version, ==, 0);
	g_assert_cmpuint(facts->cgroups->groups->len, ==, 0);
	scratch_remove(directory);
}

/* What libcgroup finds on this machine is what its files say. */
static void test_live(void)
{
	g_autoptr(Facts) facts = load("/");

	g_assert_true(facts->live);
	if (facts->cgroups->version)
		g_assert_nonnull(group_at(facts, "/")->effective);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cgroups/v2", test_v2);
	g_test_add_func("/cgroups/v1", test_v1);
	g_test_add_func("/cgroups/none", test_none);
	g_test_add_func("/cgroups/live", test_live);
	return g_test_run();
}
