/* SPDX-License-Identifier: MIT */
/* How findings name what they are about, and siblings. All yours to free. */
#ifndef PLANNER_SUBJECT_H
#define PLANNER_SUBJECT_H

#include "topology/host.h"

char *subject_vm(const char *name);    /* "vm vm9" */
char *subject_cpu(unsigned cpu);       /* "cpu 4" */
char *subject_node(unsigned node_id);  /* "node 1" */
char *siblings_name(const Core *core); /* "10,46": in thread order */

#endif
