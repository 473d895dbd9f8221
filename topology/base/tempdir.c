/* SPDX-License-Identifier: MIT */
#include "topology/base/tempdir.h"

#include "topology/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPDIR_PREFIX "planner-copy-" /* such that nobody calls a folder of his own so */

struct TempDir {
	char *path;
	int fd;
	GPtrArray *made;	 /* of char *, as they were made; directories end in "/" */
	GHashTable *directories; /* of char *, those that are there */
	GHashTable *texts;	 /* GBytes → char *, the file that has it */
};

#define LEFT_TRIES 100 /* somebody takes away what we have just made, each time */

/* planner-copy-PID-XXXXXX: is NAME one of ours, and is there no such process here? */
static bool left_named(const char *name)
{
	const char *rest;
	char *end;
	long pid;

	if (!g_str_has_prefix(name, TEMPDIR_PREFIX))
		return false;
	rest = name + strlen(TEMPDIR_PREFIX);
	pid = g_ascii_isdigit(*rest) ? strtol(rest, &end, 10) : 0;
	return pid > 0 && pid <= G_MAXINT && strlen(end) == strlen("-XXXXXX") && *end == '-' &&
	       kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static int left_remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)at;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

/* Is the directory open as FD still called PATH? */
static bool directory_there(int fd, const char *path, struct stat *status)
{
	struct stat named;

	return fstat(fd, status) == 0 && lstat(path, &named) == 0 &&
	       status->st_dev == named.st_dev && status->st_ino == named.st_ino;
}

/* Does nobody have it any more, and is it ours alone? */
static bool left_behind(int fd, const char *path)
{
	struct stat status;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && directory_there(fd, path, &status) &&
	       status.st_uid == geteuid() && (status.st_mode & 0777) == 0700;
}

/* Take away what programs that were killed left in PLACE. Who makes one has a lock on it soon: it
 * looks whether it is still there then. */
static void left_remove(const char *place)
{
	GDir *open_place = g_dir_open(place, 0, NULL);

	for (const char *name; open_place && (name = g_dir_read_name(open_place));) {
		g_autofree char *path = g_build_filename(place, name, NULL);
		int fd = left_named(name)
				 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				 : -1;

		if (fd < 0)
			continue;
		if (left_behind(fd, path))
			nftw(path, left_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		close(fd);
	}
	if (open_place)
		g_dir_close(open_place);
}

/* Lock it, where its place has locks; false where somebody takes it away meanwhile. */
static bool directory_keep(int fd, const char *path)
{
	struct stat status;

	return (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	       directory_there(fd, path, &status);
}

/* A new directory in PLACE, PATH (yours), open; -1 with errno. */
static int directory_new(const char *place, char **path)
{
	int fd = -1;

	errno = EBUSY;
	for (unsigned tries = 0; fd < 0 && tries < LEFT_TRIES; tries++) {
		g_autofree char *name = g_strdup_printf(TEMPDIR_PREFIX "%d-XXXXXX", (int)getpid());
		g_autofree char *made = g_build_filename(place, name, NULL);

		if (!g_mkdtemp_full(made, 0700))
			return -1;
		fd = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && !directory_keep(fd, made)) {
			close(fd);
			fd = -1;
			errno = EBUSY;
		} else if (fd >= 0) {
			*path = g_steal_pointer(&made);
		} else if (errno != ENOENT) {
			rmdir(made);
			return -1;
		}
	}
	return fd;
}

static TempDir *tempdir_open(const char *place, GError **error)
{
	g_autofree char *path = NULL;
	TempDir *directory;
	int fd;

	left_remove(place);
	fd = directory_new(place, &path);
	if (fd < 0) {
		error_errno(error, place);
		return NULL;
	}
	directory = g_new0(TempDir, 1);
	directory->fd = fd;
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
	rmdir(directory->path);
	close(directory->fd);
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
		return errno == EEXIST || tempdir_failed(directory, path, error);
	errno = ENOSPC; /* what a short write means */
	good = write(fd, text, length) == (ssize_t)length || tempdir_failed(directory, path, error);
	close(fd);
	return good;
}

bool tempdir_add_again(TempDir *directory, const char *path, const char *first)
{
	const char *relative = path + strspn(path, "/");
	g_autofree char *target =
		g_build_filename(directory->path, first + strspn(first, "/"), NULL);

	if (symlinkat(target, directory->fd, relative) < 0)
		return false;
	g_ptr_array_add(directory->made, g_strdup(relative));
	return true;
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
	if (!file_write(directory, name, text, length, error))
		return false;
	g_hash_table_insert(directory->texts, g_steal_pointer(&bytes), name);
	return true;
}
