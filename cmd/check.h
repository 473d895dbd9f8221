/* SPDX-License-Identifier: MIT */
/* A check for people: findings by subject, what could not be judged, CPUs in trouble. */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "planner/check/check.h"

/* Print CHECK. A node about which there is nothing to say gets one line. */
void check_print(const Check *check, bool color);

#endif
