/* SPDX-License-Identifier: MIT */
/*
 * A child that does something when we are killed: what cannot be left as it is, and what no handler
 * of signals can do after SIGKILL. It has a process group of its own, so that who kills ours does
 * not kill it; who kills our cgroup does.
 */
#ifndef TOPOLOGY_BASE_GUARD_H
#define TOPOLOGY_BASE_GUARD_H

#include <glib.h>

typedef struct GuardChild GuardChild;

/* What is done, in the child. */
typedef void GuardDuty(const void *data);

/* From now on, DUTY with DATA is done when we end without guard_free(). NULL = there is no child.
 */
GuardChild *guard_new(GuardDuty *duty, const void *data);
/* We are still here: the child ends, and nothing is done. NULL is no guard. */
void guard_free(GuardChild *guard);

#endif
