/* SPDX-License-Identifier: MIT */
/*
 * A private directory for files that a library reads by their names: in memory (/dev/shm), or in
 * TMPDIR where that has no room. It is named planner-copy-PID-XXXXXX, and goes with tempdir_free();
 * whoever has one holds signals back (signals.h). It is locked (flock(2)) as long as somebody has
 * it: one that is not, and whose PID is no process, was left by a program that was killed, and the
 * next tempdir_new() of the same user takes it away.
 */
#ifndef TOPOLOGY_BASE_TEMPDIR_H
#define TOPOLOGY_BASE_TEMPDIR_H

#include <glib.h>
#include <stdbool.h>

typedef struct TempDir TempDir;

/* Puts the files into DIRECTORY. False with ERROR; then it is asked again, for the next place. */
typedef bool TempDirFill(TempDir *directory, void *data, GError **error);

/* A directory that FILL has filled; NULL with the ERROR of the last place, which it names. */
TempDir *tempdir_new(TempDirFill *fill, void *data, GError **error);
void tempdir_free(TempDir *directory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TempDir, tempdir_free)

const char *tempdir_path(const TempDir *directory);
/* Make the directory PATH, or the file PATH of TEXT, below DIRECTORY, and what is above it. What is
 * there already stays. Files of the same text are one file on disk. */
bool tempdir_add_directory(TempDir *directory, const char *path, GError **error);
bool tempdir_add_file(TempDir *directory, const char *path, const char *text, size_t length,
		      GError **error);
/* Make PATH, in a directory that is there, another name of the directory FIRST. False where that
 * cannot be. */
bool tempdir_add_again(TempDir *directory, const char *path, const char *first);

#endif
