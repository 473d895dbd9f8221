/* SPDX-License-Identifier: MIT */
/*
 * A process of its own for work that may hang: libvirt's calls have no timeout, reading the memory
 * of a process waits for its locks, and a program of others may never end.
 */
#ifndef TOPOLOGY_BASE_WORKER_H
#define TOPOLOGY_BASE_WORKER_H

#include <glib.h>
#include <stdbool.h>

typedef enum WorkerEnd {
	WORKER_DONE,   /* the work said it was done */
	WORKER_FAILED, /* it said it was not, or died */
	WORKER_LATE,   /* killed at the deadline */
	WORKER_LONG,   /* killed because it wrote more than WORKER_MOST bytes */
} WorkerEnd;

#define WORKER_MOST (256u << 20)

/* The work: writes its answer to FD, all else it prints is lost; was it done? */
typedef bool WorkerTask(int fd, const void *data);

/*
 * Run TASK with DATA in a child; it and what it started are killed after SECONDS. Returns the
 * *LENGTH bytes it wrote till then, yours, and a NUL; NULL when no child can be made, with errno
 * set and WORKER_FAILED. The child also ends when we do.
 */
char *worker_run(WorkerTask *task, const void *data, unsigned seconds, size_t *length,
		 WorkerEnd *end);

/* Write all of TEXT to FD, as a task does; false when the other side is gone. */
bool worker_write(int fd, const char *text, size_t length);

#endif
