/* SPDX-License-Identifier: MIT */
/*
 * Is the difference between two lists of numbers more than chance? Welch's test for many and
 * symmetric numbers, ranks for few or skewed ones, Brown and Forsythe's for their spread. Lists are
 * GArray of double.
 */
#ifndef PLANNER_MEASURE_STATISTICS_H
#define PLANNER_MEASURE_STATISTICS_H

#include <glib.h>
#include <stdbool.h>

/* A p below this is more than chance. */
#define STATISTICS_ALPHA 0.05

double statistics_mean(const GArray *values);
/* With n - 1; 0 of fewer than two. */
double statistics_deviation(const GArray *values);
double statistics_median(const GArray *values);
/* The third moment over the cube of the deviation; 0 where all are the same. */
double statistics_skewness(const GArray *values);

/* The regularized incomplete beta function I_x(a, b). */
double statistics_beta(double a, double b, double x);
/* The two-sided p of Student's T with DEGREES of freedom. */
double statistics_student(double t, double degrees);

/* Two-sided p of equal means; NAN where a side has fewer than two. Without any spread it is 1 for
 * equal means and 0 for others. */
double statistics_welch(const GArray *a, const GArray *b);
/* Two-sided p that neither side tends to be larger (Wilcoxon, Mann and Whitney): exact up to 60
 * numbers, ties too; above by the normal distribution. */
double statistics_ranks(const GArray *a, const GArray *b);
/* The least p that statistics_ranks() can give for so many numbers. */
double statistics_ranks_least(unsigned a, unsigned b);
/* Two-sided p of equal spread around the medians. */
double statistics_spread(const GArray *a, const GArray *b);
/* The same numbers twice: two-sided p that DIFFERENCES are around 0, by signed ranks, exact; and
 * the least p it can give for N of them. */
double statistics_signed(const GArray *differences);
double statistics_signed_least(unsigned n);

#endif
