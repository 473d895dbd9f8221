/* SPDX-License-Identifier: MIT */
/*
 * Events counted by perf (perf_event_open(2)), for kernels without histograms of events: a counter
 * for each vCPU's thread, or CPU, and each value that is asked for. What comes of it is as a
 * histogram would have it (topology/facts/histogram.h), with a row for all other values together.
 *
 * Opening, resetting and reading counters interrupts CPUs: all of it is done outside of the time
 * that is measured.
 *
 * To add a value: its row in a table of perf_counts.c.
 */
#ifndef TOPOLOGY_FACTS_PERF_COUNTS_H
#define TOPOLOGY_FACTS_PERF_COUNTS_H

#include "topology/guests/guests.h"

/* All values that have no row of their own. */
#define PERF_OTHERS "others"

/* One counter. */
typedef struct PerfCount {
	const char *event; /* "kvm_exit" */
	const char *keys;  /* "common_pid,exit_reason" */
	unsigned of;	   /* TID, or CPU */
	char *values;	   /* of the keys after the first: "exit_reason: 124" */
	char *filter;	   /* "exit_reason==124"; NULL = all */
	int fd;		   /* -1 = not open */
	uint64_t count;
} PerfCount;

typedef struct PerfCounts PerfCounts;

/*
 * Count exits of the running ones of GUESTS (NULL = none), and why the tick goes on on CPUS. The
 * events are those of TRACEFS. NULL with PLANNER_ERROR_SYSTEM where the kernel does not let us.
 */
PerfCounts *perf_counts_start(const char *tracefs, const GuestFacts *guests,
			      hwloc_const_bitmap_t cpus, GError **error);
/* From now on. */
void perf_counts_begin(PerfCounts *counts);
/* Put what was counted into HISTOGRAMS, as those of Counters; what they had of that is replaced. */
void perf_counts_end(PerfCounts *counts, GHashTable *histograms);
void perf_counts_free(PerfCounts *counts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PerfCounts, perf_counts_free)

/* For tests: the counters of INTEL's or AMD's processors, of PerfCount, none open; and what they
 * come to. */
GArray *perf_counts_wanted(const GuestFacts *guests, hwloc_const_bitmap_t cpus, bool intel);
void perf_counts_fill(const GArray *wanted, GHashTable *histograms);

#endif
