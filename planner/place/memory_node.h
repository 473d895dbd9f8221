/* SPDX-License-Identifier: MIT */
/*
 * Memory of nodes without cores (HBM, CXL), for VMs that ask for it: all of a VM's memory comes
 * from the one node, wherever its cores are. It is counted here, apart from the memory of nodes
 * with cores, which rooms and the search know. Memory by node: bytes, UINT64_MAX = not known; 0 of
 * a node with cores.
 */
#ifndef PLANNER_PLACE_MEMORY_NODE_H
#define PLANNER_PLACE_MEMORY_NODE_H

#include "planner/place/plan.h"

/* The position of the node that SPEC asks memory of; HOST_NONE: it asks for none, or HOST has no
 * such node without cores. */
unsigned memory_node_of(const Host *host, const VmSpec *spec);
/* What VMs may have of each. Yours. */
uint64_t *memory_node_rooms(const Plan *plan);

/* Is the memory that SPEC asks for in LEFT? Yes, where it asks for none. */
bool memory_node_holds(const Host *host, const VmSpec *spec, const uint64_t *left);
/* It is taken, as far as there is so much. */
void memory_node_take(const Host *host, const VmSpec *spec, uint64_t *left);
/* How many times SPEC's memory is in what is LEFT of it, at most MOST. */
unsigned memory_node_times(const Host *host, const VmSpec *spec, unsigned most,
			   const uint64_t *left);

/* "node 4 (MCDRAM)". Yours. */
char *memory_node_name(const Host *host, unsigned node);
/* Why it does not get its memory, yours; NULL where memory_node_holds(). */
char *memory_node_lack(const Host *host, const VmSpec *spec, const uint64_t *left);

#endif
