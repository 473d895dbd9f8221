/* SPDX-License-Identifier: MIT */
/* The one -overcommit of a domain's qemu:commandline. */
#ifndef PLANNER_MERGE_MERGE_OVERCOMMIT_H
#define PLANNER_MERGE_MERGE_OVERCOMMIT_H

#include "planner/merge/merge_text.h"

/*
 * Make cpu-pm ON or not in the domain ROOT, whose memory is LOCKED or not. All -overcommit
 * arguments become one (before QEMU 9.1 the last would cancel the others), other options in them
 * stay. A RUNNING guest that started without cpu-pm does not get it: what waits for a lock in a
 * halt must still exit. False with PLANNER_ERROR_INPUT where the namespace is in the way.
 */
bool merge_overcommit(MergeText *merge, const xmlNode *root, bool on, bool running, bool locked,
		      GError **error);

#endif
