/* SPDX-License-Identifier: MIT */
/* How the kernel schedules a thread: fairly, or by a real-time priority (sched(7)). */
#ifndef TOPOLOGY_BASE_SCHEDULER_H
#define TOPOLOGY_BASE_SCHEDULER_H

#include <stdbool.h>

typedef enum SchedulerPolicy {
	SCHEDULER_UNKNOWN, /* not read, or not said */
	SCHEDULER_OTHER,   /* none of the real-time ones */
	SCHEDULER_FIFO,
	SCHEDULER_RR,
} SchedulerPolicy;

#define SCHEDULER_PRIORITY_MAX 99

typedef struct Scheduler {
	SchedulerPolicy policy;
	unsigned priority; /* 1 to 99; of FIFO and RR only */
} Scheduler;

/* FIFO is "fifo", RR is "rr"; for others NULL. */
const char *scheduler_policy_name(SchedulerPolicy policy);
/* The policy called NAME; for others SCHEDULER_OTHER. */
SchedulerPolicy scheduler_policy_find(const char *name);

bool scheduler_realtime(const Scheduler *scheduler);
bool scheduler_equal(const Scheduler *a, const Scheduler *b);
/* "fifo:1"; "none" where it is not real-time. Yours. */
char *scheduler_text(const Scheduler *scheduler);

#endif
