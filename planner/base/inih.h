/* SPDX-License-Identifier: MIT */
/*
 * inih, as all of planner uses it. Debian's inih 55 has its build-time limits as variables, which
 * are everybody's; upstream's line of 200 bytes would cut the CPU list of a large VM, and values of
 * several lines would swallow indented keys.
 */
#ifndef PLANNER_BASE_INIH_H
#define PLANNER_BASE_INIH_H

#include <ini.h>

#define INIH_LINE_MAX 4000 /* bytes; a list of 800 CPUs */

/* Before the first ini_parse_…(); any thread, any number of times. */
void inih_configure(void);

#endif
