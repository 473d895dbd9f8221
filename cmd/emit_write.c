/* SPDX-License-Identifier: MIT */
#include "cmd/emit_write.h"
#include "cmd/emit_lock.h"
#include "cmd/emit_tree.h"
#include "planner/artifacts/artifact.h"
#include "topology/base/error.h"
#include "topology/base/signals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct EmitWrite {
	const char *dir, *lock;
	GPtrArray *files;    /* in the order they are put in place; the caller's */
	GPtrArray *aside;    /* the names written aside, as files; NULL = none, or in place */
	GHashTable *folders; /* open, by their paths */
	GError **error;
} EmitWrite;

/* Folders */

/* What killed runs left. What cannot be removed does no harm. */
static void emit_write_sweep(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (names && (entry = readdir(names)))
		if (*entry->d_name == '.' && strstr(entry->d_name, ARTIFACT_ASIDE))
			unlinkat(folder, entry->d_name, 0);
	if (names)
		closedir(names);
	else if (fd >= 0)
		close(fd);
}

/* The folder of FILE, open until the end; -1 with errno. *NAME is the file's name in it. */
static int emit_write_folder(const EmitWrite *write, const ArtifactFile *file, const char **name)
{
	g_autofree char *path = g_path_get_dirname(file->path);
	gpointer open = g_hash_table_lookup(write->folders, path);
	int folder;

	*name = strrchr(file->path, '/') + 1;
	if (open)
		return GPOINTER_TO_INT(open) - 1;
	folder = emit_tree_folder(write->dir, file->path, true, name);
	if (folder < 0)
		return -1;
	emit_write_sweep(folder);
	g_hash_table_insert(write->folders, g_steal_pointer(&path), GINT_TO_POINTER(folder + 1));
	return folder;
}

static void emit_write_close(gpointer folder)
{
	close(GPOINTER_TO_INT(folder) - 1);
}

/* A file system that cannot do this for folders says EINVAL. */
static bool emit_write_sync(int folder)
{
	return fsync(folder) == 0 || errno == EINVAL;
}

/* Files */

static bool emit_write_text(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) == 0;
}

/* A new file beside NAME; -1 with errno. *ASIDE is its name, yours. */
static int emit_write_create(int folder, const char *name, unsigned mode, char **aside)
{
	int fd;

	do {
		g_free(*aside);
		*aside = g_strdup_printf(".%s" ARTIFACT_ASIDE "-%08x", name, g_random_int());
		fd = openat(folder, *aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

/* Write FILE beside where it goes; a directory there could not be replaced. */
static bool emit_write_aside(const EmitWrite *write, unsigned i)
{
	const ArtifactFile *file = g_ptr_array_index(write->files, i);
	const char *name;
	char *aside = NULL;
	int folder = emit_write_folder(write, file, &name), fd, code;
	struct stat status;
	bool good;

	if (folder < 0)
		return false;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return false;
	}
	fd = emit_write_create(folder, name, file->mode, &aside);
	if (fd < 0) {
		g_free(aside);
		return false;
	}
	write->aside->pdata[i] = aside;
	good = fchmod(fd, file->mode) == 0 && emit_write_text(fd, file->text);
	code = errno;
	close(fd);
	errno = code;
	return good;
}

/* Does FILE tell of the others? */
static bool emit_write_tells(const ArtifactFile *file)
{
	return file->artifact && file->artifact->of_tree;
}

/* Put in place what was written aside. What tells of the others is there for good before they are.
 */
static bool emit_write_place(const EmitWrite *write, unsigned i)
{
	const ArtifactFile *file = g_ptr_array_index(write->files, i);
	const char *name;
	int folder = emit_write_folder(write, file, &name);

	if (renameat(folder, write->aside->pdata[i], folder, name) < 0)
		return false;
	g_clear_pointer(&write->aside->pdata[i], g_free);
	return !emit_write_tells(file) || emit_write_sync(folder);
}

static void emit_write_take_back(const EmitWrite *write)
{
	for (unsigned i = 0; i < write->files->len; i++) {
		const char *name;

		if (write->aside->pdata[i])
			unlinkat(emit_write_folder(write, write->files->pdata[i], &name),
				 write->aside->pdata[i], 0);
	}
}

/* The tree */

static bool emit_write_all_aside(const EmitWrite *write)
{
	for (unsigned i = 0; i < write->files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(write->files, i);

		if (signals_waiting())
			errno = EINTR;
		else if (emit_write_aside(write, i))
			continue;
		return emit_tree_failed(write->error, write->dir, file->path);
	}
	return true;
}

static bool emit_write_all_place(const EmitWrite *write, GPtrArray *placed)
{
	GHashTableIter folders;
	gpointer path, folder;

	for (unsigned i = 0; i < write->files->len; i++) {
		ArtifactFile *file = g_ptr_array_index(write->files, i);
		bool good = emit_write_place(write, i);

		if (!write->aside->pdata[i])
			g_ptr_array_add(placed, file);
		if (!good)
			return emit_tree_failed(write->error, write->dir, file->path);
	}
	g_hash_table_iter_init(&folders, write->folders);
	while (g_hash_table_iter_next(&folders, &path, &folder))
		if (!emit_write_sync(GPOINTER_TO_INT(folder) - 1))
			return emit_tree_failed(write->error, write->dir, path);
	return true;
}

/* What tells of the other files comes first. */
static GPtrArray *emit_write_order(const GPtrArray *files)
{
	GPtrArray *order = g_ptr_array_new();

	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < files->len; i++) {
			ArtifactFile *file = g_ptr_array_index(files, i);

			if (emit_write_tells(file) == !pass)
				g_ptr_array_add(order, file);
		}
	return order;
}

static bool emit_write_half(const EmitWrite *write, const GPtrArray *placed)
{
	const ArtifactFile *first = g_ptr_array_index(placed, 0);
	bool undo = first->artifact && first->artifact->undoes;

	g_prefix_error(write->error,
		       "%u of %u files are in place, as printed; run this command again to write "
		       "all of them%s%s%s: ",
		       placed->len, write->files->len, undo ? ", or, on the node, sh " : "",
		       undo ? first->path : "", undo ? " to remove what it lists" : "");
	return false;
}

static bool emit_write_locked(const EmitWrite *write, GPtrArray *placed)
{
	if (emit_write_all_aside(write) && emit_write_all_place(write, placed))
		return true;
	emit_write_take_back(write);
	return placed->len && emit_write_half(write, placed);
}

static bool emit_write_held(EmitWrite *write, GPtrArray *placed)
{
	int lock = emit_lock_take(write->dir, write->lock, write->error);
	bool good;

	if (lock < 0)
		return false;
	good = emit_write_locked(write, placed);
	emit_lock_give(write->dir, write->lock, lock);
	return good;
}

bool tree_write(const char *dir, const char *lock, const GPtrArray *files, GPtrArray *placed,
		GError **error)
{
	g_autoptr(GPtrArray) order = emit_write_order(files);
	g_autoptr(GPtrArray) aside = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, emit_write_close);
	EmitWrite write = {dir, lock, order, aside, folders, error};
	sigset_t before;
	bool good;

	g_ptr_array_set_size(aside, (int)order->len);
	if (g_mkdir_with_parents(dir, 0755) < 0)
		return emit_tree_failed(error, dir, "");
	signals_hold(&before);
	good = emit_write_held(&write, placed);
	signals_release(&before);
	return good;
}
