/* SPDX-License-Identifier: MIT */
#include "topology/facts/cgroups.h"
#include "topology/base/library.h"

#include <libcgroup.h>
#include <string.h>

/*
 * libcgroup finds the hierarchy on this machine: which controller is mounted where, v1, v2 or both
 * at once, is what it knows best. The values are read as files, through the root as everything
 * else: cgroup_get_cgroup() reads every file of every controller (110 ms for 300 groups, 3 ms so)
 * and cuts values at 4096 bytes, captures have no libcgroup, and a snapshot then reads as the
 * machine did. Nothing of libcgroup that writes is called: cgroup_unload_cgroups() deletes every
 * group there is, whoever made it.
 *
 * It is loaded when this machine's groups are read. What is called of it is the same in all its
 * releases, so that any of them will do.
 */
#define CGROUP_FUNCTIONS(X) X(cgroup_init) X(cgroup_get_subsys_mount_point)

LIBRARY_TABLE(Libcgroup, CGROUP_FUNCTIONS);
static const char *const cgroup_names[] = LIBRARY_NAMES(CGROUP_FUNCTIONS);
static const char *const cgroup_libraries[] = {SONAME_LIBCGROUP, "libcgroup.so.3", "libcgroup.so.2",
					       "libcgroup.so.1"};

#define MOUNTS "/sys/fs/cgroup"
#define DEEPEST 32
#define GROUPS_MAX 200000u

/* Where a cpuset hierarchy usually is; the file says that it is one, and of which version. */
static const struct {
	const char *mount, *file;
	int version;
} usual[] = {
	{MOUNTS "/cpuset", "cpuset.cpus", 1},
	{MOUNTS, "cgroup.controllers", 2},
	{MOUNTS "/unified", "cgroup.controllers", 2},
};

/* Where v1 has CPU time. */
static const char *const time_mounts[] = {MOUNTS "/cpu,cpuacct", MOUNTS "/cpu"};

static char *mount_ask(void)
{
	Libcgroup lib;
	char *mount = NULL, *copy;
	bool loaded = false;

	for (unsigned i = 0; i < G_N_ELEMENTS(cgroup_libraries) && !loaded; i++)
		loaded = library_load(cgroup_libraries[i], cgroup_names, &lib);
	if (!loaded || lib.cgroup_init() != 0 ||
	    lib.cgroup_get_subsys_mount_point("cpuset", &mount) != 0)
		return NULL;
	copy = g_strdup(mount);
	free(mount); /* NOLINT: the library's malloc */
	return copy;
}

/* v2 lists what it controls; a v1 hierarchy holds the root group's cpuset. */
static int cgroups_version_of(Root *root, const char *mount)
{
	g_autofree char *unified = g_strconcat(mount, "/cgroup.controllers", NULL);
	g_autofree char *cpus = g_strconcat(mount, "/cpuset.cpus", NULL);
	g_autofree char *text = root_text(root, unified, NULL);
	g_auto(GStrv) words = text ? g_strsplit(text, " ", -1) : NULL;

	if (words)
		return g_strv_contains((const char *const *)words, "cpuset") ? 2 : 0;
	return root_exists(root, cpus) ? 1 : 0;
}

static char *mount_find(Root *root, int *version)
{
	g_autofree char *asked = root_is_live(root) ? mount_ask() : NULL;

	*version = asked ? cgroups_version_of(root, asked) : 0;
	if (*version)
		return g_steal_pointer(&asked);
	for (unsigned i = 0; i < G_N_ELEMENTS(usual); i++) {
		*version = cgroups_version_of(root, usual[i].mount);
		if (*version == usual[i].version)
			return g_strdup(usual[i].mount);
	}
	*version = 0;
	return NULL;
}

static hwloc_bitmap_t set_load(Root *root, const char *folder, const char *name)
{
	g_autofree char *path = g_strconcat(folder, "/", name, NULL);
	g_autofree char *source = g_strconcat(MOUNTS "/*/", name, NULL);

	return root_cpulist(root, path, source);
}

static char *text_load(Root *root, const char *folder, const char *name)
{
	g_autofree char *path = g_strconcat(folder, "/", name, NULL);
	g_autofree char *source = g_strconcat(MOUNTS "/*/", name, NULL);

	return root_text(root, path, source);
}

static void cgroup_clear(gpointer data)
{
	Cgroup *group = data;

	g_free(group->path);
	g_free(group->partition);
	hwloc_bitmap_free(group->cpus);
	hwloc_bitmap_free(group->effective);
}

static void quota_clear(gpointer data)
{
	g_free(((CgroupQuota *)data)->path);
}

CgroupFacts *cgroups_new(void)
{
	CgroupFacts *cgroups = g_new0(CgroupFacts, 1);

	cgroups->groups = g_array_new(FALSE, TRUE, sizeof(Cgroup));
	g_array_set_clear_func(cgroups->groups, cgroup_clear);
	cgroups->quotas = g_array_new(FALSE, TRUE, sizeof(CgroupQuota));
	g_array_set_clear_func(cgroups->quotas, quota_clear);
	return cgroups;
}

void cgroups_free(CgroupFacts *cgroups)
{
	g_array_unref(cgroups->groups);
	g_array_unref(cgroups->quotas);
	hwloc_bitmap_free(cgroups->isolated);
	g_free(cgroups);
}

static void group_load(Root *root, CgroupFacts *cgroups, const char *mount, const char *path)
{
	g_autofree char *folder = g_strconcat(mount, path, NULL);
	Cgroup group = {.path = g_utf8_make_valid(*path ? path : "/", -1)};

	group.cpus = set_load(root, folder, "cpuset.cpus");
	if (cgroups->version == 2) {
		group.effective = set_load(root, folder, "cpuset.cpus.effective");
		if (group.effective && !group.cpus) /* the root group has no file of its own */
			group.cpus = hwloc_bitmap_alloc();
		group.partition = text_load(root, folder, "cpuset.cpus.partition");
	} else {
		g_autofree char *exclusive = text_load(root, folder, "cpuset.cpu_exclusive");

		group.effective = set_load(root, folder, "cpuset.effective_cpus");
		group.exclusive = exclusive && g_str_equal(exclusive, "1");
	}
	if (group.cpus)
		g_array_append_val(cgroups->groups, group);
	else
		cgroup_clear(&group);
}

/* CPU time */

/* The number after "NAME " on a line of its own; 0 where there is none. */
static uint64_t stat_number(const char *text, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (unsigned i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], name) && lines[i][strlen(name)] == ' ')
			return g_ascii_strtoull(lines[i] + strlen(name), NULL, 10);
	return 0;
}

/* "200000 100000" of cpu.max, or the two files of v1; "max" and -1 are no limit. */
static void quota_load(Root *root, CgroupFacts *cgroups, const char *folder, const char *path)
{
	bool unified = cgroups->version == 2;
	g_autofree char *text = text_load(root, folder, unified ? "cpu.max" : "cpu.cfs_quota_us");
	g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);
	g_autofree char *period = text && !unified ? text_load(root, folder, "cpu.cfs_period_us")
				  : words[0]	   ? g_strdup(words[1])
						   : NULL;
	CgroupQuota quota = {0};
	g_autofree char *stat = NULL;

	if (!words[0] || !period ||
	    !g_ascii_string_to_unsigned(words[0], 10, 1, G_MAXINT64, &quota.quota, NULL) ||
	    !g_ascii_string_to_unsigned(period, 10, 1, G_MAXINT64, &quota.period, NULL))
		return;
	stat = text_load(root, folder, "cpu.stat");
	quota.path = g_utf8_make_valid(*path ? path : "/", -1);
	quota.periods = stat_number(stat, "nr_periods");
	quota.throttled = stat_number(stat, "nr_throttled");
	g_array_append_val(cgroups->quotas, quota);
}

/* Files of groups have a dot in their names, and nobody lists half a million of them. */
static bool is_group(const char *name)
{
	static const char *const controllers[] = {"cgroup.", "cpuset.",	 "cpu.",  "memory.",
						  "io.",     "pids.",	 "rdma.", "hugetlb.",
						  "misc.",   "cpuacct.", "irq.",  "dmem."};

	for (unsigned i = 0; i < G_N_ELEMENTS(controllers); i++)
		if (g_str_has_prefix(name, controllers[i]))
			return false;
	return strcmp(name, "tasks") != 0 && strcmp(name, "notify_on_release") != 0 &&
	       strcmp(name, "release_agent") != 0;
}

/* What is read of each group: v2 has all in one tree, v1 has cpusets and CPU time in trees of their
 * own, with groups that need not be the same. */
typedef enum Part { PART_CPUS = 1 << 0, PART_TIME = 1 << 1 } Part;

static void cgroups_walk(Root *root, CgroupFacts *cgroups, const char *mount, unsigned parts,
			 const char *path, unsigned depth)
{
	g_autofree char *folder = g_strconcat(mount, path, NULL);
	g_auto(GStrv) names = root_list(root, folder, MOUNTS);
	bool timed = g_strv_contains((const char *const *)names, "cpu.max") ||
		     g_strv_contains((const char *const *)names, "cpu.cfs_quota_us");

	if (cgroups->groups->len + cgroups->quotas->len >= GROUPS_MAX || depth > DEEPEST)
		return;
	if (parts & PART_CPUS)
		group_load(root, cgroups, mount, path);
	if (parts & PART_TIME && timed)
		quota_load(root, cgroups, folder, path);
	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *below = g_strconcat(path, "/", names[i], NULL);

		if (is_group(names[i]))
			cgroups_walk(root, cgroups, mount, parts, below, depth + 1);
	}
}

void cgroups_load(Root *root, CgroupFacts *cgroups)
{
	g_autofree char *mount = mount_find(root, &cgroups->version);

	if (!mount) {
		root_note_missing(root, MOUNTS);
		return;
	}
	if (cgroups->version == 2) {
		cgroups_walk(root, cgroups, mount, PART_CPUS | PART_TIME, "", 0);
		cgroups->isolated = set_load(root, mount, "cpuset.cpus.isolated");
		return;
	}
	cgroups_walk(root, cgroups, mount, PART_CPUS, "", 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(time_mounts); i++)
		if (root_exists(root, time_mounts[i])) {
			cgroups_walk(root, cgroups, time_mounts[i], PART_TIME, "", 0);
			break;
		}
}

const FactSource cgroup_sources[] = {
	{FACT_CGROUPS, {MOUNTS, "/proc/PID/cgroup", "cgroup"}, NULL},
	{0},
};
