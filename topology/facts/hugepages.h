/* SPDX-License-Identifier: MIT */
/* Huge pages of each NUMA node: /sys/devices/system/node/nodeN/hugepages. */
#ifndef TOPOLOGY_FACTS_HUGEPAGES_H
#define TOPOLOGY_FACTS_HUGEPAGES_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

/* Of HugePages, yours; NULL when there are no NUMA nodes to be read. */
GArray *hugepages_load(Root *root);

#endif
