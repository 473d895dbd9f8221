/* SPDX-License-Identifier: MIT */
/* A check for people: findings by subject, what could not be judged, CPUs in trouble. */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "planner/check/since.h"

/* How it is shown. */
typedef struct CheckView {
	const Since *since; /* what changed since then, instead of all; NULL */
	bool brief;	    /* a line a finding */
	bool color;
} CheckView;

/* Print CHECK. A node about which there is nothing to say gets one line. */
void check_print(const Check *check, const CheckView *view);

#endif
