/* SPDX-License-Identifier: MIT */
/*
 * Quantiles of a stream of numbers, in bounded memory: exact for up to QUANTILE_EXACT_MAX of them,
 * from then on out of a sketch whose answers are less than 1 % off.
 *
 * The sketch counts in buckets that are as wide as 1/64 of the power of two below them; what lies
 * in a bucket is taken for its middle. So it is off by 1/128 of the value at most (0.79 %), and not
 * at all below 128. It has 30 KiB, however many and however large the numbers are.
 *
 * A quantile is by nearest rank: the smallest value of those that came such that at least p
 * percent of them are as small or smaller. It is never between two values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTILE_EXACT_MAX 10000

struct quantile {
	uint64_t count, min, max;
	uint64_t *values; /* while exact */
	size_t capacity;
	bool sorted;
	uint64_t *buckets; /* NULL while exact */
};

/* Zeroed is empty. */
void quantile_deinit(struct quantile *quantile);
/* -ENOMEM. */
int quantile_add(struct quantile *quantile, uint64_t value);
/* As if all that was added to `from` had been added here. -ENOMEM. */
int quantile_merge(struct quantile *quantile, const struct quantile *from);
/* `percent` from 1 to 100; 0 of nothing. */
int quantile_get(struct quantile *quantile, unsigned int percent, uint64_t *ret);

static inline bool quantile_is_exact(const struct quantile *quantile)
{
	return !quantile->buckets;
}
