/* SPDX-License-Identifier: MIT */
/*
 * Files of a tree below a directory. Nothing is followed out of it: every step of a path is opened
 * by itself, and a symbolic link on the way is an error.
 */
#ifndef CMD_EMIT_TREE_H
#define CMD_EMIT_TREE_H

#include <glib.h>
#include <stdbool.h>

/* PATH (absolute on the node) below TOP, for people: one '/' between them. Yours. */
char *tree_path(const char *top, const char *path);

/*
 * Write FILES (of ArtifactFile, rendered) below DIR, which is made where it does not exist. All are
 * written aside first and then renamed, so that none is ever half written, and none is touched
 * where one cannot be written. False with PLANNER_ERROR_SYSTEM.
 */
bool tree_write(const char *dir, const GPtrArray *files, GError **error);

/* The text of the file PATH below ROOT, yours; "" and *MISSING where there is none. NULL with
 * PLANNER_ERROR_SYSTEM or _INPUT. */
char *emit_tree_read(const char *root, const char *path, bool *missing, GError **error);

#endif
