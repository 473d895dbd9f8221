/* SPDX-License-Identifier: MIT */
/* Every task: where it may run, where it last ran, whose it is. One pass over /proc. */
#ifndef TOPOLOGY_GUESTS_TASKS_H
#define TOPOLOGY_GUESTS_TASKS_H

#include "topology/base/scheduler.h"
#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct Task {
	unsigned pid, tid;
	char *comm;
	bool kernel;	     /* a kernel thread: no mm, child of kthreadd */
	bool unmovable;	     /* PF_NO_SETAFFINITY (stat flags 0x04000000): bound by the kernel; or
			      * stat is there and cannot be read: nobody knows */
	Scheduler scheduler; /* stat's policy and rt_priority; unknown without stat */
	bool worker;	     /* PF_USER_WORKER: the kernel made it inside a process */
	hwloc_bitmap_t allowed; /* Cpus_allowed_list */
	int last_cpu;		/* -1 = not known */
	bool polls; /* it ran when stat was read, and hardly ever sleeps; false = not known, too */
	char *cgroup;	   /* its cpuset group (v1) or group (v2); NULL = not read */
	char *time_group;  /* v1: its group of CPU time, where the tree is another; NULL */
	unsigned vhost_of; /* pid of the QEMU a vhost worker serves, 0 = no vhost worker */
} Task;

typedef struct TaskFacts {
	GArray *tasks;	  /* of Task, by pid and tid */
	char *taken_from; /* NULL: every thread; else what the list lacks, "main threads only" */
} TaskFacts;

TaskFacts *tasks_new(void);
void tasks_free(TaskFacts *tasks);
/*
 * All threads of all processes but planner's own. A capture without /proc/PID/task has the main
 * threads alone, and taken_from says so. Tasks that end meanwhile are left out.
 */
void tasks_load(Root *root, TaskFacts *tasks);
void task_clear(Task *task);

/*
 * /proc/…/stat: comm, flags, last CPU. False where the text is none. *PARENT is the pid of its
 * parent. The name may hold anything, ')' too.
 */
bool task_stat_parse(const char *text, Task *task, unsigned *parent);
/* /proc/…/status: Cpus_allowed_list, and what stat says where there was no stat. */
bool task_status_parse(const char *text, Task *task, bool all);
/* Do STAT and STATUS say that it polls? */
bool task_polls(const char *stat, const char *status);
/* Of /proc/…/status the value of the line "NAME:\tvalue", yours; NULL where there is none. */
char *task_status_value(const char *text, const char *name);
/* The lines that a snapshot keeps of it, ended by NULL. */
extern const char *const task_status_kept[];
/* /proc/…/cgroup: the group in the hierarchy that has cpuset, else the v2 one; NULL = neither. */
char *task_cgroup_parse(const char *text);
/* The group in the v1 hierarchy that has CPU time ("cpu"); NULL = there is none. */
char *task_time_group_parse(const char *text);
/* "vhost-1234" → 1234, else 0. */
unsigned task_vhost_of(const char *comm);

/* Where they are from. */
extern const FactSource task_sources[];

#endif
