/* SPDX-License-Identifier: MIT */
/* Rules over both documents of a VM: one finding where both have the fault, one each where they
 * differ. */
#ifndef PLANNER_RULES_SIDES_H
#define PLANNER_RULES_SIDES_H

#include "planner/rules_found.h"

/* What is wrong with the SIDE of VM, yours; NULL if nothing is. CPUs in trouble go into CPUS. */
typedef char *SideJudge(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus);

void judge_sides(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings,
		 SideJudge *judge);

/* Does the plan itself put this VM's vCPU on CPU? */
bool planned_on(const AuditVm *vm, unsigned cpu);
/* "vCPU 2 on 13": the wrong vCPUs of a VM, named. */
void name_vcpu(Naming *naming, unsigned vcpu, hwloc_const_bitmap_t where, const char *rest);
/* Emulator threads, then I/O threads: call JUDGE for each. */
typedef void ThreadEach(const GuestThread *thread, bool io, void *data);
void each_worker(const Guest *guest, ThreadEach *each, void *data);

#endif
