/* SPDX-License-Identifier: MIT */
/* Huge pages of each NUMA node: /sys/devices/system/node/nodeN/hugepages. */
#ifndef TOPOLOGY_FACTS_HUGEPAGES_H
#define TOPOLOGY_FACTS_HUGEPAGES_H

#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct HugePages {
	unsigned node;		    /* OS index */
	uint64_t size, total, free; /* bytes, pages without surplus ones, pages */
} HugePages;

/* Of HugePages, by node and size, yours; NULL when there are no NUMA nodes to be read. */
GArray *hugepages_load(Root *root);

/* Where they are from. */
extern const FactSource hugepages_sources[];

#endif
