/* SPDX-License-Identifier: MIT */
/* Against what is published: Student's table, examples with their answers, tables of Mann and
 * Whitney's U and of Wilcoxon's T. */
#include "planner/measure/statistics.h"

#include <math.h>

static GArray *list_of(const double *values, unsigned n)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(double));

	return g_array_append_vals(list, values, n);
}
#define LIST(...)                                                                                  \
	list_of((const double[]){__VA_ARGS__},                                                     \
		sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void near_to(double a, double b, double by)
{
	g_assert_cmpfloat_with_epsilon(a, b, by);
}

/* Two-sided 5 % and 1 % of Student's table; F(1, 10) of 4.965 is its square. */
static void test_student(void)
{
	static const struct {
		double t, degrees, p;
	} table[] = {{12.706, 1, .05}, {4.303, 2, .05},	  {2.228, 10, .05},
		     {2.086, 20, .05}, {1.980, 120, .05}, {63.657, 1, .01},
		     {3.169, 10, .01}, {2.617, 120, .01}, {0, 7, 1}};

	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++)
		near_to(statistics_student(table[i].t, table[i].degrees), table[i].p, 5e-5);
	near_to(statistics_student(sqrt(4.9646), 10), .05, 1e-5);
}

/* I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a, I_1/2(a, a) = 1/2. */
static void test_beta(void)
{
	near_to(statistics_beta(1, 5, .3), 1 - pow(.7, 5), 1e-13);
	near_to(statistics_beta(4.5, 1, .2), pow(.2, 4.5), 1e-13);
	near_to(statistics_beta(37, 37, .5), .5, 1e-12);
	g_assert_cmpfloat(statistics_beta(2, 3, 0), ==, 0);
	g_assert_cmpfloat(statistics_beta(2, 3, 1), ==, 1);
}

/* Student's sleep data (Biometrika 6, 1908): Welch's t -1.8608, df 17.776, p 0.07939. */
static void test_welch(void)
{
	g_autoptr(GArray) a = LIST(.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2);
	g_autoptr(GArray) b = LIST(1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4);
	g_autoptr(GArray) same = LIST(5, 5, 5), other = LIST(6, 6), one = LIST(1);

	near_to(statistics_mean(a), .75, 1e-12);
	near_to(statistics_deviation(a), 1.78901, 1e-5);
	near_to(statistics_welch(a, b), .07939, 5e-6);
	g_assert_cmpfloat(statistics_welch(same, same), ==, 1);
	g_assert_cmpfloat(statistics_welch(same, other), ==, 0);
	g_assert_true(isnan(statistics_welch(one, a)));
}

/* Hollander and Wolfe (1973), 69: permeability of membranes, W 35, two-sided p 0.2544. U of 0 of
 * 4 and 4 has 2/70, of 5 and 5 2/252; U of 2 of 5 and 5 is the last below 5 %. */
static void test_ranks(void)
{
	g_autoptr(GArray) a = LIST(.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46);
	g_autoptr(GArray) b = LIST(1.15, .88, .90, .74, 1.21);
	g_autoptr(GArray) low = LIST(1, 2, 3, 4), high = LIST(5, 6, 7, 8);
	g_autoptr(GArray) two = LIST(1, 2, 3, 5, 7), rest = LIST(4, 6, 8, 9, 10);
	g_autoptr(GArray) ties = LIST(1, 1, 1, 1);

	near_to(statistics_ranks(a, b), .2544, 5e-5);
	near_to(statistics_ranks(low, high), 2. / 70, 1e-12);
	near_to(statistics_ranks(high, low), 2. / 70, 1e-12);
	g_assert_cmpfloat(statistics_ranks(ties, ties), ==, 1);
	/* U = 3 there: 10 of the 252 ways each side are as far. */
	near_to(statistics_ranks(two, rest), 2 * 7. / 252, 1e-12);
	near_to(statistics_ranks_least(3, 3), .1, 1e-12);
	near_to(statistics_ranks_least(4, 3), 2. / 35, 1e-12);
	near_to(statistics_ranks_least(5, 5), 2. / 252, 1e-12);
}

/* Above 60 numbers the normal distribution: U of 0 to 39 against 10.5 to 49.5 is 435; z, with the
 * correction for continuity, 3.5074. */
static void test_ranks_many(void)
{
	g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) b = g_array_new(FALSE, FALSE, sizeof(double));

	for (unsigned i = 0; i < 40; i++) {
		double low = i, high = i + 10.5;

		g_array_append_val(a, low);
		g_array_append_val(b, high);
	}
	near_to(statistics_ranks(a, b), 0.000452503, 1e-7);
	near_to(statistics_ranks(b, a), 0.000452503, 1e-7);
}

/* Wilcoxon's table: T of 0 of 6 has 2/64, of 5 2/32; T of 2 of 7 is the last below 5 %. */
static void test_signed(void)
{
	g_autoptr(GArray) six = LIST(1, 2, 3, 4, 5, 6), five = LIST(-1, -2, -3, -4, -5);
	g_autoptr(GArray) seven = LIST(1, -2, 3, 4, 5, 6, 7), zero = LIST(0, 0);

	near_to(statistics_signed(six), 2. / 64, 1e-12);
	near_to(statistics_signed(five), 2. / 32, 1e-12);
	near_to(statistics_signed(seven), 2 * 3. / 128, 1e-12);
	g_assert_cmpfloat(statistics_signed(zero), ==, 1);
	near_to(statistics_signed_least(12), .000488, 1e-6);
}

/* By hand: distances 1 0 1 and 4 0 4, t = -2 / sqrt((2/3 + 32/3) / 4 * 2/3) = -1.455, df 4. */
static void test_spread(void)
{
	g_autoptr(GArray) a = LIST(1, 2, 3), b = LIST(6, 10, 14);

	near_to(statistics_median(a), 2, 1e-12);
	near_to(statistics_spread(a, b), statistics_student(2 / sqrt(34. / 3 / 4 * 2 / 3), 4),
		1e-12);
	g_assert_cmpfloat(statistics_spread(a, a), ==, 1);
}

static void test_skewness(void)
{
	g_autoptr(GArray) even = LIST(1, 2, 3, 4), skewed = LIST(1, 1, 1, 1, 1, 1, 1, 1, 1, 100);

	near_to(statistics_skewness(even), 0, 1e-12);
	near_to(statistics_skewness(skewed), 2.667, 1e-3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/statistics/student", test_student);
	g_test_add_func("/statistics/beta", test_beta);
	g_test_add_func("/statistics/welch", test_welch);
	g_test_add_func("/statistics/ranks", test_ranks);
	g_test_add_func("/statistics/ranks-many", test_ranks_many);
	g_test_add_func("/statistics/signed", test_signed);
	g_test_add_func("/statistics/spread", test_spread);
	g_test_add_func("/statistics/skewness", test_skewness);
	return g_test_run();
}
