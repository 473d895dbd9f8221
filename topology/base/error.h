/* SPDX-License-Identifier: MIT */
/*
 * The one error domain. A GError means "could not do the job" and ends in exit status 2;
 * bad news about a host or a plan is never a GError but a finding (planner/base/finding.h).
 *
 * A message is one line: where, what, what to do. Only cmd/main.c prints it.
 */
#ifndef TOPOLOGY_BASE_ERROR_H
#define TOPOLOGY_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define PLANNER_ERROR planner_error_quark()

typedef enum PlannerError {
	PLANNER_ERROR_USAGE,  /* the command line is wrong */
	PLANNER_ERROR_INPUT,  /* a file says what it must not say */
	PLANNER_ERROR_SYSTEM, /* the machine did not let us: no file, no permission, no daemon */
	PLANNER_ERROR_BUSY,   /* another planner is at it */
} PlannerError;

GQuark planner_error_quark(void);

/* Set ERROR to a PLANNER_ERROR_SYSTEM: "NAME: what errno says". False, so that a step can `return
 * error_errno(…)`. */
bool error_errno(GError **error, const char *name);

/* Set ERROR to a PLANNER_ERROR_INPUT. False, so that a check can `return error_refuse(…)`. */
bool error_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Memory could not be had: ends the program, as GLib does, with what main.c makes of that. */
G_GNUC_NORETURN void error_memory(void);

#endif
