/* SPDX-License-Identifier: MIT */
#include "topology/facts/capture_copy.h"

#include "topology/base/error.h"
#include "topology/base/signals.h"

#include <errno.h>
#include <string.h>

#define NODES "/sys/devices/system/node"
#define CPUS "/sys/devices/system/cpu"
#define CPUINFO_MAX (64u << 20)

typedef struct Copy {
	Root *root;
	TempDir *directory;
	hwloc_bitmap_t seen; /* CPUs that hwloc will see */
	GHashTable *folders; /* GBytes, what a topology/ holds → char *, the folder that has it */
	GError **error;
} Copy;

static bool copy_write(const Copy *copy, const char *path, const char *text, size_t length)
{
	return tempdir_add_file(copy->directory, path, text, length, copy->error);
}

/* The bytes of PATH, yours; NULL where there are none. False only where this machine is at its end.
 */
static bool copy_read(const Copy *copy, const char *path, size_t limit, char **text, size_t *length)
{
	int failure;

	if (signals_waiting())
		return error_refuse(copy->error, "a signal ended it");
	*text = root_read_private(copy->root, path, limit, length, &failure);
	errno = failure;
	return *text || (failure != EMFILE && failure != ENFILE && failure != ENOMEM) ||
	       error_errno(copy->error, path);
}

static bool copy_file(const Copy *copy, const char *path, size_t limit)
{
	size_t length;
	g_autofree char *text = NULL;

	return copy_read(copy, path, limit, &text, &length) &&
	       (!text || copy_write(copy, path, text, length));
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

typedef struct CopyFile {
	char *name, *text;
	size_t length;
} CopyFile;

static void copy_file_free(void *data)
{
	CopyFile *file = data;

	g_free(file->name);
	g_free(file->text);
	g_free(file);
}

/* The files of FOLDER itself, those that are wanted. Of CopyFile *, yours; NULL with an error. */
static GPtrArray *folder_read(const Copy *copy, const char *folder)
{
	g_auto(GStrv) names = root_list(copy->root, folder, NULL);
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(copy_file_free);

	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		CopyFile found = {0}, *file;

		if (!copy_wanted(folder, names[i]))
			continue;
		if (!copy_read(copy, path, 65536, &found.text, &found.length))
			return NULL;
		if (!found.text)
			continue;
		found.name = g_strdup(names[i]);
		file = g_new(CopyFile, 1);
		*file = found;
		g_ptr_array_add(files, file);
	}
	return g_steal_pointer(&files);
}

static bool folder_write(const Copy *copy, const char *folder, const GPtrArray *files)
{
	if ((files->len || root_exists(copy->root, folder)) &&
	    !tempdir_add_directory(copy->directory, folder, copy->error))
		return false;
	for (guint i = 0; i < files->len; i++) {
		const CopyFile *file = g_ptr_array_index(files, i);
		g_autofree char *path = g_build_filename(folder, file->name, NULL);

		if (!copy_write(copy, path, file->text, file->length))
			return false;
	}
	return true;
}

static bool copy_folder(const Copy *copy, const char *folder)
{
	g_autoptr(GPtrArray) files = folder_read(copy, folder);

	return files && folder_write(copy, folder, files);
}

/* FILES as one text that no others have; yours. */
static GBytes *files_join(const GPtrArray *files)
{
	GByteArray *all = g_byte_array_new();

	for (guint i = 0; i < files->len; i++) {
		const CopyFile *file = g_ptr_array_index(files, i);

		g_byte_array_append(all, (const guint8 *)file->name, (guint)strlen(file->name) + 1);
		g_byte_array_append(all, (const guint8 *)&file->length, sizeof(file->length));
		g_byte_array_append(all, (const guint8 *)file->text, (guint)file->length);
	}
	return g_byte_array_free_to_bytes(all);
}

/* The topology/ of a CPU. The threads of a core have the same there: one folder does for them. */
static bool copy_topology(const Copy *copy, const char *folder)
{
	g_autoptr(GPtrArray) files = folder_read(copy, folder);
	g_autoptr(GBytes) all = files ? files_join(files) : NULL;
	const char *first = all ? g_hash_table_lookup(copy->folders, all) : NULL;

	if (!files)
		return false;
	if (first && tempdir_add_again(copy->directory, folder, first))
		return true;
	if (!first && files->len)
		g_hash_table_insert(copy->folders, g_steal_pointer(&all), g_strdup(folder));
	return folder_write(copy, folder, files);
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

/* The processor of /proc/cpuinfo TEXT: the flag of 64-bit mode, the registers of ARM, what only
 * POWER and s390x say; NULL = another. POWER is taken for little-endian, as its hosts of today are.
 */
static const char *architecture_of(const char *text)
{
	static const struct {
		const char *says, *line;
	} rows[] = {{"^flags\\s*:.* lm( |$)", "Architecture: x86_64\n"},
		    {"^CPU implementer\\s*:", "Architecture: aarch64\n"},
		    {"^cpu\\s*: POWER", "Architecture: ppc64le\n"},
		    {"^vendor_id\\s*: IBM/S390", "Architecture: s390x\n"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (g_regex_match_simple(rows[i].says, text, G_REGEX_MULTILINE, 0))
			return rows[i].line;
	return NULL;
}

/* hwloc tells the memory of Knights Landing by the processor, and that only where it knows the
 * architecture: from a file that its own collector writes. */
static bool copy_architecture(const Copy *copy)
{
	static const char own[] = "/proc/hwloc-nofile-info";
	size_t length;
	const char *architecture;
	g_autofree char *text =
		root_exists(copy->root, own)
			? NULL
			: root_read(copy->root, "/proc/cpuinfo", NULL, CPUINFO_MAX, &length);

	architecture = text ? architecture_of(text) : NULL;
	return architecture ? copy_write(copy, own, architecture, strlen(architecture))
			    : copy_file(copy, own, 65536);
}

/* hwloc takes a cache from the first CPU that it sees of those that have it. */
static bool cache_known(const Copy *copy, unsigned cpu, const char *cache)
{
	g_autofree char *path = g_build_filename(cache, "shared_cpu_map", NULL);
	size_t length;
	int failure;
	g_autofree char *text = root_read_private(copy->root, path, 65536, &length, &failure);
	g_auto(CpuSet) cpus = text ? cpumask_parse(g_strstrip(text)) : NULL;

	if (!cpus)
		return false;
	hwloc_bitmap_and(cpus, cpus, copy->seen);
	return hwloc_bitmap_first(cpus) >= 0 && (unsigned)hwloc_bitmap_first(cpus) < cpu;
}

static bool copy_caches(const Copy *copy, unsigned cpu)
{
	g_autofree char *caches = g_strdup_printf(CPUS "/cpu%u/cache", cpu);
	g_autoptr(GArray) levels = root_numbers(copy->root, caches, "index", NULL);

	for (guint i = 0; i < levels->len; i++) {
		g_autofree char *cache =
			g_strdup_printf("%s/index%u", caches, g_array_index(levels, unsigned, i));

		if (!cache_known(copy, cpu, cache) && !copy_folder(copy, cache))
			return false;
	}
	return true;
}

static bool copy_cpus(const Copy *copy)
{
	g_autoptr(GArray) cpus = root_numbers(copy->root, CPUS, "cpu", NULL);

	for (guint i = 0; i < cpus->len; i++) {
		unsigned cpu = g_array_index(cpus, unsigned, i);
		g_autofree char *folder = g_strdup_printf(CPUS "/cpu%u", cpu);
		g_autofree char *topology = g_strconcat(folder, "/topology", NULL);

		if (!copy_folder(copy, folder) || !copy_topology(copy, topology) ||
		    !copy_caches(copy, cpu))
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

/* Those that are online and whose cores are told. Without a list of those online, none: what two
 * CPUs share is copied for both. */
static hwloc_bitmap_t cpus_seen(Root *root)
{
	hwloc_bitmap_t cpus = root_cpulist(root, CPUS "/online", NULL);
	unsigned cpu;

	if (!cpus)
		return hwloc_bitmap_alloc();
	hwloc_bitmap_foreach_begin(cpu, cpus)
		{
			g_autofree char *topology = g_strdup_printf(CPUS "/cpu%u/topology", cpu);

			if (!root_exists(root, topology))
				hwloc_bitmap_clr(cpus, cpu);
		}
	hwloc_bitmap_foreach_end();
	return cpus;
}

static bool copy_fill(TempDir *directory, void *data, GError **error)
{
	g_autoptr(GHashTable) folders = g_hash_table_new_full(
		g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, g_free);
	Copy copy = {.root = data, .directory = directory, .folders = folders, .error = error};
	g_auto(CpuSet) seen = cpus_seen(copy.root);

	copy.seen = seen;
	return copy_folder(&copy, CPUS) && copy_cpus(&copy) && copy_folder(&copy, NODES) &&
	       copy_each(&copy, NODES, "node", "") && nodes_repair(&copy) &&
	       copy_initiators(&copy) && copy_kinds(&copy) &&
	       copy_file(&copy, "/proc/meminfo", 65536) &&
	       copy_file(&copy, "/proc/cpuinfo", CPUINFO_MAX) && copy_architecture(&copy);
}

TempDir *capture_copy(Root *root, GError **error)
{
	TempDir *directory;

	root_record_pause(root, true); /* it has the topology as XML */
	directory = tempdir_new(copy_fill, root, error);
	root_record_pause(root, false);
	return directory;
}
