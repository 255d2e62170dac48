/* SPDX-License-Identifier: MIT */
/*
 * Sorting, quantiles by nearest rank, exact and sketched, and groups.
 */
#include "quantile.h"

#include <math.h>

#include "check.h"
#include "cleanup.h"
#include "groups.h"
#include "sample.h"
#include "sort.h"

/* xorshift64*: the same numbers everywhere. */
static uint64_t state = 88172645463325252u;

static uint64_t draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717u;
}

static double uniform(void)
{
	return ((double)(draw() >> 11) + 0.5) / 9007199254740992.0;
}

static uint64_t flat(void)
{
	return draw() % 1000000;
}

static uint64_t tiny(void)
{
	return draw() % 7;
}

static uint64_t exponential(void)
{
	return (uint64_t)(-log(uniform()) * 50000);
}

/* Like answer times: most quick, few very slow. */
static uint64_t lognormal(void)
{
	double normal = sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());

	return (uint64_t)exp(10 + 2 * normal);
}

static uint64_t pareto(void)
{
	return (uint64_t)(1000 / pow(uniform(), 2));
}

static uint64_t two_humps(void)
{
	return draw() & 1 ? 1000 + draw() % 100 : 30000000 + draw() % 1000000;
}

static uint64_t constant(void)
{
	return 123457;
}

static uint64_t any(void)
{
	return draw() >> draw() % 64;
}

static uint64_t (*const distributions[])(void) = {flat,	  tiny,	     exponential, lognormal,
						  pareto, two_humps, constant,	  any};

#define DISTRIBUTIONS (sizeof(distributions) / sizeof(distributions[0]))

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void check_sort(uint64_t (*distribution)(void), size_t n)
{
	_cleanup_(freep) uint64_t *a = calloc(n + 1, sizeof(*a)), *b = calloc(n + 1, sizeof(*b));

	for (size_t i = 0; i < n; i++)
		a[i] = b[i] = distribution();
	qsort(b, n, sizeof(*b), compare);
	CHECK_INT(sort_u64(a, n), 0);
	CHECK(memcmp(a, b, n * sizeof(*a)) == 0);
}

static void test_sort(void)
{
	static const size_t sizes[] = {0, 1, 2, 3, 48, 49, 50, 1000, 4097};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t k = 0; k < DISTRIBUTIONS; k++)
			check_sort(distributions[k], sizes[i]);
}

/* The definition itself: the smallest value such that p percent are as small or smaller. */
static uint64_t by_definition(const uint64_t *sorted, size_t n, unsigned int percent)
{
	for (size_t i = 0; i < n; i++)
		if ((i + 1) * 100 >= n * percent)
			return sorted[i];
	return 0;
}

static void check_quantiles(uint64_t (*distribution)(void), size_t n)
{
	static const unsigned int percents[] = {1, 25, 50, 75, 90, 95, 99, 100};
	_cleanup_(quantile_deinit) struct quantile quantile = {0};
	_cleanup_(freep) uint64_t *values = calloc(n, sizeof(*values));

	for (size_t i = 0; i < n; i++) {
		values[i] = distribution();
		CHECK_INT(quantile_add(&quantile, values[i]), 0);
	}
	qsort(values, n, sizeof(*values), compare);
	CHECK_INT(quantile_is_exact(&quantile), n <= QUANTILE_EXACT_MAX);
	CHECK(quantile.min == values[0] && quantile.max == values[n - 1] && quantile.count == n);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		uint64_t is, should = by_definition(values, n, percents[i]);
		double off;

		CHECK_INT(quantile_get(&quantile, percents[i], &is), 0);
		off = fabs((double)is - (double)should);
		if (n <= QUANTILE_EXACT_MAX)
			CHECK(is == should);
		CHECK(off * 128 <= (double)should);
	}
}

static void test_quantiles(void)
{
	static const size_t sizes[] = {1,
				       2,
				       3,
				       19,
				       20,
				       21,
				       99,
				       100,
				       101,
				       QUANTILE_EXACT_MAX - 1,
				       QUANTILE_EXACT_MAX,
				       QUANTILE_EXACT_MAX + 1,
				       30011};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t k = 0; k < DISTRIBUTIONS; k++)
			check_quantiles(distributions[k], sizes[i]);
}

/* Asking between two additions changes nothing, and what there is nothing of is 0. */
static void test_asking_early(void)
{
	_cleanup_(quantile_deinit) struct quantile quantile = {0};
	uint64_t value = 7;

	CHECK_INT(quantile_get(&quantile, 50, &value), 0);
	CHECK_INT(value, 0);
	for (uint64_t i = 100; i > 0; i--) {
		CHECK_INT(quantile_add(&quantile, i), 0);
		CHECK_INT(quantile_get(&quantile, 100, &value), 0);
		CHECK_INT(value, 100);
	}
	CHECK_INT(quantile_get(&quantile, 95, &value), 0);
	CHECK_INT(value, 95);
}

/* In parts or at once: the same, whichever part is a sketch already. */
static void test_merging(void)
{
	static const size_t sizes[] = {0, 1, 300, QUANTILE_EXACT_MAX, QUANTILE_EXACT_MAX + 1};

	for (size_t i = 0; i < 25; i++) {
		_cleanup_(quantile_deinit) struct quantile a = {0}, b = {0}, both = {0};
		size_t n = sizes[i / 5], m = sizes[i % 5];

		for (size_t k = 0; k < n + m; k++) {
			uint64_t value = lognormal();

			CHECK_INT(quantile_add(k < n ? &a : &b, value), 0);
			CHECK_INT(quantile_add(&both, value), 0);
		}
		CHECK_INT(quantile_merge(&a, &b), 0);
		CHECK(a.count == both.count && a.min == both.min && a.max == both.max);
		CHECK_INT(quantile_is_exact(&a), quantile_is_exact(&both));
		for (unsigned int percent = 1; percent <= 100; percent++) {
			uint64_t is, should;

			CHECK_INT(quantile_get(&a, percent, &is), 0);
			CHECK_INT(quantile_get(&both, percent, &should), 0);
			CHECK(is == should);
		}
	}
}

/* Either end of every power of two: the sketch loses no value and none runs out of its range. */
static void test_extremes(void)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (int below = 0; below < 2; below++) {
			_cleanup_(quantile_deinit) struct quantile quantile = {0};
			uint64_t value = ((uint64_t)1 << bit) - (uint64_t)below, is;

			/* In its middle, so that neither min nor max tells. */
			CHECK_INT(quantile_add(&quantile, 0), 0);
			CHECK_INT(quantile_add(&quantile, UINT64_MAX), 0);
			for (size_t i = 0; i <= QUANTILE_EXACT_MAX; i++)
				CHECK_INT(quantile_add(&quantile, value), 0);
			CHECK_INT(quantile_get(&quantile, 50, &is), 0);
			CHECK(fabs((double)is - (double)value) * 128 <= (double)value);
		}
	}
}

/* All of few; of many, each as likely as any other: early and late ones alike. */
static void test_sample(void)
{
	_cleanup_(sample_deinit) struct sample sample = {0};
	uint64_t count = 4 * (uint64_t)SAMPLE_MAX, quarters[4] = {0};

	for (uint64_t i = 0; i < count; i++) {
		CHECK_INT(sample_add(&sample, i), 0);
		CHECK_INT(sample.count, i < SAMPLE_MAX ? i + 1 : SAMPLE_MAX);
	}
	CHECK_INT(sample.seen, count);
	CHECK_INT(sort_u64(sample.values, sample.count), 0);
	for (size_t i = 0; i < sample.count; i++) {
		/* Each at most once. */
		CHECK(!i || sample.values[i] > sample.values[i - 1]);
		quarters[sample.values[i] / SAMPLE_MAX]++;
	}
	/* 62,500 each, with a standard deviation below 217. */
	for (size_t i = 0; i < 4; i++)
		CHECK(quarters[i] > 61400 && quarters[i] < 63600);
}

static void test_groups(void)
{
	_cleanup_(groups_deinit) struct groups groups = {0};
	uint32_t group;

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			CHECK_INT(groups_find(&groups, &i, sizeof(i), &group), 0);
			CHECK_INT(group, i);
		}
	}
	CHECK_INT(groups_find(&groups, "", 0, &group), 0);
	CHECK_INT(group, 5000);
	CHECK_INT(groups_find(&groups, "book", 4, &group), 0);
	CHECK_INT(groups_find(&groups, "book", 3, &group), 0);
	CHECK_INT(group, 5002);
	CHECK_STR(groups.list[5002].key, "boo");
}

/* Nobody can make it take more memory than that. */
static void test_groups_are_bounded(void)
{
	_cleanup_(groups_deinit) struct groups groups = {0};
	uint32_t group;

	for (uint32_t i = 0; i < GROUPS_MAX; i++)
		CHECK_INT(groups_find(&groups, &i, sizeof(i), &group), 0);
	CHECK_INT(groups_find(&groups, "one more", 8, &group), GROUPS_FULL);
	CHECK_INT(groups_find(&groups, &(uint32_t){17}, sizeof(uint32_t), &group), 0);
	CHECK_INT(group, 17);
}

int main(void)
{
	test_sort();
	test_quantiles();
	test_asking_early();
	test_merging();
	test_extremes();
	test_sample();
	test_groups();
	test_groups_are_bounded();
	return 0;
}
