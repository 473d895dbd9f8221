/* SPDX-License-Identifier: MIT */
#include "cmd/emit_lock.h"
#include "cmd/emit_tree.h"
#include "topology/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TRIES 100

/* Open the lock's file, made where there is none, for its owner alone: nobody else can hold it.
 * Made anew where its folder is removed meanwhile. -1 with errno. */
static int emit_lock_open(const char *dir, const char *path, struct stat *there)
{
	const char *name;
	int folder = emit_tree_folder(dir, path, true, &name), code, lock;

	if (folder < 0)
		return -1;
	lock = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0) {
		code = errno;
		close(lock);
		lock = -1;
		errno = code;
	}
	code = errno;
	if (lock >= 0 && fstatat(folder, name, there, AT_SYMLINK_NOFOLLOW) < 0)
		*there = (struct stat){0}; /* whoever had the lock has removed it */
	close(folder);
	errno = code;
	return lock;
}

static int emit_lock_refuse(const char *dir, const char *lock, GError **error)
{
	g_autofree char *name = tree_path(dir, lock);

	if (errno == EWOULDBLOCK)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
			    "%s: another planner writes this tree now, and holds %s: wait until it "
			    "has ended, and run this command again",
			    dir, name);
	else
		emit_tree_failed(error, dir, lock);
	return -1;
}

int emit_lock_take(const char *dir, const char *lock, GError **error)
{
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		struct stat mine, there;
		int fd = emit_lock_open(dir, lock, &there);

		if (fd < 0)
			return emit_lock_refuse(dir, lock, error);
		if (fstat(fd, &mine) == 0 && mine.st_ino == there.st_ino &&
		    mine.st_dev == there.st_dev)
			return fd;
		close(fd);
	}
	errno = EWOULDBLOCK;
	return emit_lock_refuse(dir, lock, error);
}

void emit_lock_give(const char *dir, const char *lock, int fd)
{
	const char *name;
	int folder = emit_tree_folder(dir, lock, false, &name);

	if (folder >= 0) {
		unlinkat(folder, name, 0);
		close(folder);
	}
	close(fd);
}
