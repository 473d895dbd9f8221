/* SPDX-License-Identifier: MIT */
/* What the files of a tree would change below the root of a machine or an image. */
#ifndef CMD_EMIT_DIFF_H
#define CMD_EMIT_DIFF_H

#include "cmd/options.h"

/* Print what FILES, of ArtifactFile, rendered, would change below --diff; *DIFFERS: anything. How
 * many files that are goes to stderr. */
bool emit_diff(const Options *options, const GPtrArray *files, bool *differs, GError **error);

#endif
