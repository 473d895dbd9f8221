/* SPDX-License-Identifier: MIT */
/*
 * Sources: Welch, Biometrika 34 (1947) 28; Wilcoxon, Biometrics Bulletin 1 (1945) 80; Mann and
 * Whitney, Annals of Mathematical Statistics 18 (1947) 50; Brown and Forsythe, Journal of the
 * American Statistical Association 69 (1974) 364; the beta function by the continued fraction of
 * the Digital Library of Mathematical Functions, 8.17.22, in Lentz's way.
 */
#include "planner/measure/statistics.h"

#include <math.h>

static double value_at(const GArray *values, unsigned i)
{
	return g_array_index(values, double, i);
}

double statistics_mean(const GArray *values)
{
	double sum = 0;

	for (unsigned i = 0; i < values->len; i++)
		sum += value_at(values, i);
	return values->len ? sum / values->len : 0;
}

/* The mean of (value - mean) to the POWER, over DIVISOR. */
static double statistics_moment(const GArray *values, double power, double divisor)
{
	double mean = statistics_mean(values), sum = 0;

	for (unsigned i = 0; i < values->len; i++)
		sum += pow(value_at(values, i) - mean, power);
	return divisor > 0 ? sum / divisor : 0;
}

double statistics_deviation(const GArray *values)
{
	return sqrt(statistics_moment(values, 2, values->len - 1.0));
}

double statistics_skewness(const GArray *values)
{
	double square = statistics_moment(values, 2, values->len);

	return square > 0 ? statistics_moment(values, 3, values->len) / pow(square, 1.5) : 0;
}

static int double_compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

double statistics_median(const GArray *values)
{
	g_autoptr(GArray) sorted = g_array_copy((GArray *)values);
	unsigned n = sorted->len;

	g_array_sort(sorted, double_compare);
	return n ? (value_at(sorted, (n - 1) / 2) + value_at(sorted, n / 2)) / 2 : 0;
}

/* Student's distribution */

#define LENTZ_STEPS 1000
#define LENTZ_TINY 1e-300
#define LENTZ_CLOSE 1e-15

/* DLMF 8.17.22 without the factor before it. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), fraction;

	d = 1 / (fabs(d) < LENTZ_TINY ? LENTZ_TINY : d);
	fraction = d;
	for (unsigned m = 1; m <= LENTZ_STEPS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double factors[] = {even, odd}, step = 1;

		for (unsigned i = 0; i < 2; i++) {
			d = 1 + factors[i] * d;
			c = 1 + factors[i] / c;
			d = 1 / (fabs(d) < LENTZ_TINY ? LENTZ_TINY : d);
			c = fabs(c) < LENTZ_TINY ? LENTZ_TINY : c;
			step = c * d;
			fraction *= step;
		}
		if (fabs(step - 1) < LENTZ_CLOSE)
			break;
	}
	return fraction;
}

double statistics_beta(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
					 : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double statistics_student(double t, double degrees)
{
	return statistics_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

double statistics_welch(const GArray *a, const GArray *b)
{
	double first = statistics_moment(a, 2, a->len - 1.0) / a->len;
	double second = statistics_moment(b, 2, b->len - 1.0) / b->len;
	double both = first + second, apart = statistics_mean(a) - statistics_mean(b);

	if (a->len < 2 || b->len < 2)
		return NAN;
	if (both <= 0)
		return fabs(apart) > 0 ? 0 : 1;
	return statistics_student(
		apart / sqrt(both),
		both * both / (first * first / (a->len - 1.0) + second * second / (b->len - 1.0)));
}

/* How far each value is from their median. */
static GArray *statistics_distances(const GArray *values)
{
	GArray *distances = g_array_new(FALSE, FALSE, sizeof(double));
	double median = statistics_median(values);

	for (unsigned i = 0; i < values->len; i++) {
		double distance = fabs(value_at(values, i) - median);

		g_array_append_val(distances, distance);
	}
	return distances;
}

/* With two sides the F of Brown and Forsythe is the square of a t of the distances. */
double statistics_spread(const GArray *a, const GArray *b)
{
	g_autoptr(GArray) first = statistics_distances(a), second = statistics_distances(b);
	double degrees = a->len + b->len - 2.0;
	double square = statistics_moment(first, 2, 1) + statistics_moment(second, 2, 1);
	double apart = statistics_mean(first) - statistics_mean(second);

	if (a->len < 2 || b->len < 2)
		return NAN;
	if (square <= 0)
		return fabs(apart) > 0 ? 0 : 1;
	return statistics_student(apart / sqrt(square / degrees * (1.0 / a->len + 1.0 / b->len)),
				  degrees);
}

/* Ranks */

#define RANKS_EXACT 60

/* Twice the rank that VALUE has in SORTED: those that are equal share the mean of theirs. */
static unsigned rank_doubled(const GArray *sorted, double value)
{
	unsigned less = 0, at_most = 0;

	for (unsigned i = 0; i < sorted->len; i++) {
		less += value_at(sorted, i) < value;
		at_most += value_at(sorted, i) <= value;
	}
	return less + 1 + at_most;
}

static double statistics_choose(unsigned n, unsigned k)
{
	double ways = 1;

	for (unsigned i = 1; i <= k; i++)
		ways = ways * (n - k + i) / i;
	return ways;
}

/* Of all ways to pick TAKEN of the doubled RANKS, the share whose sum is as far from their mean as
 * SUM is, or farther. */
static double ranks_exact(const GArray *ranks, unsigned taken, unsigned sum)
{
	unsigned n = ranks->len, most = n * (n + 1), middle = taken * (n + 1);
	unsigned far = sum > middle ? sum - middle : middle - sum;
	g_autofree double *ways = g_new0(double, (size_t)(taken + 1) * (most + 1));
	double hits = 0;

	ways[0] = 1;
	for (unsigned i = 0; i < n; i++) {
		unsigned rank = g_array_index(ranks, unsigned, i);

		for (unsigned k = MIN(taken, i + 1); k > 0; k--)
			for (unsigned s = most; s >= rank; s--)
				ways[k * (most + 1) + s] += ways[(k - 1) * (most + 1) + s - rank];
	}
	for (unsigned s = 0; s <= most; s++)
		if ((s > middle ? s - middle : middle - s) >= far)
			hits += ways[taken * (most + 1) + s];
	return hits / statistics_choose(n, taken);
}

/* The same of a normal distribution; the variance of the doubled ranks tells ties by itself. */
static double ranks_normal(const GArray *ranks, unsigned taken, unsigned sum)
{
	double n = ranks->len, middle = taken * (n + 1), square = 0, far, variance;

	for (unsigned i = 0; i < ranks->len; i++)
		square += pow(g_array_index(ranks, unsigned, i) - (n + 1), 2);
	variance = taken * (n - taken) / (n * (n - 1)) * square;
	far = MAX(fabs(sum - middle) - 1, 0); /* half a rank for continuity */
	return variance > 0 ? erfc(far / sqrt(2 * variance)) : 1;
}

double statistics_ranks(const GArray *a, const GArray *b)
{
	g_autoptr(GArray) all = g_array_copy((GArray *)a);
	g_autoptr(GArray) ranks = g_array_new(FALSE, FALSE, sizeof(unsigned));
	unsigned sum = 0;

	g_array_append_vals(all, b->data, b->len);
	for (unsigned i = 0; i < all->len; i++) {
		unsigned rank = rank_doubled(all, value_at(all, i));

		g_array_append_val(ranks, rank);
		sum += i < a->len ? rank : 0;
	}
	return all->len <= RANKS_EXACT ? ranks_exact(ranks, a->len, sum)
				       : ranks_normal(ranks, a->len, sum);
}

double statistics_ranks_least(unsigned a, unsigned b)
{
	return MIN(2 / statistics_choose(a + b, a), 1);
}

/* Signed ranks */

double statistics_signed(const GArray *differences)
{
	g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(double));
	g_autofree double *ways = NULL;
	unsigned most, sum = 0, reached = 0;
	double hits = 0;

	for (unsigned i = 0; i < differences->len; i++) {
		double size = fabs(value_at(differences, i));

		if (size > 0)
			g_array_append_val(sizes, size);
	}
	most = sizes->len * (sizes->len + 1);
	ways = g_new0(double, most + 1);
	ways[0] = 1;
	for (unsigned i = 0; i < differences->len; i++) {
		double value = value_at(differences, i);
		unsigned rank = fabs(value) > 0 ? rank_doubled(sizes, fabs(value)) : 0;

		if (!rank)
			continue;
		sum += value > 0 ? rank : 0;
		reached += rank;
		for (unsigned s = most; s >= rank; s--)
			ways[s] = (ways[s] + ways[s - rank]) / 2;
		for (unsigned s = 0; s < rank; s++)
			ways[s] /= 2;
	}
	for (unsigned s = 0; s <= most; s++)
		if (fabs(2.0 * s - reached) >= fabs(2.0 * sum - reached))
			hits += ways[s];
	return hits;
}

double statistics_signed_least(unsigned n)
{
	return MIN(2 / pow(2, n), 1);
}
