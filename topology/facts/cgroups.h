/* SPDX-License-Identifier: MIT */
/* Control groups that have a cpuset: v1 or v2. Read, never written. */
#ifndef TOPOLOGY_FACTS_CGROUPS_H
#define TOPOLOGY_FACTS_CGROUPS_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

void cgroups_load(Root *root, CgroupFacts *cgroups);

#endif
