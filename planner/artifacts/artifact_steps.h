/* SPDX-License-Identifier: MIT */
/* What is done with the files of a target, in order. */
#ifndef PLANNER_ARTIFACTS_ARTIFACT_STEPS_H
#define PLANNER_ARTIFACTS_ARTIFACT_STEPS_H

#include <glib.h>

/* The commands that put FILES (of ArtifactFile) in force once they are there, none twice: of
 * char *, yours. */
GPtrArray *steps_of(const GPtrArray *files);
/* Those of them that read what others changed. */
GPtrArray *steps_refresh(const GPtrArray *files);
/* What is left to do after them, in words: of char *, yours. */
GPtrArray *steps_next(const GPtrArray *files);

#endif
