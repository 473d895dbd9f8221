/* SPDX-License-Identifier: MIT */
/* Work done in a child process with a deadline, because it may hang for ever. */
#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include <glib.h>
#include <stdbool.h>

/* Does the work, writes its answer to OUT; true = it worked, else OUT holds a message. */
typedef bool (*ChildWork)(int out, const void *data);

/*
 * Run WORK with DATA in a child and return what it wrote (at most 64 MiB), yours; or NULL with
 * PLANNER_ERROR_SYSTEM: "WHAT: …" and its message, or that it did not answer in SECONDS.
 */
char *child_run(const char *what, ChildWork work, const void *data, unsigned seconds,
		GError **error);

#endif
