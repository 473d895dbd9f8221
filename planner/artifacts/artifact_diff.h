/* SPDX-License-Identifier: MIT */
/* What a file would change, line by line, as `diff -u` writes it. */
#ifndef PLANNER_ARTIFACTS_ARTIFACT_DIFF_H
#define PLANNER_ARTIFACTS_ARTIFACT_DIFF_H

#include <glib.h>

/*
 * The unified diff from OLD to NEW, yours; "" where they are equal. The names stand in its head.
 * Shortest for files of some thousand lines; beyond, what differs is one block.
 */
char *text_diff(const char *old_name, const char *old, const char *new_name, const char *new);

#endif
