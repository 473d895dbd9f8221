/* SPDX-License-Identifier: MIT */
/* How findings name what they are about, and siblings. All yours to free. */
#ifndef PLANNER_BASE_SUBJECT_H
#define PLANNER_BASE_SUBJECT_H

#include "topology/host/host.h"

char *subject_vm(const char *name); /* "vm vm9" */
/* The VM that a subject names, NULL where it is about something else; within SUBJECT. */
const char *subject_vm_name(const char *subject);
char *subject_cpu(unsigned cpu);       /* "cpu 4" */
char *subject_node(unsigned node_id);  /* "node 1" */
char *siblings_name(const Core *core); /* "10,46": in thread order */

#endif
