/* SPDX-License-Identifier: MIT */
/* What a CPU is for. Each CPU has exactly one role, and a core's online CPUs all have the same. */
#ifndef PLANNER_BASE_ROLE_H
#define PLANNER_BASE_ROLE_H

#include <stdbool.h>

typedef enum Role {
	ROLE_HOST,	/* housekeeping: kernel, libvirtd, emulator threads, interrupts */
	ROLE_SDK,	/* DPDK/SPDK polling cores */
	ROLE_DEDICATED, /* pinned VMs */
	ROLE_SHARED,	/* pool of overcommitted VMs */
	ROLE_FREE,	/* isolated, whole core, given to nobody yet */
	ROLE_STRANDED,	/* isolated, not allocatable: a sibling is offline */
	ROLE_OFFLINE,	/* known to the machine, not online */
	ROLE_COUNT
} Role;

/* By Role, ended by NULL: "host", "sdk", … as in the plan document. */
extern const char *const role_names[];

/* Is a core of ROLE a VM's own, or nobody's: not the host's, the SDK's or the pool's? */
static inline bool role_of_vms(Role role)
{
	return role != ROLE_HOST && role != ROLE_SDK && role != ROLE_SHARED;
}

#endif
