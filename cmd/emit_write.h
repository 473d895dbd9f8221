/* SPDX-License-Identifier: MIT */
/*
 * A tree of files, written so that a failure, a signal or a second writer loses nothing. One writer
 * at a time holds the lock of the tree; the lock ends with the process, and a file that a killed
 * one left is taken over. All files are written aside, under random names, before the first
 * is put in place: undo.sh and INDEX first, so that what is in place can be taken away at any time.
 * What a killed run left aside, the next run that writes in the same folders removes.
 */
#ifndef CMD_EMIT_WRITE_H
#define CMD_EMIT_WRITE_H

#include <glib.h>
#include <stdbool.h>

/*
 * Write FILES (of ArtifactFile, rendered) below DIR, which is made where it does not exist, with
 * the lock LOCK below it. Those that are in place are added to PLACED, in that order. False with
 * PLANNER_ERROR_SYSTEM: nothing changed, or the message says how many files are in place and what
 * to do.
 */
bool tree_write(const char *dir, const char *lock, const GPtrArray *files, GPtrArray *placed,
		GError **error);

#endif
