/* SPDX-License-Identifier: MIT */
/* What people see of a measurement, and of two benchmarks compared. */
#ifndef CMD_MEASURE_H
#define CMD_MEASURE_H

#include "cmd/options.h"
#include "planner/measure/measure.h"

void measure_print(const Measure *measure, bool color);
/* Its noise, if somebody looked for it. */
void measure_noise_print(const Measure *measure, bool color);

/* Compare the two files that are OPTIONS' arguments, and print that. */
bool measure_compare(const Options *options, GError **error);

#endif
