/* SPDX-License-Identifier: MIT */
/*
 * A small linear program: most c·x with A x ≤ b, x ≥ 0, columns made as they are wanted. The
 * revised simplex method with the inverse of the basis kept whole; a few dozen rows.
 *
 * Nothing depends on its numbers being right: from the prices it ends with, however rough, come
 * bounds that hold by themselves (search_rows.c).
 */
#include "planner/search/search_simplex.h"

#include <math.h>
#include <string.h>

#define TINY 1e-7

/* What is not 0 in a column. */
typedef struct Entry {
	unsigned row;
	double value;
} Entry;

struct Simplex {
	unsigned m;
	GArray *objective; /* of double: of each column; the first m are the slacks */
	GArray *entries;   /* of Entry: those of all columns, by row within each */
	GArray *ends; /* of unsigned: of each column, but for the last where it is being made */
	double *made; /* the last column's m entries while they are filled in */
	double *rhs, *inverse, *x, *price, *direction;
	unsigned *basis; /* row → column */
	unsigned *wide;	 /* where the row that pivots is not 0 */
	GArray *in;	 /* of bool: is a column in the basis? */
};

Simplex *simplex_new(unsigned m)
{
	Simplex *s = g_new0(Simplex, 1);

	s->m = m;
	s->objective = g_array_new(FALSE, TRUE, sizeof(double));
	s->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
	s->ends = g_array_new(FALSE, FALSE, sizeof(unsigned));
	s->made = g_new0(double, m + 1);
	s->in = g_array_new(FALSE, TRUE, sizeof(bool));
	s->rhs = g_new0(double, m + 1);
	s->inverse = g_new0(double, (size_t)m *m + 1);
	s->x = g_new0(double, m + 1);
	s->price = g_new0(double, m + 1);
	s->direction = g_new0(double, m + 1);
	s->basis = g_new0(unsigned, m + 1);
	s->wide = g_new0(unsigned, m + 1);
	for (unsigned i = 0; i < m; i++) {
		double *column = simplex_add(s, 0);

		column[i] = 1;
		s->inverse[(size_t)i * m + i] = 1;
		s->basis[i] = i;
		g_array_index(s->in, bool, i) = true;
	}
	return s;
}

void simplex_free(Simplex *s)
{
	g_array_unref(s->objective);
	g_array_unref(s->entries);
	g_array_unref(s->ends);
	g_free(s->made);
	g_array_unref(s->in);
	g_free(s->rhs);
	g_free(s->inverse);
	g_free(s->x);
	g_free(s->price);
	g_free(s->direction);
	g_free(s->basis);
	g_free(s->wide);
	g_free(s);
}

/* The column that was being made, if any, is. */
static void keep_made(Simplex *s)
{
	if (s->ends->len == s->objective->len)
		return;
	for (unsigned i = 0; i < s->m; i++) {
		Entry entry = {i, s->made[i]};

		if (entry.value != 0)
			g_array_append_val(s->entries, entry);
		s->made[i] = 0;
	}
	g_array_append_val(s->ends, s->entries->len);
}

double *simplex_add(Simplex *s, double objective)
{
	bool in = false;

	keep_made(s);
	g_array_append_val(s->objective, objective);
	g_array_append_val(s->in, in);
	return s->made;
}

void simplex_objective(Simplex *s, unsigned column, double objective)
{
	g_array_index(s->objective, double, s->m + column) = objective;
}

void simplex_limit(Simplex *s, unsigned row, double limit)
{
	s->rhs[row] = limit;
}

const double *simplex_prices(const Simplex *s)
{
	return s->price;
}

static const Entry *column_end(const Simplex *s, unsigned column)
{
	return (const Entry *)s->entries->data + g_array_index(s->ends, unsigned, column);
}

static const Entry *column_begin(const Simplex *s, unsigned column)
{
	return column ? column_end(s, column - 1) : (const Entry *)s->entries->data;
}

static void find_prices(Simplex *s)
{
	memset(s->price, 0, s->m * sizeof(double));
	for (unsigned i = 0; i < s->m; i++) {
		double c = g_array_index(s->objective, double, s->basis[i]);

		for (unsigned j = 0; c != 0 && j < s->m; j++)
			s->price[j] += c * s->inverse[(size_t)i * s->m + j];
	}
}

static void find_solution(Simplex *s)
{
	for (unsigned i = 0; i < s->m; i++) {
		s->x[i] = 0;
		for (unsigned j = 0; j < s->m; j++)
			s->x[i] += s->inverse[(size_t)i * s->m + j] * s->rhs[j];
	}
}

double simplex_value(const Simplex *s)
{
	double value = 0;

	for (unsigned i = 0; i < s->m; i++)
		value += g_array_index(s->objective, double, s->basis[i]) * s->x[i];
	return value;
}

double simplex_level(const Simplex *s, unsigned column)
{
	for (unsigned i = 0; i < s->m; i++)
		if (s->basis[i] == s->m + column)
			return s->x[i];
	return 0;
}

/* The column that gains most; its number or -1. */
static int simplex_entering(Simplex *s, unsigned from)
{
	double most = TINY;
	int best = -1;

	keep_made(s);
	for (unsigned c = from; c < s->objective->len; c++) {
		const Entry *end = column_end(s, c);
		double gain = g_array_index(s->objective, double, c);

		if (g_array_index(s->in, bool, c))
			continue;
		for (const Entry *e = column_begin(s, c); e < end; e++)
			gain -= s->price[e->row] * e->value;
		if (gain > most) {
			most = gain;
			best = (int)c;
		}
	}
	return best;
}

/* Which row's variable becomes zero first as COLUMN comes in; of equals the surest pivot. */
static int simplex_leaving(Simplex *s, unsigned column)
{
	const Entry *begin = column_begin(s, column), *end = column_end(s, column);
	double least = INFINITY;
	int best = -1;

	for (unsigned i = 0; i < s->m; i++) {
		double d = 0, ratio;

		for (const Entry *e = begin; e < end; e++)
			d += s->inverse[(size_t)i * s->m + e->row] * e->value;
		s->direction[i] = d;
		if (d < TINY)
			continue;
		ratio = MAX(s->x[i], 0) / d;
		if (ratio < least - 1e-12 || (ratio < least + 1e-12 && d > s->direction[best])) {
			least = ratio;
			best = (int)i;
		}
	}
	return best;
}

static void simplex_pivot(Simplex *s, unsigned column, unsigned row)
{
	double *of_row = s->inverse + (size_t)row * s->m, by = s->direction[row];
	unsigned n = 0;

	for (unsigned j = 0; j < s->m; j++) {
		of_row[j] /= by;
		if (of_row[j] != 0)
			s->wide[n++] = j;
	}
	s->x[row] = MAX(s->x[row], 0) / by;
	for (unsigned i = 0; i < s->m; i++) {
		double d = s->direction[i];

		if (i == row || d == 0)
			continue;
		for (unsigned j = 0; j < n; j++)
			s->inverse[(size_t)i * s->m + s->wide[j]] -= d * of_row[s->wide[j]];
		s->x[i] -= d * s->x[row];
	}
	g_array_index(s->in, bool, s->basis[row]) = false;
	g_array_index(s->in, bool, column) = true;
	s->basis[row] = column;
}

unsigned simplex_run(Simplex *s, unsigned most, SimplexColumns more, void *data)
{
	unsigned steps = 0;

	find_solution(s);
	for (; steps < most; steps++) {
		int column, row;

		find_prices(s);
		column = simplex_entering(s, 0);
		if (column < 0) {
			unsigned from = s->objective->len;

			more(data);
			column = simplex_entering(s, from);
		}
		if (column < 0)
			break;
		row = simplex_leaving(s, (unsigned)column);
		if (row < 0)
			break;
		simplex_pivot(s, (unsigned)column, (unsigned)row);
	}
	return steps;
}
