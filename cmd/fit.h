/* SPDX-License-Identifier: MIT */
/* A node's capacity for people. */
#ifndef CMD_FIT_H
#define CMD_FIT_H

#include "planner/fit/fit_json.h"

/* Print FIT, beside it what WHAT_IF asks where it asks anything. */
void fit_print(const Fit *fit, const FitWhatIf *what_if, bool color);

#endif
