/* SPDX-License-Identifier: MIT */
#include "cmd/child.h"
#include "topology/base/error.h"

#include <errno.h>

/* Why there is no answer; what a worker that failed wrote is its message. */
static char *child_why(WorkerEnd end, const char *answer, unsigned seconds)
{
	if (!answer)
		return g_strdup(g_strerror(errno));
	if (end == WORKER_LATE)
		return g_strdup_printf("no answer within %u s", seconds);
	if (end == WORKER_LONG)
		return g_strdup_printf("the answer is larger than %u MiB", WORKER_MOST >> 20);
	return g_strdup(*answer ? answer : "it failed");
}

char *child_answer(const char *what, WorkerTask *task, const void *data, unsigned seconds,
		   GError **error)
{
	WorkerEnd end;
	size_t length;
	g_autofree char *answer = worker_run(task, data, seconds, &length, &end);
	g_autofree char *why = NULL;

	if (answer && end == WORKER_DONE)
		return g_steal_pointer(&answer);
	why = child_why(end, answer, seconds);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", what, why);
	return NULL;
}
