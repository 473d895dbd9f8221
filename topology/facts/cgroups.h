/* SPDX-License-Identifier: MIT */
/* Control groups that have a cpuset: v1 or v2. Read, never written. */
#ifndef TOPOLOGY_FACTS_CGROUPS_H
#define TOPOLOGY_FACTS_CGROUPS_H

#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct Cgroup {
	char *path;		  /* below the mount: "/machine.slice/…" */
	hwloc_bitmap_t cpus;	  /* cpuset.cpus; empty = not set (v2) */
	hwloc_bitmap_t effective; /* cpuset.cpus.effective, v1: effective_cpus */
	char *partition; /* v2 cpuset.cpus.partition as it reads: "isolated", "isolated invalid
			    (…)"; NULL */
	bool exclusive;	 /* v1 cpuset.cpu_exclusive */
} Cgroup;

/* A group with a limit on CPU time: cpu.max, v1 cpu.cfs_quota_us. */
typedef struct CgroupQuota {
	char *path;
	uint64_t quota, period; /* microseconds */
	/* Of cpu.stat: how many periods it ran in, and was throttled in; 0 = none, or not read. */
	uint64_t periods, throttled;
} CgroupQuota;

typedef struct CgroupFacts {
	int version;	/* of the hierarchy that has cpuset: 1 or 2; 0 = none has */
	GArray *groups; /* of Cgroup, by path; only those with a cpuset of their own */
	GArray *quotas; /* of CgroupQuota, by path */
	hwloc_bitmap_t
		isolated; /* v2 root cpuset.cpus.isolated (6.8 and later); NULL = no such file */
} CgroupFacts;

CgroupFacts *cgroups_new(void);
void cgroups_free(CgroupFacts *cgroups);
void cgroups_load(Root *root, CgroupFacts *cgroups);

/* Where they are from. */
extern const FactSource cgroup_sources[];

#endif
