/* SPDX-License-Identifier: MIT */
/*
 * The split: which cores are the host's, the SDK's, the shared pool's, and which are left for VMs.
 *
 * Rules. A core never has two roles. The boot CPU's core is the host's: the kernel keeps
 * timekeeping on it and takes CPU 0 out of nohz_full (facts: "NO_HZ: Clearing 0"). Explicit lists
 * go before counts, and host before shared before sdk. Counts take a node's cores by L3, then
 * lowest CPU, so that whole L3s are left to VMs; where a count spans several nodes (a socket with
 * sub-NUMA clustering, the whole machine) it is spread evenly over them. Every node with cores
 * keeps a host core unless [host] cpus= says otherwise. The split does not depend on the VMs:
 * adding one never changes the kernel line.
 */
#ifndef PLANNER_PLACE_SPLIT_H
#define PLANNER_PLACE_SPLIT_H

#include "planner/base/role.h"
#include "planner/inventory/inventory.h"
#include "topology/host/host.h"

/*
 * The role of each core, by position in host->cores: a GArray of Role, yours; HOST, SDK, SHARED,
 * FREE or STRANDED. What is impossible or unwise is added to FINDINGS.
 */
GArray *split_compute(const Host *host, const Inventory *inventory, GPtrArray *findings);

#endif
