/* SPDX-License-Identifier: MIT */
/* The one -overcommit of a domain's qemu:commandline. */
#ifndef PLANNER_MERGE_MERGE_OVERCOMMIT_H
#define PLANNER_MERGE_MERGE_OVERCOMMIT_H

#include "topology/guests/domain_xml.h"

/*
 * Make cpu-pm ON or not in the domain ROOT, whose memory is LOCKED or not. All -overcommit
 * arguments become one (before QEMU 9.1 the last would cancel the others), other options in them
 * stay. Where it is KEPT, cpu-pm is not added: a guest that runs and started without it may wait
 * for a lock in a halt, which must still exit; and without KVM it does nothing. False with
 * PLANNER_ERROR_INPUT where the namespace is in the way.
 */
bool merge_overcommit(xmlNode *root, bool on, bool kept, bool locked, GError **error);

#endif
