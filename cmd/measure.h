/* SPDX-License-Identifier: MIT */
/* What people see of a measurement. */
#ifndef CMD_MEASURE_H
#define CMD_MEASURE_H

#include "planner/measure/measure.h"

void measure_print(const Measure *measure, bool color);

#endif
