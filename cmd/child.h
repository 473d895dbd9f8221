/* SPDX-License-Identifier: MIT */
/* Work done in a child process with a deadline, because it may hang for ever. */
#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include "topology/base/worker.h"

/*
 * Run TASK with DATA in a child and return the text it wrote, yours; or NULL with
 * PLANNER_ERROR_SYSTEM: "WHAT: …" and, of a task that failed, what it wrote as the reason; or that
 * it did not answer in SECONDS.
 */
char *child_answer(const char *what, WorkerTask *task, const void *data, unsigned seconds,
		   GError **error);

#endif
