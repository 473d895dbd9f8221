/* SPDX-License-Identifier: MIT */
#include "topology/host/host_load.h"

#include "topology/base/error.h"
#include "topology/base/file.h"

#include <string.h>

/*
 * hwloc reads the mask files of /sys and takes those that are missing for a simpler machine,
 * without a word. Collectors of support data (sosreport) keep the lists but not the masks, or stop
 * after 64 CPU directories. So: every list must have its mask, every CPU its directory, and what
 * hwloc saw must be all that the kernel had.
 */

#define CPUS "sys/devices/system/cpu"
#define NODES "sys/devices/system/node"
#define LIST_MAX (1u << 20)
#define CAPTURE "capture the machine with `planner snapshot`"

/* A mask file, and the list that says the same. */
typedef struct Mask {
	const char *directory; /* below cpuN/ or nodeN/ */
	const char *list, *mask;
} Mask;

static const Mask cpu_masks[] = {
	{"topology", "core_cpus_list", "core_cpus"},
	{"topology", "thread_siblings_list", "thread_siblings"},
	{"topology", "package_cpus_list", "package_cpus"},
	{"topology", "core_siblings_list", "core_siblings"},
};

static bool host_capture_exists(const char *directory, const char *below, const char *name)
{
	g_autofree char *path = g_build_filename(directory, below, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static bool mask_check(const char *directory, const Mask *mask, GError **error)
{
	if (!host_capture_exists(directory, mask->directory, mask->list) ||
	    host_capture_exists(directory, mask->directory, mask->mask))
		return true;
	return error_refuse(error, "%s%s%s/ has %s but no %s, which hwloc reads; " CAPTURE,
			    directory, *mask->directory ? "/" : "", mask->directory, mask->list,
			    mask->mask);
}

static bool caches_check(const char *cpu, GError **error)
{
	for (unsigned i = 0;; i++) {
		g_autofree char *index = g_strdup_printf("cache/index%u", i);
		Mask mask = {index, "shared_cpu_list", "shared_cpu_map"};

		if (!host_capture_exists(cpu, index, "."))
			return true;
		if (!mask_check(cpu, &mask, error))
			return false;
	}
}

/* An online CPU says who its siblings are; an offline one has no topology/. */
static bool siblings_check(const char *cpu, GError **error)
{
	if (!host_capture_exists(cpu, "topology", ".") ||
	    host_capture_exists(cpu, "topology", "core_cpus") ||
	    host_capture_exists(cpu, "topology", "thread_siblings"))
		return true;
	return error_refuse(
		error,
		"%s/topology/ has no core_cpus, so it is unknown which CPUs share a core; " CAPTURE,
		cpu);
}

static bool cpu_check(const char *root, unsigned number, GError **error)
{
	g_autofree char *name = g_strdup_printf("cpu%u", number);
	g_autofree char *cpu = g_build_filename(root, CPUS, name, NULL);

	if (!g_file_test(cpu, G_FILE_TEST_IS_DIR))
		return error_refuse(
			error, "CPU %u has no directory %s: the capture is cut short; " CAPTURE,
			number, cpu);
	for (guint i = 0; i < G_N_ELEMENTS(cpu_masks); i++)
		if (!mask_check(cpu, &cpu_masks[i], error))
			return false;
	return siblings_check(cpu, error) && caches_check(cpu, error);
}

/* Add to CPUS what the file DIRECTORY/NAME lists; nothing where there is no such file. */
static bool cpus_add(hwloc_bitmap_t cpus, const char *directory, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *text = NULL;
	size_t length;
	g_auto(CpuSet) listed = NULL;

	text = file_read(path, FILE_REGULAR, LIST_MAX, &length, NULL);
	if (!text)
		return true;
	listed = cpulist_parse(g_strstrip(text), error);
	if (!listed) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	/* A node may have none; of those that are online there is one at least. */
	if (hwloc_bitmap_iszero(listed) && !g_str_equal(name, "cpulist"))
		return error_refuse(error, "%s names no CPU", path);
	hwloc_bitmap_or(cpus, cpus, listed);
	return true;
}

/* Add to CPUS those of all nodes, and hold the nodes' lists against their masks. */
static bool host_capture_nodes_check(hwloc_bitmap_t cpus, const char *root, GError **error)
{
	static const Mask mask = {"", "cpulist", "cpumap"};
	g_autofree char *path = g_build_filename(root, NODES, NULL);
	g_autoptr(GDir) nodes = g_dir_open(path, 0, NULL);
	const char *name;

	while (nodes && (name = g_dir_read_name(nodes))) {
		g_autofree char *node = g_build_filename(path, name, NULL);

		if (g_str_has_prefix(name, "node") &&
		    (!mask_check(node, &mask, error) || !cpus_add(cpus, node, "cpulist", error)))
			return false;
	}
	return true;
}

bool capture_check(const char *root, GError **error)
{
	g_autofree char *directory = g_build_filename(root, CPUS, NULL);
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc();
	unsigned cpu;

	if (!host_capture_exists(root, CPUS, "cpu0"))
		return error_refuse(error,
				    "holds no " CPUS "/cpu0: it is not the root of a captured "
				    "machine; " CAPTURE);
	if (!cpus_add(cpus, directory, "present", error) ||
	    !cpus_add(cpus, directory, "online", error) ||
	    !host_capture_nodes_check(cpus, root, error))
		return false;
	hwloc_bitmap_foreach_begin(cpu, cpus)
		if (!cpu_check(root, cpu, error))
			return false;
	hwloc_bitmap_foreach_end();
	return true;
}

/* What CPU's files say of its core, yours; NULL where none of them can be read. */
static hwloc_bitmap_t host_capture_siblings(const char *root, unsigned cpu)
{
	static const char *const names[] = {"core_cpus", "thread_siblings", "core_cpus_list",
					    "thread_siblings_list"};
	hwloc_bitmap_t set = NULL;

	for (unsigned i = 0; !set && i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path =
			g_strdup_printf("%s/" CPUS "/cpu%u/topology/%s", root, cpu, names[i]);
		size_t length;
		g_autofree char *text = file_read(path, FILE_REGULAR, LIST_MAX, &length, NULL);

		if (text && *g_strstrip(text))
			set = g_str_has_suffix(names[i], "_list") ? cpulist_parse(text, NULL)
								  : cpumask_parse(text);
	}
	return set;
}

/* hwloc takes a mask that it cannot read for a core of its own. */
static bool host_capture_cores_check(const char *root, const Host *host, GError **error)
{
	for (guint i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);
		g_auto(CpuSet) said = host_capture_siblings(root, core->cpu[0]),
			       seen = hwloc_bitmap_alloc();
		g_autofree char *list = NULL;

		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(seen, core->cpu[t]);
		if (said)
			hwloc_bitmap_and(said, said, host->online);
		if (!said || hwloc_bitmap_isequal(said, seen))
			continue;
		list = cpulist_format(said);
		return error_refuse(error,
				    CPUS "/cpu%u/topology: the core's CPUs are %s in one file, and "
					 "others in another, which is damaged; " CAPTURE,
				    core->cpu[0], list);
	}
	return true;
}

static bool has_packages(const Host *host)
{
	for (guint i = 1; i < host->cores->len; i++)
		if (host_core(host, i)->package != host_core(host, 0)->package)
			return true;
	return false;
}

bool capture_check_seen(const char *root, const Host *host, GError **error)
{
	g_autofree char *directory = g_build_filename(root, CPUS, NULL);
	g_auto(CpuSet) unseen = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;

	if (!cpus_add(unseen, directory, "online", error))
		return false;
	hwloc_bitmap_andnot(unseen, unseen, host->online);
	list = cpulist_format(unseen);
	if (*list)
		return error_refuse(error, "online CPUs %s are not described in " CPUS "; " CAPTURE,
				    list);
	if (has_packages(host) && !host_capture_exists(root, NODES, "."))
		return error_refuse(error,
				    "has several packages but no " NODES
				    ", so it is unknown which CPUs and memory are near; " CAPTURE);
	return host_capture_cores_check(root, host, error);
}
