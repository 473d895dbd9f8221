/* SPDX-License-Identifier: MIT */
/* This machine, measured for some time. */
#ifndef CMD_MEASURE_LIVE_H
#define CMD_MEASURE_LIVE_H

#include "planner/measure/measure.h"
#include "topology/facts/perf_counts.h"

/* How this machine is measured. */
typedef struct MeasureHow {
	unsigned seconds;
	bool noise; /* look for noise of CPUs that are free, too */
} MeasureHow;

/* Of --for WORD the seconds: "10s", "10", "5m", "1h"; 10 without one (NULL). NOISE is --noise. */
bool measure_how(const char *word, bool noise, MeasureHow *how, GError **error);

typedef struct MeasureLive {
	Counters *before, *after;
	hwloc_bitmap_t cpus; /* where planner could run meanwhile */
	PerfCounts *perf;    /* where there are no histograms; NULL = there are, or no perf */
	Noise *noise;	     /* NULL = nobody looked for it */
	MeasureOwn own;
} MeasureLive;

/*
 * Read the counters of AUDIT's node, which is this machine, let some time pass, and read them
 * again; meanwhile the kernel counts in a tracing instance, where it can. What could not be read or
 * traced is in the counters' `unread`. A signal that ends the program does so in here, after the
 * instance is gone. The answer is yours, and borrows of LIVE; NULL with ERROR.
 */
Measure *measure_live(const Audit *audit, MeasureHow how, MeasureLive *live, GError **error);
void measure_live_clear(MeasureLive *live);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MeasureLive, measure_live_clear)

#endif
