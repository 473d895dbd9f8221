/* SPDX-License-Identifier: MIT */
#include "topology/root/archive.h"

#include "topology/base/error.h"
#include "topology/base/kind.h"
#include "topology/base/library.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#define ENTRIES_MAX 1000000u
#define FILE_LARGEST (16u << 20)
#define BYTES_MAX (512u << 20)		 /* of what is kept */
#define UNPACKED_MAX (INT64_C(16) << 30) /* of all that is unpacked on the way */

#define ARCHIVE_FUNCTIONS(X)                                                                       \
	X(archive_entry_filetype)                                                                  \
	X(archive_entry_hardlink)                                                                  \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_perm)                                                                      \
	X(archive_entry_size)                                                                      \
	X(archive_entry_symlink)                                                                   \
	X(archive_error_string)                                                                    \
	X(archive_read_data)                                                                       \
	X(archive_read_free)                                                                       \
	X(archive_read_new)                                                                        \
	X(archive_read_next_header)                                                                \
	X(archive_read_open_memory)                                                                \
	X(archive_read_support_filter_gzip)                                                        \
	X(archive_read_support_filter_xz)                                                          \
	X(archive_read_support_filter_zstd)                                                        \
	X(archive_read_support_format_tar)

LIBRARY_TABLE(Libarchive, ARCHIVE_FUNCTIONS);
static const char *const libarchive_names[] = LIBRARY_NAMES(ARCHIVE_FUNCTIONS);

/* One that is being read. */
typedef struct Unpacking {
	Libarchive lib;
	struct archive *archive;
	Tree *tree;
	GHashTable *links; /* hard ones: path → path of the file that it is */
	size_t kept;
	int64_t unpacked;
	unsigned entries;
} Unpacking;

bool archive_named(const char *file)
{
	static const char *const ends[] = {".tar",    ".tar.gz", ".tgz",
					   ".tar.xz", ".txz",	 ".tar.zst"};

	for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(file, ends[i]))
			return true;
	return false;
}

static bool archive_refuse(GError **error, const char *why, const char *path)
{
	g_autofree char *shown = g_utf8_make_valid(path, MIN(strlen(path), 80));

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "is refused: %s: %s",
		    g_strdelimit(shown, "\n\r\t", ' '), why);
	return false;
}

/* Facts are small, and logs are none but libvirt's. */
static bool is_wanted(const char *path, int64_t size)
{
	return size >= 0 && size <= FILE_LARGEST &&
	       (!strstr(path, "var/log/") || strstr(path, "var/log/libvirt/")) &&
	       !strstr(path, "sos_logs/") && !strstr(path, "sos_reports/");
}

static bool file_unpack(Unpacking *u, struct archive_entry *entry, const char *path, GError **error)
{
	size_t size = (size_t)u->lib.archive_entry_size(entry), got = 0;
	g_autofree char *bytes = g_malloc(size + 1);
	ssize_t n = 1;

	if (tree_file(u->tree, path))
		return archive_refuse(error, "it is there twice", path);
	u->kept += size;
	if (u->kept > BYTES_MAX)
		return archive_refuse(error, "it is too large", path);
	while (got < size && n > 0) {
		n = u->lib.archive_read_data(u->archive, bytes + got, size - got);
		got += n > 0 ? (size_t)n : 0;
	}
	if (got < size)
		return archive_refuse(error, "it is cut short or damaged", path);
	if (!tree_add_file(u->tree, path, bytes, size))
		return archive_refuse(error, "it is below a file, or both file and directory",
				      path);
	tree_set_mode(u->tree, path, u->lib.archive_entry_perm(entry) & 0777);
	return true;
}

static bool link_unpack(Unpacking *u, struct archive_entry *entry, const char *path)
{
	const char *hard = u->lib.archive_entry_hardlink(entry);
	const char *soft = u->lib.archive_entry_symlink(entry);

	if (hard) {
		char *target = g_strdup(hard);

		tree_path_trim(target);
		g_hash_table_insert(u->links, g_strdup(path), target);
		return true;
	}
	/* To /dev/null they are put on purpose: as if nothing were there. */
	return !soft || g_str_equal(soft, "/dev/null") || tree_add_link(u->tree, path, soft);
}

static bool entry_unpack(Unpacking *u, struct archive_entry *entry, GError **error)
{
	const char *name = u->lib.archive_entry_pathname(entry);
	g_autofree char *path = g_strdup(name ? name : "");
	mode_t type = u->lib.archive_entry_filetype(entry);
	int64_t size = u->lib.archive_entry_size(entry);

	tree_path_trim(path);
	if (!*path || g_str_equal(path, "."))
		return true;
	u->unpacked += MAX(size, 0);
	if (++u->entries > ENTRIES_MAX || u->unpacked > UNPACKED_MAX)
		return archive_refuse(error, "it is too large", path);
	if (!tree_path_allowed(path))
		return archive_refuse(error, "it leads out of the archive", path);
	if (u->lib.archive_entry_hardlink(entry) || type == S_IFLNK)
		return link_unpack(u, entry, path) ||
		       archive_refuse(error, "it is below a file", path);
	if (type == S_IFDIR)
		return tree_add_directory(u->tree, path) ||
		       archive_refuse(error, "it is both file and directory", path);
	if (type != S_IFREG)
		return archive_refuse(error, "it is neither a file nor a directory", path);
	return !is_wanted(path, size) || file_unpack(u, entry, path, error);
}

static void links_follow(Unpacking *u)
{
	GHashTableIter iter;
	gpointer path, target;

	g_hash_table_iter_init(&iter, u->links);
	while (g_hash_table_iter_next(&iter, &path, &target)) {
		GBytes *bytes = tree_file(u->tree, target);
		size_t length;
		const char *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;

		u->kept += data ? length : 0;
		if (tree_file(u->tree, path))
			continue;
		if (data && u->kept <= BYTES_MAX)
			tree_add_file(u->tree, path, data, length);
		else
			tree_add_link(u->tree, path, "");
	}
}

static bool unpack_all(Unpacking *u, const char *bytes, size_t length, GError **error)
{
	FileKindFound kind = kind_of_text(bytes, length);
	struct archive_entry *entry;
	int status;

	u->lib.archive_read_support_filter_gzip(u->archive);
	u->lib.archive_read_support_filter_xz(u->archive);
	u->lib.archive_read_support_filter_zstd(u->archive);
	u->lib.archive_read_support_format_tar(u->archive);
	status = u->lib.archive_read_open_memory(u->archive, bytes, length);
	while (status == ARCHIVE_OK &&
	       (status = u->lib.archive_read_next_header(u->archive, &entry)) == ARCHIVE_OK)
		if (!entry_unpack(u, entry, error))
			return false;
	if (status == ARCHIVE_EOF && u->entries)
		return true;
	if (kind != KIND_UNKNOWN && kind != KIND_TAR) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "is %s, not a capture",
			    kind_names[kind]);
		return false;
	}
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "not a tar file, plain or compressed with gzip, xz or zstd, or damaged: %s",
		    status == ARCHIVE_EOF ? "it is empty"
					  : u->lib.archive_error_string(u->archive));
	return false;
}

Tree *archive_parse(const char *bytes, size_t length, GError **error)
{
	Unpacking u = {0};
	g_autoptr(Tree) tree = tree_new();
	bool whole;

	if (!library_load(SONAME_LIBARCHIVE, libarchive_names, &u.lib)) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
			    "this machine has no " SONAME_LIBARCHIVE
			    " to read it with; unpack it, and name "
			    "the directory");
		return NULL;
	}
	u.archive = u.lib.archive_read_new();
	u.tree = tree;
	u.links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	whole = unpack_all(&u, bytes, length, error);
	if (whole)
		links_follow(&u);
	u.lib.archive_read_free(u.archive);
	g_hash_table_unref(u.links);
	return whole ? g_steal_pointer(&tree) : NULL;
}
