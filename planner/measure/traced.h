/* SPDX-License-Identifier: MIT */
/* Exits by reason, and accesses to MSRs by register, where the kernel counted them in histograms.
 */
#ifndef PLANNER_MEASURE_TRACED_H
#define PLANNER_MEASURE_TRACED_H

#include "planner/measure/measure.h"

/* An exit called NAME came COUNT times. */
typedef void TracedFn(void *data, const char *name, uint64_t count);

/*
 * Call EACH for the reasons that vCPUs of VM left their guests for between BEFORE and AFTER; false
 * where no histogram says. Writes and reads of MSRs are named by register where a histogram of
 * kvm_msr has them.
 */
bool traced_exits(const Audit *audit, const GuestCount *vm, const Counters *before,
		  const Counters *after, TracedFn *each, void *data);

#endif
