/* SPDX-License-Identifier: MIT */
#include "significance.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cleanup.h"

#define Z95 1.9599639845400543 /* of the normal distribution, 95 % lie within */

struct interval wilson_interval(uint64_t hits, uint64_t n)
{
	double size = (double)n, rate = (double)hits / size, z2 = Z95 * Z95;
	double middle = (rate + z2 / (2 * size)) / (1 + z2 / size);
	double half =
		Z95 / (1 + z2 / size) * sqrt(rate * (1 - rate) / size + z2 / (4 * size * size));

	return (struct interval){hits ? fmax(0, middle - half) : 0,
				 hits < n ? fmin(1, middle + half) : 1};
}

struct interval difference_interval(uint64_t hits_a, uint64_t n_a, uint64_t hits_b, uint64_t n_b)
{
	struct interval a = wilson_interval(hits_a, n_a), b = wilson_interval(hits_b, n_b);
	double rate_a = (double)hits_a / (double)n_a, rate_b = (double)hits_b / (double)n_b;
	double difference = rate_b - rate_a;

	return (struct interval){difference - hypot(rate_b - b.low, a.high - rate_a),
				 difference + hypot(b.high - rate_b, rate_a - a.low)};
}

/* What A has of `failed` in all: as probable as this times the next less. */
struct hypergeometric {
	double n_a, n_b, failed;
};

/* P(x + 1) / P(x) */
static double step_up(const struct hypergeometric *h, double x)
{
	return (h->n_a - x) * (h->failed - x) / ((x + 1) * (h->n_b - h->failed + x + 1));
}

/* Of one of all tables, relative to the most probable: walks from there to either end, or until
 * nothing is left. Tables no more probable than `limit`, and all, are added up. */
static void walk_tables(const struct hypergeometric *h, double mode, double limit, double *ret_rare,
			double *ret_all)
{
	double low = fmax(0, h->failed - h->n_b), high = fmin(h->n_a, h->failed), weight;

	*ret_all = *ret_rare = 0;
	weight = 1;
	for (double x = mode; x <= high && weight > 0; x++) {
		*ret_all += weight;
		*ret_rare += weight <= limit ? weight : 0;
		weight *= step_up(h, x);
	}
	weight = 1;
	for (double x = mode - 1; x >= low && weight > 0; x--) {
		weight /= step_up(h, x);
		*ret_all += weight;
		*ret_rare += weight <= limit ? weight : 0;
	}
}

/* How probable `x` is, relative to the most probable. */
static double weight_of(const struct hypergeometric *h, double mode, double x)
{
	double weight = 1;

	for (double at = mode; at < x && weight > 0; at++)
		weight *= step_up(h, at);
	for (double at = mode; at > x && weight > 0; at--)
		weight /= step_up(h, at - 1);
	return weight;
}

double fisher_test(uint64_t failed_a, uint64_t n_a, uint64_t failed_b, uint64_t n_b)
{
	struct hypergeometric h = {(double)n_a, (double)n_b, (double)(failed_a + failed_b)};
	double low = fmax(0, h.failed - h.n_b), high = fmin(h.n_a, h.failed);
	double mode = floor((h.failed + 1) * (h.n_a + 1) / (h.n_a + h.n_b + 2));
	double weight, rare, all;

	mode = fmin(high, fmax(low, mode));
	weight = weight_of(&h, mode, (double)failed_a);
	/* What is as probable as this one may differ in its last digits. */
	walk_tables(&h, mode, weight * (1 + 1e-7), &rare, &all);
	return fmin(1, rare / all);
}

/* The probability of each U when nothing differs: table[u], of n_a * n_b + 1. The largest value of
 * all is as often A's, which adds no pair, as A has values; else it is B's, and adds one for each
 * of A's. */
static int exact_distribution(size_t n_a, size_t n_b, double **ret)
{
	size_t size = n_a * n_b + 1;
	_cleanup_(freep) double *rows = calloc((n_b + 1) * size, sizeof(*rows));
	double *last;

	if (!rows)
		return -ENOMEM;
	for (size_t j = 0; j <= n_b; j++)
		rows[j * size] = 1;
	for (size_t i = 1; i <= n_a; i++) {
		for (size_t j = 1; j <= n_b; j++) {
			double *row = rows + j * size, *fewer = row - size;
			double part = (double)i / (double)(i + j);

			for (size_t u = size; u-- > 0;)
				row[u] = part * row[u] + (u < i ? 0 : (1 - part) * fewer[u - i]);
		}
	}
	last = reallocarray(NULL, size, sizeof(*last));
	if (!last)
		return -ENOMEM;
	for (size_t u = 0; u < size; u++)
		last[u] = rows[n_b * size + u];
	*ret = last;
	return 0;
}

static int exact_p(size_t n_a, size_t n_b, double u, double *ret)
{
	_cleanup_(freep) double *table = NULL;
	double pairs = (double)(n_a * n_b), tail = fmin(u, pairs - u), sum = 0;
	int r = exact_distribution(n_a, n_b, &table);

	if (r)
		return r;
	for (size_t i = 0; (double)i <= tail; i++)
		sum += table[i];
	*ret = fmin(1, 2 * sum);
	return 0;
}

/* Sorted values of both sides, together: the next that are equal. */
struct merge {
	const uint64_t *a, *b;
	size_t n_a, n_b, i, j;
};

static bool next_ties(struct merge *merge, double *ret_a, double *ret_b)
{
	size_t i = merge->i, j = merge->j;
	uint64_t value;

	if (i == merge->n_a && j == merge->n_b)
		return false;
	value = j == merge->n_b || (i < merge->n_a && merge->a[i] < merge->b[j]) ? merge->a[i]
										 : merge->b[j];
	while (merge->i < merge->n_a && merge->a[merge->i] == value)
		merge->i++;
	while (merge->j < merge->n_b && merge->b[merge->j] == value)
		merge->j++;
	*ret_a = (double)(merge->i - i);
	*ret_b = (double)(merge->j - j);
	return true;
}

int rank_test(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, struct rank_test *ret)
{
	struct merge merge = {a, b, n_a, n_b};
	double pairs = (double)n_a * (double)n_b, all = (double)n_a + (double)n_b;
	double u = 0, ties = 0, below = 0, of_a, of_b, variance, z, p;
	int r;

	while (next_ties(&merge, &of_a, &of_b)) {
		double t = of_a + of_b;

		u += of_b * (below + of_a / 2);
		below += of_a;
		ties += t * t * t - t;
	}
	if (ties == 0 && n_a <= RANK_EXACT_MAX && n_b <= RANK_EXACT_MAX) {
		r = exact_p(n_a, n_b, u, &p);
		if (r)
			return r;
		*ret = (struct rank_test){u, p, true};
		return 0;
	}
	variance = pairs / 12 * (all + 1 - ties / (all * (all - 1)));
	z = (fabs(u - pairs / 2) - 0.5) / sqrt(variance);
	p = variance > 0 ? erfc(fmax(0, z) / sqrt(2)) : 1;
	*ret = (struct rank_test){u, fmin(1, p), false};
	return 0;
}

bool enough_to_tell(uint64_t n_a, uint64_t n_b)
{
	/* All of A's fail and none of B's: no table is less probable. For ranks, it is the same. */
	return n_a && n_b && fisher_test(n_a, n_a, 0, n_b) < 0.05;
}

struct differences {
	const uint64_t *a, *b;
	size_t n_a, n_b;
};

/* How many differences are `x` or less. */
static uint64_t count_up_to(const struct differences *d, int64_t x)
{
	uint64_t count = 0;
	size_t i = 0;

	for (size_t j = 0; j < d->n_b; j++) {
		int64_t least = (int64_t)d->b[j] - x;

		while (i < d->n_a && (int64_t)d->a[i] < least)
			i++;
		count += d->n_a - i;
	}
	return count;
}

/* The k-th smallest difference, from 1. */
static int64_t difference_at(const struct differences *d, uint64_t k)
{
	int64_t low = (int64_t)d->b[0] - (int64_t)d->a[d->n_a - 1];
	int64_t high = (int64_t)d->b[d->n_b - 1] - (int64_t)d->a[0];

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (count_up_to(d, middle) >= k)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* How many differences lie outside the interval on either side, and one more; 0: there is none that
 * holds. */
static int interval_rank(size_t n_a, size_t n_b, uint64_t *ret)
{
	double pairs = (double)n_a * (double)n_b, k;
	_cleanup_(freep) double *table = NULL;
	double below = 0;
	uint64_t rank = 0;
	int r;

	if (n_a > RANK_EXACT_MAX || n_b > RANK_EXACT_MAX) {
		k = floor(pairs / 2 - Z95 * sqrt(pairs * ((double)n_a + (double)n_b + 1) / 12) +
			  0.5);
		*ret = k > 0 ? (uint64_t)k : 0;
		return 0;
	}
	r = exact_distribution(n_a, n_b, &table);
	if (r)
		return r;
	while (below + table[rank] < 0.025)
		below += table[rank++];
	*ret = rank;
	return 0;
}

int shift_estimate(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, struct shift *ret)
{
	struct differences d = {a, b, n_a, n_b};
	uint64_t pairs = (uint64_t)n_a * n_b, rank;
	struct shift shift = {0};
	int r = interval_rank(n_a, n_b, &rank);

	if (r)
		return r;
	shift.estimate = (double)difference_at(&d, (pairs + 1) / 2);
	if (pairs % 2 == 0)
		shift.estimate = (shift.estimate + (double)difference_at(&d, pairs / 2 + 1)) / 2;
	shift.has_interval = rank;
	if (rank)
		shift.interval = (struct interval){(double)difference_at(&d, rank),
						   (double)difference_at(&d, pairs + 1 - rank)};
	*ret = shift;
	return 0;
}

struct indexed {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	const struct indexed *left = a, *right = b;

	return left->p < right->p ? -1 : left->p > right->p;
}

int holm_adjust(double *p, size_t count)
{
	_cleanup_(freep) struct indexed *order = calloc(count + 1, sizeof(*order));
	double least = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		order[i] = (struct indexed){p[i], i};
	qsort(order, count, sizeof(*order), by_p);
	for (size_t i = 0; i < count; i++) {
		least = fmax(least, fmin(1, order[i].p * (double)(count - i)));
		p[order[i].at] = least;
	}
	return 0;
}
