/* SPDX-License-Identifier: MIT */
/*
 * Is a difference more than chance? The tests that comparisons name; docs/stats.md says what each
 * assumes.
 *
 * Of two numbers of things the first is A's, the second B's; differences are B minus A.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval {
	double low, high;
};

/* Wilson's score interval, 95 %, of a rate; n > 0. */
struct interval wilson_interval(uint64_t hits, uint64_t n);
/* Newcombe's, 95 %, of the difference of two rates, out of their Wilson intervals. */
struct interval difference_interval(uint64_t hits_a, uint64_t n_a, uint64_t hits_b, uint64_t n_b);

/* Fisher's exact test, two-sided, of how many of each failed: the probability of all tables with
 * these margins that are no more probable than this one. Below 1e-300 it is 0. Takes time with the
 * square root of the numbers. */
double fisher_test(uint64_t failed_a, uint64_t n_a, uint64_t failed_b, uint64_t n_b);

struct rank_test {
	double u; /* pairs in which B's is larger; equal ones count half */
	double p; /* two-sided */
	bool exact;
};

/* Mann–Whitney's U test of sorted values. Exact for up to RANK_EXACT_MAX on either side without
 * ties; else the normal approximation with corrections for ties and continuity. Both sizes > 0.
 * -ENOMEM. */
#define RANK_EXACT_MAX 20
int rank_test(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, struct rank_test *ret);

/* Could these numbers of values ever give p < 0.05? */
bool enough_to_tell(uint64_t n_a, uint64_t n_b);

struct shift {
	double estimate; /* Hodges–Lehmann: the median of all differences between B's and A's */
	bool has_interval;
	struct interval interval; /* 95 %, distribution-free */
};

/* Of sorted values below 2^62; both sizes > 0. Exact, in time linear in their number times the bits
 * of their range. -ENOMEM. */
int shift_estimate(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, struct shift *ret);

/* Holm's correction, in place: as if there had been only one test. -ENOMEM. */
int holm_adjust(double *p, size_t count);
