/* SPDX-License-Identifier: MIT */
/*
 * Loaded before libc: the FAULT_AT-th call that changes files, counted from the first that names
 * something below FAULT_BELOW, fails with the errno FAULT_ERRNO, or kills the program where that is
 * 0. The call's name is written into the file FAULT_TOLD.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool counting;
static int calls;

static int setting(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : 0;
}

static void tell(const char *call)
{
	long fd = syscall(SYS_openat, AT_FDCWD, getenv("FAULT_TOLD"), O_WRONLY | O_CREAT | O_TRUNC,
			  0600);

	syscall(SYS_write, fd, call, strlen(call));
	syscall(SYS_close, fd);
}

/* Does this CALL, of PATH where it has one, fail? */
static bool fault(const char *call, const char *path)
{
	const char *below = getenv("FAULT_BELOW");

	if (below && path && !strncmp(path, below, strlen(below)))
		counting = true;
	if (!counting || ++calls != setting("FAULT_AT"))
		return false;
	tell(call);
	errno = setting("FAULT_ERRNO");
	if (!errno)
		kill(getpid(), SIGKILL);
	return true;
}

static int opened(int at, const char *path, int flags, unsigned mode)
{
	return fault("open", path) ? -1 : (int)syscall(SYS_openat, at, path, flags, mode);
}

static unsigned mode_of(int flags, va_list rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, unsigned) : 0;
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list rest;                                                                      \
		unsigned mode;                                                                     \
                                                                                                   \
		va_start(rest, flags);                                                             \
		mode = mode_of(flags, rest);                                                       \
		va_end(rest);                                                                      \
		return opened(AT_FDCWD, path, flags, mode);                                        \
	}

#define OPENAT(name)                                                                               \
	int name(int at, const char *path, int flags, ...)                                         \
	{                                                                                          \
		va_list rest;                                                                      \
		unsigned mode;                                                                     \
                                                                                                   \
		va_start(rest, flags);                                                             \
		mode = mode_of(flags, rest);                                                       \
		va_end(rest);                                                                      \
		return opened(at, path, flags, mode);                                              \
	}

OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)

int mkdir(const char *path, mode_t mode)
{
	return fault("mkdir", path) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int mkdirat(int at, const char *path, mode_t mode)
{
	return fault("mkdirat", path) ? -1 : (int)syscall(SYS_mkdirat, at, path, mode);
}

int fchmod(int fd, mode_t mode)
{
	return fault("fchmod", NULL) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	return fault("write", NULL) ? -1 : syscall(SYS_write, fd, bytes, length);
}

int fsync(int fd)
{
	return fault("fsync", NULL) ? -1 : (int)syscall(SYS_fsync, fd);
}

int flock(int fd, int operation)
{
	return fault("flock", NULL) ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int rename(const char *from, const char *to)
{
	return fault("rename", from) ? -1
				     : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	return fault("renameat", from) ? -1
				       : (int)syscall(SYS_renameat2, from_at, from, to_at, to, 0);
}

int unlink(const char *path)
{
	return fault("unlink", path) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int at, const char *path, int flags)
{
	return fault("unlinkat", path) ? -1 : (int)syscall(SYS_unlinkat, at, path, flags);
}
