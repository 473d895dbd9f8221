/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: what a snapshot holds. Paths are relative, without "." and "..":
 * "proc/cmdline". A directory is there when it was added or when something is below it.
 */
#ifndef TOPOLOGY_ROOT_TREE_H
#define TOPOLOGY_ROOT_TREE_H

#include <glib.h>
#include <stdbool.h>

typedef struct Tree Tree;

Tree *tree_new(void);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* May PATH stand in a tree: relative, no empty, "." or ".." component, not too long? */
bool tree_path_allowed(const char *path);
/* PATH as archives have it, "./a/b/", becomes "a/b"; "/" is no path of a tree and stays. */
void tree_path_trim(char *path);

/*
 * Add; what was there under the same path is replaced. False where PATH is not allowed, or is below
 * a file, or a file would replace a directory.
 */
bool tree_add_file(Tree *tree, const char *path, const void *data, size_t length);
bool tree_add_directory(Tree *tree, const char *path);

/* What is below the directory PATH of TREE, as a tree of its own; yours. */
Tree *tree_below(const Tree *tree, const char *path);

/* The permission bits of the file PATH, as the machine had them; 0 = not known. */
void tree_set_mode(Tree *tree, const char *path, unsigned mode);
unsigned tree_mode(const Tree *tree, const char *path);

/* PATH is a symbolic link that says TARGET: from its directory, or from the top where it begins
 * with '/'; "" leads nowhere. A file or a directory of that name hides it. */
bool tree_add_link(Tree *tree, const char *path, const char *target);
/* What the link PATH says, the tree's; NULL = it is none. */
const char *tree_link(const Tree *tree, const char *path);
/* Where PATH leads, through itself and the directories above it, yours: something of the tree, or
 * what it lacks. NULL = through a link to what it lacks: nobody knows what was there. */
char *tree_resolve(const Tree *tree, const char *path);

/* The file's bytes, the tree's; NULL when there is none. */
GBytes *tree_file(const Tree *tree, const char *path);
/* Names in the directory PATH ("" = the top), sorted; NULL when there is none. Yours. */
char **tree_list(const Tree *tree, const char *path);
/* All paths, files and directories, sorted; the strings are the tree's. */
GPtrArray *tree_paths(const Tree *tree);
bool tree_is_directory(const Tree *tree, const char *path);
/* A directory with something in it? */
bool tree_is_parent(const Tree *tree, const char *path);

#endif
