/* SPDX-License-Identifier: MIT */
/* Whether a VM's timers, IPIs and halts took the way through KVM that planner/cpupm/paths.h says.
 */
#ifndef PLANNER_MEASURE_MEASURE_PATHS_H
#define PLANNER_MEASURE_MEASURE_PATHS_H

#include "planner/measure/measure.h"

typedef enum PathVerdict {
	PATH_UNSEEN,	/* the guest did nothing that would show it */
	PATH_CONFIRMED, /* as it was said */
	PATH_OTHERWISE,
} PathVerdict;

/* By PathVerdict, as in documents; ended by NULL. */
extern const char *const path_verdicts[];

typedef struct MeasurePath {
	const char *name; /* "timers", "IPIs", "halts" */
	char *said, *seen;
	PathVerdict verdict;
} MeasurePath;

/* Of MeasurePath; empty where VM's exits were not traced, or whether it has cpu-pm is not known.
 * Yours. */
GArray *measure_paths(const Measure *measure, const MeasureVm *vm);

#endif
