/* SPDX-License-Identifier: MIT */
/* A node's capacity for people, and for spreadsheets. */
#ifndef CMD_FIT_H
#define CMD_FIT_H

#include "planner/fit/fit_json.h"

/* Print FIT, beside it what WHAT_IF asks where it asks anything. */
void fit_print(const Fit *fit, const FitWhatIf *what_if, bool color);
/* As CSV: a line a size, and once more with what WHAT_IF asks. */
void fit_print_csv(const Fit *fit, const FitWhatIf *what_if);

#endif
