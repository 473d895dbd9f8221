/* SPDX-License-Identifier: MIT */
/*
 * Files that users name, read whole and never without a bound. Everything that planner reads by
 * name comes through here, but for what topology/root/root.h reads below a root. To read one more
 * kind of file: give it a limit and call file_read(); a device, an endless file and a pipe that
 * nobody writes to are refused by themselves.
 *
 * Messages say what is wrong without the file's name: the caller puts it before.
 */
#ifndef TOPOLOGY_BASE_FILE_H
#define TOPOLOGY_BASE_FILE_H

#include <glib.h>
#include <stdbool.h>

typedef enum FileKind {
	FILE_REGULAR, /* a regular file; nothing that may be waited for */
	FILE_STREAM,  /* a pipe too; "-" is the standard input, whatever that is */
} FileKind;

/*
 * Open the file NAME to be read. It is looked at before it is opened: opening a device may already
 * do something. A pipe is waited for while somebody has it open to write, and a few seconds for one
 * who does. -1 with PLANNER_ERROR_INPUT where it is of another kind or nobody came, _SYSTEM where
 * it cannot be opened.
 */
int file_open(const char *name, FileKind kind, GError **error);
/*
 * The bytes of the file NAME, yours, with a NUL after them; NULL as file_open(), and where there
 * are more than LIMIT, which the message names.
 */
char *file_read(const char *name, FileKind kind, size_t limit, size_t *length, GError **error);
/* The same of FD, which must be a regular file and stays open. */
char *file_read_regular(int fd, size_t limit, size_t *length, GError **error);

/* All bytes of FD, yours, with a NUL after them; NULL with errno in *FAILURE, EFBIG beyond LIMIT.
 * SIZE: as the file system says, 0 = not known. It need not be true. */
char *fd_read(int fd, size_t size, size_t limit, size_t *length, int *failure);

/* Refuse what cannot be read, by errno NUMBER. False. */
bool file_fail(GError **error, int number);
/* Refuse what is larger than LIMIT, a number of MiB, bytes. False. */
bool file_refuse_size(GError **error, size_t limit);

#endif
