/* SPDX-License-Identifier: MIT */
/*
 * What the kernel counted in histograms (topology/facts/tracing.h): exits by reason and what they
 * cost, and what ran, fired and was called on a CPU, by name. Each is the difference of two
 * moments.
 */
#ifndef PLANNER_MEASURE_TRACED_H
#define PLANNER_MEASURE_TRACED_H

#include "planner/measure/measure.h"

/* An exit called NAME came COUNT times, and took so many nanoseconds; 0 = not known, or sleep. */
typedef void TracedFn(void *data, const char *name, uint64_t count, uint64_t nanoseconds);

/*
 * Call EACH for the reasons that vCPUs of VM left their guests for between BEFORE and AFTER; false
 * where no histogram says. Writes and reads of MSRs are named by register where a histogram of
 * kvm_msr has them.
 */
bool traced_exits(const Audit *audit, const GuestCount *vm, const Counters *before,
		  const Counters *after, TracedFn *each, void *data);
/* Which ports, and which addresses of devices, VM used. */
void traced_ports(const GuestCount *vm, const Counters *before, const Counters *after,
		  GArray *parts);
void traced_addresses(const GuestCount *vm, const Counters *before, const Counters *after,
		      GArray *parts);

/* Of hrtimers and of timers: functions that fired on CPU. */
void traced_hrtimers(const Counters *before, const Counters *after, unsigned cpu, GArray *parts);
void traced_timers(const Counters *before, const Counters *after, unsigned cpu, GArray *parts);
/* Who was put on CPU, by name, besides the threads of OWN (TIDs, GUINT_TO_POINTER), and which work
 * items ran. VCPUS: threads that have another name than the kernel's (TID → name). */
void traced_tasks(const Counters *before, const Counters *after, unsigned cpu, GHashTable *own,
		  GHashTable *vcpus, GArray *parts);
/* Functions that other CPUs called on CPU, and which CPUs sent it a reschedule. */
void traced_calls(const Counters *before, const Counters *after, unsigned cpu, GArray *parts);
void traced_senders(const Counters *before, const Counters *after, unsigned cpu, GArray *parts);

/* TICK_DEP_MASK_… of include/linux/tick.h. */
typedef enum TickReason {
	TICK_NONE = 0,
	TICK_POSIX_TIMER = 1,
	TICK_PERF = 2,
	TICK_SCHED = 4,
	TICK_CLOCK_UNSTABLE = 8,
	TICK_RCU = 16,
	TICK_RCU_EXP = 32,
} TickReason;
/* Why the tick went on most often on CPU. */
TickReason traced_tick(const Counters *before, const Counters *after, unsigned cpu);

/* How often the thread TID was put on one of CPUS; false where no histogram says. */
bool traced_runs(const Counters *before, const Counters *after, unsigned tid,
		 hwloc_const_bitmap_t cpus, uint64_t *runs);

/* For traced.c and traced_cpu.c: the histogram of EVENT whose keys are SECOND and THIRD (NULL = no
 * such) after the first; NULL. And how often ROW of it came since BEFORE (NULL = it was empty). */
const Histogram *traced_find(const Counters *counters, const char *event, const char *second,
			     const char *third);
uint64_t traced_growth(const Histogram *before, const HistogramRow *row);
/* The same of its first value. */
uint64_t traced_took(const Histogram *before, const HistogramRow *row);

#endif
