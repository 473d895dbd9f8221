/* SPDX-License-Identifier: MIT */
/* The smallest changes that would place a VM which was not placed. */
#ifndef PLANNER_PLACE_CHANGE_H
#define PLANNER_PLACE_CHANGE_H

#include "planner/place/problem.h"

/*
 * BASE has every VM that is placed, in the rooms as they were before the search; with SPEC added
 * they do not all fit. Returns a GPtrArray of Change, yours: a kept VM to move, memory on a node,
 * cores of a node that the SDK or the host could give back; where there is none of these, two of
 * them together, and a VM to take away; where not even that would do, two VMs. Of each kind the
 * smallest, and each was proved by solving with it. All together take no more steps of the search
 * than *STEPS has, which are taken from it; what was not found by then is not named.
 */
GPtrArray *changes_find(const Placer *placer, const Problem *base, const VmSpec *spec,
			uint64_t *steps);

/* The changes as one line: what to do. Yours; NULL when there are none. */
char *changes_text(const Plan *plan, const GPtrArray *changes);

#endif
