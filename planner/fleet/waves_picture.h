/* SPDX-License-Identifier: MIT */
/*
 * The waves of a fleet as a picture in time: an SVG with a row for each node and a column for each
 * wave, in which nodes are drained, change and are back. VMs that go and come are counted.
 */
#ifndef PLANNER_FLEET_WAVES_PICTURE_H
#define PLANNER_FLEET_WAVES_PICTURE_H

#include "planner/fleet/waves.h"

/* STANDINGS: those that waves_new() had as BEFORE. Yours. */
char *waves_picture(const GPtrArray *standings, const Waves *waves);

#endif
