/* SPDX-License-Identifier: MIT */
/* What a VM asks for: cores, memory in whole pages, and where; for all who place or count VMs. */
#ifndef PLANNER_PLACE_DEMAND_H
#define PLANNER_PLACE_DEMAND_H

#include "planner/inventory/inventory.h"
#include "planner/search/search.h"
#include "topology/host/host.h"

/* The cores that a dedicated VM takes, of THREADS threads each, its helpers' included. */
unsigned place_cores(const VmSpec *spec, unsigned threads);
/* The CPUs of them that a thread is pinned to. */
unsigned place_cpus(const VmSpec *spec);
/* What it asks of rooms, wherever it may sit. */
SearchVm place_demand(const VmSpec *spec);
/* The position of the node that SPEC asks for, G_MAXUINT = it may have any. One that HOST does not
 * have makes it fit nowhere: no room is on a node of this number. */
unsigned place_node(const Host *host, const VmSpec *spec);
/* The page a VM's memory comes in: its huge page, or 4 KiB. */
uint64_t place_page(const VmSpec *spec);
/* What it takes of the nodes of its cores, nothing where another node gives it: the memory of a
 * share of VCPUS of its vCPUs, their part, in whole pages; and all of it. */
uint64_t place_share_memory(const VmSpec *spec, unsigned vcpus);
uint64_t place_memory(const VmSpec *spec);
/* All of its memory in whole pages, whatever node gives it. */
uint64_t place_whole_memory(const VmSpec *spec);

/* A VM over several nodes, in shares of whole cores that differ by one at most. */
typedef struct PlaceCut {
	unsigned n, n_large;   /* shares; large ones of them */
	unsigned large, small; /* cores of a share, those of the VM's helpers included */
	/* Memory: of the large ones, one of which is not full, and of the others. */
	uint64_t full, not_full, memory_small;
} PlaceCut;

/* Over N nodes of cores of THREADS threads each. False where it has fewer cores. */
bool place_cut(const VmSpec *spec, unsigned threads, unsigned n, PlaceCut *cut);

/* What a VM asks of rooms. */
typedef struct Demand {
	SearchVm vm;		   /* but its rooms, apart and whole */
	uint64_t memory;	   /* of the nodes of its cores: all of it, in whole pages */
	unsigned most;		   /* nodes it may be over */
	const bool *rooms, *cells; /* by room, cell: may it sit there? NULL = anywhere. A cell all
				      of whose rooms it may have */
} Demand;

/* Bytes that VCPUS of its vCPUs take. */
static inline uint64_t demand_memory(const Demand *demand, unsigned vcpus)
{
	return vcpus == demand->vm.vcpus ? demand->memory : search_share_memory(&demand->vm, vcpus);
}

#endif
