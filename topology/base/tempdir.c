/* SPDX-License-Identifier: MIT */
#include "topology/base/tempdir.h"

#include "topology/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct TempDir {
	char *path;
	int fd;
	GPtrArray *made;	 /* of char *, as they were made; directories end in "/" */
	GHashTable *directories; /* of char *, those that are there */
	GHashTable *texts;	 /* GBytes → char *, the file that has it */
};

static TempDir *tempdir_open(const char *place, GError **error)
{
	g_autofree char *name = g_strdup_printf("planner-%d-XXXXXX", (int)getpid());
	g_autofree char *path = g_build_filename(place, name, NULL);
	TempDir *directory;

	if (!g_mkdtemp_full(path, 0700)) {
		error_errno(error, place);
		return NULL;
	}
	directory = g_new0(TempDir, 1);
	directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	directory->path = g_steal_pointer(&path);
	directory->made = g_ptr_array_new_with_free_func(g_free);
	directory->directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	directory->texts = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
						 (GDestroyNotify)g_bytes_unref, NULL);
	return directory;
}

void tempdir_free(TempDir *directory)
{
	if (!directory)
		return;
	for (guint i = directory->made->len; i > 0; i--) {
		const char *path = g_ptr_array_index(directory->made, i - 1);

		unlinkat(directory->fd, path, g_str_has_suffix(path, "/") ? AT_REMOVEDIR : 0);
	}
	if (directory->fd >= 0)
		close(directory->fd);
	rmdir(directory->path);
	g_hash_table_unref(directory->texts);
	g_hash_table_unref(directory->directories);
	g_ptr_array_unref(directory->made);
	g_free(directory->path);
	g_free(directory);
}

TempDir *tempdir_new(TempDirFill *fill, void *data, GError **error)
{
	const char *const places[] = {"/dev/shm", g_get_tmp_dir()};

	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(TempDir) directory = NULL;

		g_clear_error(error);
		directory = tempdir_open(places[i], error);
		if (directory && fill(directory, data, error))
			return g_steal_pointer(&directory);
	}
	return NULL;
}

const char *tempdir_path(const TempDir *directory)
{
	return directory->path;
}

static bool tempdir_failed(const TempDir *directory, const char *path, GError **error)
{
	int failure = errno;
	g_autofree char *whole = g_build_filename(directory->path, path, NULL);

	errno = failure;
	return error_errno(error, whole);
}

/* The directory PATH, relative, whose parent is there. */
static bool directory_make(TempDir *directory, const char *path, GError **error)
{
	if (!g_hash_table_add(directory->directories, g_strdup(path)))
		return true;
	if (mkdirat(directory->fd, path, 0700) < 0)
		return errno == EEXIST || tempdir_failed(directory, path, error);
	g_ptr_array_add(directory->made, g_strconcat(path, "/", NULL));
	return true;
}

bool tempdir_add_directory(TempDir *directory, const char *path, GError **error)
{
	const char *relative = path + strspn(path, "/");

	if (g_hash_table_contains(directory->directories, relative))
		return true;
	for (const char *slash = relative; (slash = strchr(slash, '/')); slash++) {
		g_autofree char *above = g_strndup(relative, slash - relative);

		if (!directory_make(directory, above, error))
			return false;
	}
	return directory_make(directory, relative, error);
}

/* PATH as another name of the file that has TEXT. False where there is none, or no such name can
 * be had. */
static bool file_link(TempDir *directory, const char *path, GBytes *text)
{
	const char *first = g_hash_table_lookup(directory->texts, text);

	return first && linkat(directory->fd, first, directory->fd, path, 0) == 0;
}

static bool file_write(TempDir *directory, const char *path, const char *text, size_t length,
		       GError **error)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(directory->fd, path, flags, 0600);
	bool good;

	if (fd < 0)
		return tempdir_failed(directory, path, error);
	errno = ENOSPC; /* what a short write means */
	good = write(fd, text, length) == (ssize_t)length || tempdir_failed(directory, path, error);
	close(fd);
	return good;
}

bool tempdir_add_file(TempDir *directory, const char *path, const char *text, size_t length,
		      GError **error)
{
	char *name = g_strdup(path + strspn(path, "/"));
	g_autofree char *above = g_path_get_dirname(name);
	g_autoptr(GBytes) bytes = g_bytes_new(text, length);
	bool there = tempdir_add_directory(directory, above, error);

	g_ptr_array_add(directory->made, name);
	if (!there || file_link(directory, name, bytes))
		return there;
	if (faccessat(directory->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (!file_write(directory, name, text, length, error))
		return false;
	g_hash_table_insert(directory->texts, g_steal_pointer(&bytes), name);
	return true;
}
