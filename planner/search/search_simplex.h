/* SPDX-License-Identifier: MIT */
/* Linear programs: the most c·x with A x ≤ b, x ≥ 0. */
#ifndef PLANNER_SEARCH_SEARCH_SIMPLEX_H
#define PLANNER_SEARCH_SEARCH_SIMPLEX_H

#include <glib.h>
#include <stdbool.h>

typedef struct Simplex Simplex;

/* M rows, all limits 0, no columns. A limit may be negative only where the solution at hand, when
 * it is set, keeps to it. */
Simplex *simplex_new(unsigned m);
void simplex_free(Simplex *simplex);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Simplex, simplex_free)
void simplex_limit(Simplex *simplex, unsigned row, double limit);

/* One more column: its entries, all 0, to be filled in at once. Columns count from 0. */
double *simplex_add(Simplex *simplex, double objective);
void simplex_objective(Simplex *simplex, unsigned column, double objective);

/* Asked for columns that gain at the prices there are, when those at hand do not. */
typedef void (*SimplexColumns)(void *data);
/* At most MOST steps from the solution at hand; returns how many it took. */
unsigned simplex_run(Simplex *simplex, unsigned most, SimplexColumns more, void *data);
/* Of each row; never relied on to be exact. */
const double *simplex_prices(const Simplex *simplex);
double simplex_value(const Simplex *simplex);
/* Of a column. */
double simplex_level(const Simplex *simplex, unsigned column);

#endif
