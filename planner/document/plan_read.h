/* SPDX-License-Identifier: MIT */
/* A saved plan document, read back: what `plan -o` wrote, `-p` takes. */
#ifndef PLANNER_DOCUMENT_PLAN_READ_H
#define PLANNER_DOCUMENT_PLAN_READ_H

#include "planner/place/plan.h"

/*
 * Read LENGTH bytes of TEXT, the content of the file NAME. Returns the plan, and in *HOST the host
 * it is for (the plan borrows it); both are yours. NULL with PLANNER_ERROR_INPUT when TEXT is not a
 * plan document: not JSON, another format, keys missing or of another type, CPUs that do not add
 * up.
 */
Plan *plan_read(const char *name, const char *text, size_t length, Host **host, GError **error);

#endif
