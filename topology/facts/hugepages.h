/* SPDX-License-Identifier: MIT */
/* Huge pages of each NUMA node: /sys/devices/system/node/nodeN/hugepages. */
#ifndef TOPOLOGY_FACTS_HUGEPAGES_H
#define TOPOLOGY_FACTS_HUGEPAGES_H

#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct HugePages {
	unsigned node;		    /* OS index */
	uint64_t size, total, free; /* bytes, pages without surplus ones, pages */
	uint64_t more; /* hugepages_load_more(): pages that the kernel adds on any node, else 0 */
} HugePages;

/* Of HugePages, by node and size, yours; NULL when there are no NUMA nodes to be read. */
GArray *hugepages_load(Root *root);

/* How many more of PAGES the kernel makes when a VM asks for them, if it finds the memory: surplus
 * pages, up to nr_overcommit_hugepages. */
void hugepages_load_more(Root *root, GArray *pages);

/* Where they are from. */
extern const FactSource hugepages_sources[];

#endif
