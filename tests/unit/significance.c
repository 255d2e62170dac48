/* SPDX-License-Identifier: MIT */
/*
 * The tests of significance, against what others say. Unless a line names another source, the
 * numbers are those of SciPy 1.10.1: stats.fisher_exact(), stats.mannwhitneyu() (method "exact"
 * where there are no ties and at most 20 values, else "asymptotic"),
 * binomtest().proportion_ci(method= "wilson").
 */
#include "significance.h"

#include <math.h>

#include "check.h"
#include "cleanup.h"
#include "sort.h"

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fabs(b) + 1e-15;
}

#define CHECK_NEAR(a, b)                                                                         \
	do {                                                                                     \
		double check_a = (a), check_b = (b);                                             \
		if (!near(check_a, check_b)) {                                                   \
			fprintf(stderr, "%s:%d: %s: %.17g, not %.17g\n", __FILE__, __LINE__, #a, \
				check_a, check_b);                                               \
			exit(1);                                                                 \
		}                                                                                \
	} while (0)

static void test_fisher(void)
{
	static const struct {
		uint64_t failed_a, ok_a, failed_b, ok_b;
		double p;
	} known[] = {
		{1, 9, 11, 3, 0.0027594561852200836},
		{3, 1, 1, 3, 0.48571428571428565}, /* the lady tasting tea: 34/70 */
		{0, 10, 0, 10, 1},
		{5, 0, 0, 5, 0.007936507936507938}, /* 2/252 */
		{2, 3, 3, 2, 1},
		{0, 3, 3, 0, 0.1},
		{0, 4, 4, 0, 0.028571428571428567},
		{12, 5, 29, 2, 0.08026855207410463},
		{250, 9750, 310, 9690, 0.011380728725046396},
		{2557, 47410, 4020, 46438, 5.64771257837078e-75},
		{0, 1000000, 7, 1000000, 0.01562483594068754},
		{500000, 500000, 500900, 499100, 0.20359401338057592},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t n_a = known[i].failed_a + known[i].ok_a;
		uint64_t n_b = known[i].failed_b + known[i].ok_b;

		CHECK(fabs(fisher_test(known[i].failed_a, n_a, known[i].failed_b, n_b) /
				   known[i].p -
			   1) < 1e-7);
		/* Whatever is called A, and whatever failing. */
		CHECK_NEAR(fisher_test(known[i].failed_b, n_b, known[i].failed_a, n_a),
			   fisher_test(known[i].failed_a, n_a, known[i].failed_b, n_b));
		CHECK(fabs(fisher_test(known[i].ok_a, n_a, known[i].ok_b, n_b) / known[i].p - 1) <
		      1e-7);
	}
	CHECK_NEAR(fisher_test(0, 100000000, 100000000, 100000000), 0);
}

static double choose(uint64_t n, uint64_t k)
{
	double c = 1;

	for (uint64_t i = 0; i < k; i++)
		c = c * (double)(n - i) / (double)(i + 1);
	return c;
}

/* Every table of up to 8 and 7 against the definition. */
static void test_fisher_by_definition(void)
{
	for (uint64_t n_a = 0; n_a <= 8; n_a++) {
		for (uint64_t n_b = 0; n_b <= 7; n_b++) {
			for (uint64_t failed = 0; failed <= n_a + n_b; failed++) {
				uint64_t low = failed > n_b ? failed - n_b : 0;
				uint64_t high = failed < n_a ? failed : n_a;

				for (uint64_t x = low; x <= high; x++) {
					double is = choose(n_a, x) * choose(n_b, failed - x), p = 0;

					for (uint64_t y = low; y <= high; y++) {
						double other =
							choose(n_a, y) * choose(n_b, failed - y);

						p += other < is * (1 + 1e-9) ? other : 0;
					}
					p /= choose(n_a + n_b, failed);
					CHECK(fabs(fisher_test(x, n_a, failed - x, n_b) - p) <
					      1e-9);
				}
			}
		}
	}
}

static void test_wilson(void)
{
	static const struct {
		uint64_t hits, n;
		double low, high;
	} known[] = {
		{0, 10, 0, 0.27753279986288926},
		{1, 10, 0.017876213095072896, 0.4041500267952385},
		{5, 10, 0.236593090512564, 0.7634069094874361},
		{10, 10, 0.7224672001371109, 1},
		{2557, 49967, 0.04927597101243444, 0.05314058451101291},
		{7, 1000000, 3.3908678349008543e-06, 1.445052244882719e-05},
	};
	struct interval interval;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		interval = wilson_interval(known[i].hits, known[i].n);
		CHECK_NEAR(interval.low, known[i].low);
		CHECK_NEAR(interval.high, known[i].high);
	}
	/* R. Newcombe, Statistics in Medicine 17 (1998), 873, table II, method 10: 56/70 - 48/80
	 * and 9/10 - 3/10. */
	interval = difference_interval(48, 80, 56, 70);
	CHECK(fabs(interval.low - 0.0524) < 5e-5 && fabs(interval.high - 0.3339) < 5e-5);
	interval = difference_interval(3, 10, 9, 10);
	CHECK(fabs(interval.low - 0.1705) < 5e-5 && fabs(interval.high - 0.8090) < 5e-5);
}

static void test_ranks(void)
{
	static const struct {
		uint64_t a[24], b[24];
		size_t n_a, n_b;
		double u, p;
		bool exact;
	} known[] = {
		{{16, 19, 22, 24, 29}, {11, 12, 17, 20}, 5, 4, 3, 0.1111111111111111, true},
		{{45, 64, 75, 78, 82}, {51, 53, 70, 110}, 5, 4, 9, 0.9047619047619049, true},
		{{1, 2, 3}, {4, 5, 6}, 3, 3, 9, 0.1, true},
		{{1, 2, 3, 4}, {5, 6, 7, 8}, 4, 4, 16, 0.02857142857142857, true},
		{{1}, {2}, 1, 1, 1, 1, true},
		{{1, 2, 2, 3, 3, 3}, {2, 3, 4, 4, 5}, 6, 5, 24.5, 0.08871369199677616, false},
		{{5, 5, 5}, {5, 5}, 3, 2, 3, 1, false},
		/* Hollander and Wolfe, 69f; R, ?wilcox.test: W = 35 one-sided p 0.1272. */
		{{73, 80, 83, 104, 138, 145, 146, 164, 189, 191},
		 {74, 88, 90, 115, 121},
		 10,
		 5,
		 15,
		 0.254412254412254,
		 true},
	};
	struct rank_test test;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		CHECK_INT(rank_test(known[i].a, known[i].n_a, known[i].b, known[i].n_b, &test), 0);
		CHECK_NEAR(test.u, known[i].u);
		CHECK(fabs(test.p - known[i].p) < 1e-12);
		CHECK_INT(test.exact, known[i].exact);
	}
}

#define MANY_A 200
#define MANY_B 150

static void make_many(uint64_t a[MANY_A], uint64_t b[MANY_B])
{
	for (uint64_t i = 0; i < MANY_A; i++)
		a[i] = (i * i * 7919) % 1009;
	for (uint64_t i = 0; i < MANY_B; i++)
		b[i] = (i * i * 104729 + 37) % 1013 + 20;
	CHECK_INT(sort_u64(a, MANY_A), 0);
	CHECK_INT(sort_u64(b, MANY_B), 0);
}

static void test_many_ranks(void)
{
	uint64_t a[MANY_A], b[MANY_B];
	struct rank_test test;

	make_many(a, b);
	CHECK_INT(rank_test(a, MANY_A, b, MANY_B, &test), 0);
	CHECK_NEAR(test.u, 16600);
	CHECK_NEAR(test.p, 0.08772873631150273);
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

/* All differences, sorted: the definition. */
static void test_many_shifts(void)
{
	static double all[MANY_A * MANY_B];
	uint64_t a[MANY_A], b[MANY_B];
	struct shift shift;
	size_t n = 0;

	make_many(a, b);
	for (size_t i = 0; i < MANY_A; i++)
		for (size_t j = 0; j < MANY_B; j++)
			all[n++] = (double)b[j] - (double)a[i];
	qsort(all, n, sizeof(all[0]), ascending);
	CHECK_INT(shift_estimate(a, MANY_A, b, MANY_B, &shift), 0);
	CHECK_NEAR(shift.estimate, (all[n / 2 - 1] + all[n / 2]) / 2);
	CHECK_NEAR(shift.estimate, 54);
	/* 200 * 150 / 2 - 1.96 * sqrt(200 * 150 * 351 / 12) = 13164.0… */
	CHECK(shift.has_interval);
	CHECK_NEAR(shift.interval.low, all[13163]);
	CHECK_NEAR(shift.interval.high, all[n - 13164]);
}

static void test_small_shifts(void)
{
	/* R: wilcox.test(x, y, conf.int = TRUE) of the data above: 0.305, -0.15 to 0.76. */
	static const uint64_t x[] = {73, 80, 83, 104, 138, 145, 146, 164, 189, 191};
	static const uint64_t y[] = {74, 88, 90, 115, 121};
	struct shift shift;

	CHECK_INT(shift_estimate(y, 5, x, 10, &shift), 0);
	CHECK_NEAR(shift.estimate, 30.5);
	CHECK(shift.has_interval);
	CHECK_NEAR(shift.interval.low, -15);
	CHECK_NEAR(shift.interval.high, 76);
	CHECK_INT(shift_estimate(x, 3, y, 3, &shift), 0);
	CHECK(!shift.has_interval);
	CHECK_INT(shift_estimate((uint64_t[]){(uint64_t)1 << 62}, 1, (uint64_t[]){0}, 1, &shift),
		  0);
	CHECK_NEAR(shift.estimate, -4611686018427387904.0);
}

static void test_enough(void)
{
	CHECK(!enough_to_tell(0, 1000) && !enough_to_tell(3, 3) && !enough_to_tell(1, 19));
	CHECK(enough_to_tell(4, 4) && enough_to_tell(1, 40) && enough_to_tell(1000000, 1000000));
}

static void test_holm(void)
{
	/* R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.9), "holm") */
	double p[] = {0.01, 0.04, 0.03, 0.005, 0.9};

	CHECK_INT(holm_adjust(p, 5), 0);
	CHECK_NEAR(p[0], 0.04);
	CHECK_NEAR(p[1], 0.09);
	CHECK_NEAR(p[2], 0.09);
	CHECK_NEAR(p[3], 0.025);
	CHECK_NEAR(p[4], 0.9);
	CHECK_INT(holm_adjust(p, 0), 0);
}

int main(void)
{
	test_fisher();
	test_fisher_by_definition();
	test_wilson();
	test_ranks();
	test_many_ranks();
	test_many_shifts();
	test_small_shifts();
	test_enough();
	test_holm();
	return 0;
}
