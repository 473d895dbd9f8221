/* SPDX-License-Identifier: MIT */
#include "topology/base/scheduler.h"

#include <glib.h>

static const char *const scheduler_names[] = {
	[SCHEDULER_UNKNOWN] = NULL,
	[SCHEDULER_OTHER] = NULL,
	[SCHEDULER_FIFO] = "fifo",
	[SCHEDULER_RR] = "rr",
};

const char *scheduler_policy_name(SchedulerPolicy policy)
{
	return scheduler_names[policy];
}

SchedulerPolicy scheduler_policy_find(const char *name)
{
	for (SchedulerPolicy policy = SCHEDULER_FIFO; policy <= SCHEDULER_RR; policy++)
		if (g_strcmp0(name, scheduler_names[policy]) == 0)
			return policy;
	return SCHEDULER_OTHER;
}

bool scheduler_realtime(const Scheduler *scheduler)
{
	return scheduler->policy >= SCHEDULER_FIFO;
}

bool scheduler_equal(const Scheduler *a, const Scheduler *b)
{
	return scheduler_realtime(a) ? a->policy == b->policy && a->priority == b->priority
				     : !scheduler_realtime(b);
}

char *scheduler_text(const Scheduler *scheduler)
{
	return scheduler_realtime(scheduler)
		       ? g_strdup_printf("%s:%u", scheduler_names[scheduler->policy],
					 scheduler->priority)
		       : g_strdup("none");
}
