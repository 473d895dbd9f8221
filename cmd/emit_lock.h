/* SPDX-License-Identifier: MIT */
/* The lock of a tree: one writer at a time. LOCK is its file, as "/etc/planner/.lock". */
#ifndef CMD_EMIT_LOCK_H
#define CMD_EMIT_LOCK_H

#include <glib.h>

/* Take the lock of the tree DIR; never waits. -1 with PLANNER_ERROR_SYSTEM, which says what to do
 * where another holds it. */
int emit_lock_take(const char *dir, const char *lock, GError **error);
/* Give back LOCK of the tree DIR, held by FD; its file is removed. */
void emit_lock_give(const char *dir, const char *lock, int fd);

#endif
