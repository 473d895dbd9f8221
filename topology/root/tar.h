/* SPDX-License-Identifier: MIT */
/*
 * Snapshots as tar files: POSIX ustar, with pax headers for long paths. The same tree gives the
 * same bytes: sorted, no times, owners or names of users. Of modes those that the
 * tree was told.
 */
#ifndef TOPOLOGY_ROOT_TAR_H
#define TOPOLOGY_ROOT_TAR_H

#include "topology/root/tree.h"

/* The tar of TREE, yours. */
GByteArray *tar_format(const Tree *tree);

/*
 * The files and directories of a tar. NULL with PLANNER_ERROR_INPUT: cut short, checksum wrong, no
 * tar at all, or anything that no snapshot holds: links, devices, absolute paths, "..", a file
 * below a file, more than 1,000,000 entries. "./" before a path is taken off; long paths may be as
 * GNU tar has them.
 */
Tree *tar_parse(const char *bytes, size_t length, GError **error);

#endif
