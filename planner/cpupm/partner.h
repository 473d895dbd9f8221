/* SPDX-License-Identifier: MIT */
/*
 * Partners: what becomes of cpu-pm on the nodes that VMs may migrate to. cpu-pm travels in the
 * domain XML, so a partner that cannot give it refuses the VM, kills it, or runs it without.
 */
#ifndef PLANNER_CPUPM_PARTNER_H
#define PLANNER_CPUPM_PARTNER_H

#include "planner/cpupm/cpupm.h"

/* VMS ("vm1, vm2 and 3 more") fare alike on PARTNER; WHY says how. UNKNOWN: it cannot be told. */
typedef void PartnerFound(void *data, const NodeSpec *partner, const char *vms, const char *why,
			  bool unknown);

/*
 * Judge each of PARTNERS (of NodeSpec) for VMS (of const VmSpec *, with cpu-pm on) that run on
 * HOST; FOUND is called for every group of VMs that would not keep it there, or may not.
 */
void partners_judge(const GPtrArray *partners, const Host *host, const GPtrArray *vms,
		    PartnerFound *found, void *data);

#endif
