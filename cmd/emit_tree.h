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
 * Open the folder that the file PATH is in, below TOP; with MAKE, missing ones are made. *NAME is
 * the file's own name, in PATH. Yours to close; -1 with errno.
 */
int emit_tree_folder(const char *top, const char *path, bool make, const char **name);
/* Set ERROR to what errno says of PATH below TOP, with what to do about a link. False. */
bool emit_tree_failed(GError **error, const char *top, const char *path);

/* The text of the file PATH below ROOT, yours; "" and *MISSING where there is none. NULL with
 * PLANNER_ERROR_SYSTEM or _INPUT. */
char *emit_tree_read(const char *root, const char *path, bool *missing, GError **error);

#endif
