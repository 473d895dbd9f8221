/* SPDX-License-Identifier: MIT */
/*
 * A process of its own for work that may hang: libvirt's calls have no timeout, and reading the
 * memory of a process waits for its locks.
 */
#ifndef TOPOLOGY_WORKER_H
#define TOPOLOGY_WORKER_H

#include <glib.h>
#include <stdbool.h>

/*
 * Run WORK(fd, data) in a child, which writes its answer to FD; the child and what it started are
 * killed after SECONDS. Returns what was written till then, yours, a NUL after it; *FINISHED: it
 * ended by itself. NULL when no child can be made. The child also ends when we do.
 */
char *worker_run(void (*work)(int fd, const void *data), const void *data, unsigned seconds,
		 size_t *length, bool *finished);

#endif
