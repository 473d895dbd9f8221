/* SPDX-License-Identifier: MIT */
/* Rules over the sides of a VM, and the words they share. */
#ifndef PLANNER_CHECK_RULES_SIDES_H
#define PLANNER_CHECK_RULES_SIDES_H

#include "planner/check/rules_found.h"

/* Judge each of them by rule->judge. */
void judge_sides(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings);

/* The CPUs that are not online and that vm.pin-offline finds. Yours. */
hwloc_bitmap_t pins_offline(const Audit *audit);
/* Does the plan itself put this VM's vCPU on CPU? */
bool planned_on(const AuditVm *vm, unsigned cpu);
/* How many vCPUs a core of the guest has, as SIDE says; 0 = it does not. */
unsigned guest_core_threads(const Guest *guest, Side side);
/* "vCPU 2 on 13": the wrong vCPUs of a VM, named. */
void name_vcpu(Naming *naming, unsigned vcpu, hwloc_const_bitmap_t where, const char *rest);
/* Emulator threads, then I/O threads: call JUDGE for each. */
typedef void ThreadEach(const GuestThread *thread, bool io, void *data);
void each_worker(const Guest *guest, ThreadEach *each, void *data);

#endif
