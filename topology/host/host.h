/* SPDX-License-Identifier: MIT */
/*
 * A host as planner sees it: cores with their CPUs, NUMA nodes, L3 caches, devices.
 *
 * Loaded with hwloc from this machine or from a file and turned into plain arrays; nothing here
 * keeps the hwloc topology. CPUs are OS indexes always. Arrays are in a fixed order, so that the
 * same machine gives the same Host whatever the order in its file: cores   by lowest CPU nodes   by
 * OS index l3s     by lowest CPU           devices by name `core`, `l3` and `node` fields elsewhere
 * are positions in these arrays, never OS indexes (Linux repeats core ids across packages, hwloc
 * gives L3s none, NUMA ids may be sparse: 0,8,252).
 */
#ifndef TOPOLOGY_HOST_HOST_H
#define TOPOLOGY_HOST_HOST_H

#include "topology/base/cpulist.h"

#include <stdint.h>

#define HOST_NONE G_MAXUINT /* no such core, L3, node */
#define HOST_MAX_THREADS 8  /* most threads of a core Linux knows: POWER8 SMT8 */
#define HOST_DISTANCE_MOST 65535

typedef struct Core {
	unsigned cpu[HOST_MAX_THREADS]; /* its online CPUs, ascending: the siblings */
	unsigned n_cpus;
	unsigned package; /* OS index of its socket, or, where those do not tell them apart, its
			     number in order of CPUs; 0 where the file has no package */
	unsigned node;	  /* position in host->nodes of its home: the DRAM node it belongs to */
	unsigned l3;	  /* position in host->l3s, HOST_NONE where the host has no L3 */
	unsigned die;	  /* number of its die, from 1 by lowest CPU; 0 where its node has no two */
	unsigned cluster; /* number of its cluster, the cores that share an L2 or a part of the L3,
			     from 1 by lowest CPU; 0 where it is in none, or dies, L3s or nothing
			     else divide its node */
	unsigned kind;	  /* hwloc CPU kind, 0 = least capable; all 0 on a host of one kind */
	bool partial;	  /* an offline sibling is missing from cpu[] */
} Core;

typedef struct NumaNode {
	unsigned id;	     /* OS index */
	uint64_t memory;     /* bytes; where it is 0, host_node_memory() says what that means */
	hwloc_bitmap_t cpus; /* CPUs of the cores whose home it is; empty for a memory-only node */
	char *subtype;	     /* "MCDRAM", "HBM", …; NULL for plain memory */
	bool assumed;	     /* the source puts its cores in no node: it has no memory, and the
				number is the lowest that no other has */
} NumaNode;

typedef struct L3 {
	hwloc_bitmap_t cpus;
	uint64_t size; /* bytes, 0 = unknown */
} L3;

typedef struct Device {
	char *name;    /* "eth2", "nvme0n1", "mlx5_0" */
	char *busid;   /* "0000:3b:00.0", or NULL */
	unsigned node; /* position of the NUMA node it is attached to, HOST_NONE = not known */
} Device;

typedef struct Host {
	GArray *cores;		/* of Core */
	GArray *nodes;		/* of NumaNode */
	GArray *l3s;		/* of L3 */
	GArray *devices;	/* of Device */
	GArray *distances_said; /* of unsigned, node × node, 10 of a node to itself, as the source
				   has them; empty where it has none, or some that cannot be or
				   that tell no two pairs of nodes with cores apart */
	GArray *distances;	/* use host_distance() */
	GArray *core_of; /* of unsigned: CPU → position of its core, HOST_NONE; use host_core_of()
			  */
	hwloc_bitmap_t online; /* CPUs that have a core here */
	hwloc_bitmap_t
		offline; /* known to the machine but not here: offline, or hidden by a cgroup */
	hwloc_bitmap_t allowed; /* what the cgroup of whoever read the machine allows */
	unsigned n_kinds;	/* CPU kinds: 1, or more on hybrid machines */
	unsigned max_threads;	/* most threads of any core */
	char *arch;		/* "x86_64", …; NULL = not said */
	char *model;		/* CPU model name; NULL = not said */
	bool live;		/* read from the running machine */
	char *fingerprint;	/* "sha256:…" of what plans depend on: see host_fingerprint() */
} Host;

/*
 * Load a host. SOURCE is NULL for this machine, else: a directory (a captured root that holds /sys,
 * hwloc's fsroot), a file (hwloc XML), or an hwloc synthetic description ("pack:2 core:8 pu:2").
 * A file or directory of that name wins; a SOURCE that looks like a path and does not exist is an
 * error. Reading never rebinds a thread (HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING) and sees CPUs
 * beyond the reader's own cgroup (HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED).
 *
 * Returns a Host, yours, or NULL with PLANNER_ERROR_INPUT or _SYSTEM. Refused although hwloc takes
 * it: duplicate OS indexes, PUs whose set is not their own index, CPUs at or above CPULIST_LIMIT,
 * cores of more than HOST_MAX_THREADS threads, synthetic indexes= that hwloc ignored, files over 64
 * MiB, special files, XML that names external entities.
 */
Host *host_load(const char *source, GError **error);

/* Load from hwloc XML text in memory; NAME stands in messages. Same refusals. */
Host *host_load_xml(const char *name, const char *xml, size_t length, GError **error);

void host_free(Host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

/*
 * Build the derived fields (core_of, online, node and L3 sets, max_threads, distances, fingerprint)
 * of a Host whose cores, nodes, l3s, distances_said and offline set are filled: for readers of
 * other formats (a saved plan). False with PLANNER_ERROR_INPUT where two cores share a CPU or an
 * index is out of range.
 */
bool host_finish(Host *host, GError **error);
Host *host_new(void);

const Core *host_core(const Host *host, unsigned core);
const NumaNode *host_node(const Host *host, unsigned node);
/* Position of CPU's core, HOST_NONE when no online core has it. */
unsigned host_core_of(const Host *host, unsigned cpu);
/* Bytes of memory of NODE; UINT64_MAX = not known: where the source says no node's size. Where it
 * says any, a node without has none, as Linux always says a node's size. */
uint64_t host_node_memory(const Host *host, unsigned node);
/* From node A to B, or back, whichever is longer. Where the source says none, nodes of one package
 * are nearer to each other than to others. */
unsigned host_distance(const Host *host, unsigned a, unsigned b);
/* All of them, node × node, borrowed; NULL where all nodes are as far from each other. */
const unsigned *host_distances(const Host *host);
/* Position of the NUMA node with OS index ID, HOST_NONE. */
unsigned host_node_of_id(const Host *host, unsigned id);
/* The device called NAME (by name or bus id), NULL. */
const Device *host_device(const Host *host, const char *name);
/* Is CPU known to the machine at all, online or not? */
bool host_has_cpu(const Host *host, unsigned cpu);

#endif
