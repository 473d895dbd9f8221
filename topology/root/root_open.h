/* SPDX-License-Identifier: MIT */
/* How root.c opens and reads; nobody else includes this. */
#ifndef TOPOLOGY_ROOT_ROOT_OPEN_H
#define TOPOLOGY_ROOT_ROOT_OPEN_H

#include <stdbool.h>

/* Where a snapshot keeps what the machine refused to read: lines "errno path". */
#define ROOT_FAILURES "planner/failures"
/* What else could not be had, in words: lines "source\twhy". */
#define ROOT_REMARKS "planner/remarks"
/* The format's name: it is a snapshot. */
#define ROOT_FORMAT "planner/snapshot"

/* Has the kernel openat2() (5.6), and may we call it? */
bool openat2_works(int root);
/*
 * Open PATH as a process would whose root directory is ROOT: ".." at the top and absolute links
 * stay inside. STEP: without openat2(), component by component. -1 with errno.
 */
int open_below(int root, const char *path, int flags, bool step);

#endif
