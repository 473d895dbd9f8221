/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/base/signals.h"
#include "topology/facts/facts_root.h"
#include "topology/host/topology_export.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/*
 * hwloc reads a captured root by itself: it follows links out of it, waits for what a FIFO says,
 * and takes a sosreport, which keeps the lists of NUMA nodes but not the masks, for a machine of
 * one. So it gets a private copy of the few files it needs, read as everything else is, and with
 * the masks where only the lists are there. Signals wait until the copy is gone.
 */

#define NODES "/sys/devices/system/node"
#define CPUS "/sys/devices/system/cpu"
#define XML_MAX (64u << 20)

typedef struct Copy {
	Root *root;
	char *directory; /* private, of mkdtemp() */
	GError **error;
} Copy;

static bool copy_write(const Copy *copy, const char *path, const char *text, size_t length)
{
	g_autofree char *to = g_strconcat(copy->directory, path, NULL);
	g_autofree char *above = g_path_get_dirname(to);
	bool good;
	int fd;

	if (g_mkdir_with_parents(above, 0700) < 0)
		return error_errno(copy->error, above);
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(copy->error, to);
	good = write(fd, text, length) == (ssize_t)length || error_errno(copy->error, to);
	close(fd);
	return good;
}

static bool copy_file(const Copy *copy, const char *path, size_t limit)
{
	size_t length;
	int failure;
	g_autofree char *text = NULL;

	if (signals_waiting())
		return error_refuse(copy->error, "a signal ended it");
	text = root_read_private(copy->root, path, limit, &length, &failure);
	return !text || copy_write(copy, path, text, length);
}

/* hwloc opens these of a CPU and of all CPUs. Of cores and caches it opens the masks, not the
 * lists.
 */
static bool copy_wanted(const char *folder, const char *name)
{
	static const char *const names[] = {"online", "possible", "cpu_capacity", NULL};

	if (g_str_has_suffix(folder, "/topology") || strstr(folder, "/cache/"))
		return !g_str_has_suffix(name, "_list");
	return !g_str_has_prefix(folder, CPUS) || g_strv_contains(names, name);
}

/* The files of FOLDER itself, those that are wanted. */
static bool copy_folder(const Copy *copy, const char *folder)
{
	g_auto(GStrv) names = root_list(copy->root, folder, NULL);
	g_autofree char *to = g_strconcat(copy->directory, folder, NULL);

	if (root_exists(copy->root, folder) && g_mkdir_with_parents(to, 0700) < 0)
		return error_errno(copy->error, to);
	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		if (copy_wanted(folder, names[i]) && !copy_file(copy, path, 65536))
			return false;
	}
	return true;
}

/* FOLDER of each entry PREFIXN of PATH. */
static bool copy_each(const Copy *copy, const char *path, const char *prefix, const char *folder)
{
	g_autoptr(GArray) numbers = root_numbers(copy->root, path, prefix, NULL);

	for (guint i = 0; i < numbers->len; i++) {
		g_autofree char *from = g_strdup_printf(
			"%s/%s%u%s", path, prefix, g_array_index(numbers, unsigned, i), folder);

		if (!copy_folder(copy, from))
			return false;
	}
	return true;
}

/* Which nodes are near a node of memory alone, and how fast it is: hwloc goes by the names of the
 * links, and names HBM by the numbers. */
static bool copy_initiators(const Copy *copy)
{
	g_autoptr(GArray) nodes = root_numbers(copy->root, NODES, "node", NULL);

	for (guint i = 0; i < nodes->len; i++) {
		g_autofree char *from = g_strdup_printf(NODES "/node%u/access0/initiators",
							g_array_index(nodes, unsigned, i));
		g_autoptr(GArray) near = root_numbers(copy->root, from, "node", NULL);

		if (!copy_folder(copy, from))
			return false;
		for (guint n = 0; n < near->len; n++) {
			g_autofree char *link = g_strdup_printf("%s/node%u", from,
								g_array_index(near, unsigned, n));

			if (!copy_write(copy, link, "", 0))
				return false;
		}
	}
	return true;
}

/* What tells the kinds of cores of a hybrid processor apart. */
static bool copy_kinds(const Copy *copy)
{
	static const char *const frequencies[] = {"base_frequency", "cpuinfo_max_freq"};
	g_autoptr(GArray) cpus = root_numbers(copy->root, CPUS, "cpu", NULL);

	for (guint i = 0; i < cpus->len * G_N_ELEMENTS(frequencies); i++) {
		g_autofree char *path =
			g_strdup_printf(CPUS "/cpu%u/cpufreq/%s",
					g_array_index(cpus, unsigned, i / 2), frequencies[i % 2]);

		if (!copy_file(copy, path, 4096))
			return false;
	}
	return copy_file(copy, "/sys/devices/cpu_atom/cpus", 65536) &&
	       copy_file(copy, "/sys/devices/cpu_core/cpus", 65536);
}

/* hwloc tells the memory of Knights Landing by the processor, and that only where it knows the
 * architecture: from a file that its own collector writes. Here the flag of 64-bit mode says it. */
static bool copy_architecture(const Copy *copy)
{
	static const char own[] = "/proc/hwloc-nofile-info", x86[] = "Architecture: x86_64\n";
	size_t length;
	g_autofree char *text =
		root_exists(copy->root, own)
			? NULL
			: root_read(copy->root, "/proc/cpuinfo", NULL, XML_MAX, &length);

	if (!text || !g_regex_match_simple("^flags\\s*:.* lm( |$)", text, G_REGEX_MULTILINE, 0))
		return copy_file(copy, own, 65536);
	return copy_write(copy, own, x86, strlen(x86));
}

static bool copy_caches(const Copy *copy)
{
	g_autoptr(GArray) cpus = root_numbers(copy->root, CPUS, "cpu", NULL);

	for (guint i = 0; i < cpus->len; i++) {
		g_autofree char *caches =
			g_strdup_printf(CPUS "/cpu%u/cache", g_array_index(cpus, unsigned, i));

		if (!copy_each(copy, caches, "index", ""))
			return false;
	}
	return true;
}

/* "0-3,18" → "0004000f" in the words of a mask file. */
static char *mask_format(hwloc_const_bitmap_t set)
{
	int last = hwloc_bitmap_last(set);
	GString *mask = g_string_new(NULL);

	for (int word = MAX(last, 0) / 32; word >= 0; word--) {
		unsigned bits = 0;

		for (unsigned bit = 0; bit < 32; bit++)
			if (hwloc_bitmap_isset(set, (unsigned)word * 32 + bit))
				bits |= 1u << bit;
		g_string_append_printf(mask, "%08x%s", bits, word ? "," : "\n");
	}
	return g_string_free(mask, FALSE);
}

static bool nodes_repair(const Copy *copy)
{
	g_autoptr(GArray) nodes = root_numbers(copy->root, NODES, "node", NULL);

	for (guint i = 0; i < nodes->len; i++) {
		unsigned node = g_array_index(nodes, unsigned, i);
		g_autofree char *list = g_strdup_printf(NODES "/node%u/cpulist", node);
		g_autofree char *map = g_strdup_printf(NODES "/node%u/cpumap", node);
		g_auto(CpuSet) cpus =
			root_exists(copy->root, map) ? NULL : root_cpulist(copy->root, list, NULL);
		g_autofree char *mask = cpus ? mask_format(cpus) : NULL;

		if (mask && !copy_write(copy, map, mask, strlen(mask)))
			return false;
	}
	return true;
}

static bool copy_fill(const Copy *copy)
{
	return copy_folder(copy, CPUS) && copy_each(copy, CPUS, "cpu", "") &&
	       copy_each(copy, CPUS, "cpu", "/topology") && copy_caches(copy) &&
	       copy_folder(copy, NODES) && copy_each(copy, NODES, "node", "") &&
	       nodes_repair(copy) && copy_initiators(copy) && copy_kinds(copy) &&
	       copy_file(copy, "/proc/meminfo", 65536) &&
	       copy_file(copy, "/proc/cpuinfo", XML_MAX) && copy_architecture(copy);
}

static void remove_below(const char *path)
{
	GDir *directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		if (g_unlink(below) < 0)
			remove_below(below);
	}
	if (directory)
		g_dir_close(directory);
	g_rmdir(path);
}

/* Keep the topology of this machine (NULL) or of the copy in the recording. */
static void topology_record(Root *root, const char *fsroot)
{
	g_autofree char *xml = root_recording(root) ? topology_export(fsroot, NULL) : NULL;

	if (xml)
		root_record_text(root, TOPOLOGY_XML, xml);
}

/* Messages name the capture, not the copy. */
static void error_rename(GError *error, const char *copy, const char *name)
{
	g_auto(GStrv) parts = g_strsplit(error->message, copy, -1);

	g_free(error->message);
	error->message = g_strjoinv(name, parts);
}

static bool copy_make(Copy *copy)
{
	bool filled;

	copy->directory = g_dir_make_tmp("planner-XXXXXX", copy->error);
	if (!copy->directory)
		return false;
	root_record_pause(copy->root, true); /* the recording has the topology as XML */
	filled = copy_fill(copy);
	root_record_pause(copy->root, false);
	return filled;
}

static Host *copy_load(Root *root, GError **error)
{
	Copy copy = {.root = root, .error = error};
	GError *what = NULL;
	Host *host = NULL;
	sigset_t before;

	signals_hold(&before);
	if (!copy_make(&copy)) {
		g_prefix_error(error,
			       "cannot copy its files for hwloc into %s (TMPDIR names another "
			       "directory): ",
			       g_get_tmp_dir());
	} else if (!(host = host_load(copy.directory, &what))) {
		error_rename(what, copy.directory,
			     root_directory(root) ? root_directory(root) : "");
		g_propagate_error(error, what);
	} else {
		topology_record(root, copy.directory);
	}
	if (copy.directory)
		remove_below(copy.directory);
	g_free(copy.directory);
	signals_release(&before);
	return host;
}

static Host *capture_host_xml_load(Root *root, GError **error)
{
	size_t length;
	g_autofree char *xml = root_read(root, TOPOLOGY_XML, NULL, XML_MAX, &length);

	if (xml)
		return host_load_xml(TOPOLOGY_XML, xml, length, error);
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    TOPOLOGY_XML " cannot be read");
	return NULL;
}

static Host *live_load(Root *root, GError **error)
{
	Host *host = host_load(NULL, error);

	if (host)
		topology_record(root, NULL);
	return host;
}

Host *capture_host_load(Root *root, const char *fallback, GError **error)
{
	if (root_is_live(root))
		return live_load(root, error);
	if (root_exists(root, TOPOLOGY_XML))
		return capture_host_xml_load(root, error);
	if (root_exists(root, CPUS "/cpu0"))
		return copy_load(root, error);
	if (fallback)
		return source_host_load(fallback, error);
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "the capture has neither " TOPOLOGY_XML " nor " CPUS "/cpu0; name the "
			    "directory that holds its proc and sys, or capture with `planner "
			    "snapshot`");
	return NULL;
}

/* POSIX says "ustar" at byte 257 of a tar. */
static bool is_tar(const char *path)
{
	char magic[5] = "";
	int fd = file_open(path, FILE_REGULAR, NULL);
	bool tar;

	if (fd < 0)
		return false;
	tar = pread(fd, magic, sizeof(magic), 257) == sizeof(magic) &&
	      !memcmp(magic, "ustar", sizeof(magic));
	close(fd);
	return tar;
}

/* A snapshot, as its tar or extracted, or another directory that holds a machine's files? "/" is
 * this machine, whatever it holds. */
static bool is_capture(const char *source)
{
	static const char *const marks[] = {TOPOLOGY_XML, CPUS "/cpu0"};
	g_autofree char *whole = g_canonicalize_filename(source, NULL);

	if (!g_file_test(source, G_FILE_TEST_IS_DIR))
		return is_tar(source);
	for (unsigned i = 0; i < G_N_ELEMENTS(marks) && !g_str_equal(whole, "/"); i++) {
		g_autofree char *mark = g_build_filename(source, marks[i], NULL);

		if (g_file_test(mark, G_FILE_TEST_EXISTS))
			return true;
	}
	return false;
}

Host *source_host_load(const char *source, GError **error)
{
	g_autoptr(Root) root = NULL;
	Host *host;

	if (!source || !is_capture(source))
		return host_load(source, error);
	root = root_open(source, 0, error);
	host = root ? capture_host_load(root, NULL, error) : NULL;
	if (root && !host && error && !g_str_has_prefix((*error)->message, source))
		g_prefix_error(error, "%s: ", source);
	return host;
}
