/* SPDX-License-Identifier: MIT */
/*
 * Files that commands write with -o: aside under random names and renamed, so that whoever looks
 * finds the old file or the whole new one, and several writers do not disturb each other. A signal
 * that would end the program waits until then. All return false with PLANNER_ERROR_SYSTEM.
 */
#ifndef CMD_SAVE_H
#define CMD_SAVE_H

#include "planner/place/plan.h"

/* What stands at NAME is replaced, so it must be a regular file. The others ask this themselves;
 * ask before long work. */
bool save_possible(const char *name, GError **error);
/* Write TEXT into the file NAME, readable for whoever collects it. */
bool save_text(const char *name, const char *text, GError **error);
/* The same of what root alone may read of a node: written by root, for root alone. */
bool save_report(const char *name, const char *text, GError **error);
/* Write BYTES into the file NAME, for its owner alone. */
bool save_private(const char *name, const GByteArray *bytes, GError **error);
/* The same of PLAN's document. */
bool save_plan(const char *name, const Plan *plan, GError **error);

#endif
