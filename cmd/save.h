/* SPDX-License-Identifier: MIT */
/* Files that commands write with -o. */
#ifndef CMD_SAVE_H
#define CMD_SAVE_H

#include <glib.h>
#include <stdbool.h>

/*
 * Write TEXT into the file NAME, aside and renamed, readable for whoever collects it. What stands
 * there is replaced, so it must be a regular file. False with PLANNER_ERROR_SYSTEM.
 */
bool save_text(const char *name, const char *text, GError **error);

#endif
