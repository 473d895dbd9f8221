/* SPDX-License-Identifier: MIT */
/*
 * A measurement as a picture: an SVG with a bar for the rate of each interruption, by VM, and for
 * the longest gap of each free CPU. Scales are logarithmic: a bar twice as long is no double.
 */
#ifndef PLANNER_PAGE_MEASURE_PICTURE_H
#define PLANNER_PAGE_MEASURE_PICTURE_H

#include "planner/measure/measure.h"

/* Yours. */
char *measure_picture(const Measure *measure);

#endif
