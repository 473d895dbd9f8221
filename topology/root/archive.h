/* SPDX-License-Identifier: MIT */
/*
 * Captures as they are handed over: a tar, plain or compressed with gzip, xz or zstd, by
 * libarchive, which is loaded when one is read.
 */
#ifndef TOPOLOGY_ROOT_ARCHIVE_H
#define TOPOLOGY_ROOT_ARCHIVE_H

#include "topology/root/tree.h"

/* Is FILE called as such an archive is? */
bool archive_named(const char *file);

/*
 * Its files; logs and what is too large to be a fact are left out. Links to files within it are
 * those files, links below proc/ are texts, others are left out. NULL with PLANNER_ERROR_INPUT: no
 * archive, cut short, damaged, or hostile: absolute paths, "..", devices, a file below a file, too
 * many entries, or more than memory should hold.
 */
Tree *archive_parse(const char *bytes, size_t length, GError **error);

#endif
