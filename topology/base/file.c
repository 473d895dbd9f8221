/* SPDX-License-Identifier: MIT */
#include "topology/base/file.h"

#include "topology/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITER_SECONDS 5

bool file_fail(GError **error, int number)
{
	if (number == EAGAIN)
		return error_refuse(error, "has no end: to read it is to wait for more");
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, g_strerror(number));
	return false;
}

bool file_refuse_size(GError **error, size_t limit)
{
	return error_refuse(error, "is larger than %zu MiB", limit >> 20);
}

static bool file_check(mode_t mode, FileKind kind, GError **error)
{
	if (S_ISREG(mode) || (kind == FILE_STREAM && S_ISFIFO(mode)))
		return true;
	return error_refuse(error, "%s",
			    S_ISDIR(mode)	  ? "is a directory, not a file"
			    : kind == FILE_STREAM ? "is neither a regular file nor a pipe"
						  : "is not a regular file");
}

/* Has anybody the pipe FD open to write? tee(2) tells, and reads nothing. */
static bool pipe_is_written(int fd)
{
	int aside[2];
	bool written;

	if (pipe2(aside, O_CLOEXEC) < 0)
		return true;
	written = tee(fd, aside[1], 1, SPLICE_F_NONBLOCK) != 0;
	close(aside[0]);
	close(aside[1]);
	return written;
}

/* FD was opened without waiting; from now on it waits, as long as whoever writes needs. But not for
 * one who does not come: to open such a pipe would wait for ever. */
static int pipe_wait(int fd, GError **error)
{
	struct pollfd first = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&first, 1, WRITER_SECONDS * 1000);
	while (ready < 0 && errno == EINTR);
	if ((ready > 0 || pipe_is_written(fd)) && fcntl(fd, F_SETFL, O_RDONLY) == 0)
		return fd;
	close(fd);
	error_refuse(error, "is a pipe that nobody opened to write to within %d seconds",
		     WRITER_SECONDS);
	return -1;
}

int file_open(const char *name, FileKind kind, GError **error)
{
	struct stat status;
	int fd;

	if (kind == FILE_STREAM && !strcmp(name, "-"))
		fd = dup(STDIN_FILENO);
	else if (stat(name, &status) < 0)
		fd = -1;
	else if (!file_check(status.st_mode, kind, error))
		return -1;
	else
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		file_fail(error, errno);
	else if (kind == FILE_STREAM && strcmp(name, "-") != 0 && S_ISFIFO(status.st_mode))
		return pipe_wait(fd, error);
	return fd;
}

char *fd_read(int fd, size_t size, size_t limit, size_t *length, int *failure)
{
	size_t room = MIN(limit, size ? size : 4095) + 1, have = 0;
	char *bytes = g_malloc(room + 1);
	ssize_t got;

	/* A file that gives all it has at once, and no byte more, is at its end. */
	while ((!size || have != size) && (got = read(fd, bytes + have, room - have)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		*failure = got < 0 ? errno : (have += (size_t)got) > limit ? EFBIG : 0;
		if (*failure) {
			g_free(bytes);
			return NULL;
		}
		if (have == room) {
			room = MIN(room * 2, limit + 1);
			bytes = g_realloc(bytes, room + 1);
		}
	}
	bytes[have] = '\0';
	*length = have;
	return bytes;
}

/* What is known to be too large is not read. */
static char *bytes_read(int fd, size_t limit, size_t *length, GError **error)
{
	int failure = EFBIG;
	struct stat status;
	size_t size = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0
			      ? (size_t)status.st_size
			      : 0;
	char *bytes = size > limit ? NULL : fd_read(fd, size, limit, length, &failure);

	if (!bytes && failure == EFBIG)
		file_refuse_size(error, limit);
	else if (!bytes)
		file_fail(error, failure);
	return bytes;
}

char *file_read_regular(int fd, size_t limit, size_t *length, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		file_fail(error, errno);
	else if (!file_check(status.st_mode, FILE_REGULAR, error))
		return NULL;
	else
		return bytes_read(fd, limit, length, error);
	return NULL;
}

char *file_read(const char *name, FileKind kind, size_t limit, size_t *length, GError **error)
{
	int fd = file_open(name, kind, error);
	char *bytes;

	if (fd < 0)
		return NULL;
	bytes = kind == FILE_REGULAR ? file_read_regular(fd, limit, length, error)
				     : bytes_read(fd, limit, length, error);
	close(fd);
	return bytes;
}
