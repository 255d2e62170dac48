/* SPDX-License-Identifier: MIT */
#include "quantile.h"

#include <errno.h>
#include <stdlib.h>

#include "sort.h"

#define BITS	6 /* of a value that choose its bucket, below the highest */
#define PER_2	(1u << BITS)
#define BUCKETS ((64 - BITS) * PER_2 + PER_2)

void quantile_deinit(struct quantile *quantile)
{
	free(quantile->values);
	free(quantile->buckets);
	*quantile = (struct quantile){0};
}

static size_t bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < 2 * PER_2)
		return value;
	shift = (unsigned int)(63 - __builtin_clzll(value)) - BITS;
	return shift * PER_2 + (value >> shift);
}

static uint64_t middle_of(size_t bucket)
{
	unsigned int shift;

	if (bucket < 2 * PER_2)
		return bucket;
	shift = (unsigned int)(bucket / PER_2) - 1;
	return ((uint64_t)(bucket - shift * PER_2) << shift) + ((uint64_t)1 << shift) / 2;
}

static int begin_sketch(struct quantile *quantile)
{
	uint64_t *buckets = calloc(BUCKETS, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	for (uint64_t i = 0; i < quantile->count; i++)
		buckets[bucket_of(quantile->values[i])]++;
	free(quantile->values);
	quantile->values = NULL;
	quantile->buckets = buckets;
	return 0;
}

static int reserve(struct quantile *quantile)
{
	size_t capacity = quantile->capacity ? quantile->capacity * 2 : 4;
	uint64_t *values;

	if (quantile->count < quantile->capacity)
		return 0;
	if (capacity > QUANTILE_EXACT_MAX)
		capacity = QUANTILE_EXACT_MAX;
	values = reallocarray(quantile->values, capacity, sizeof(*values));
	if (!values)
		return -ENOMEM;
	quantile->values = values;
	quantile->capacity = capacity;
	return 0;
}

int quantile_add(struct quantile *quantile, uint64_t value)
{
	int r = 0;

	if (!quantile->buckets)
		r = quantile->count < QUANTILE_EXACT_MAX ? reserve(quantile)
							 : begin_sketch(quantile);
	if (r)
		return r;
	if (quantile->buckets)
		quantile->buckets[bucket_of(value)]++;
	else
		quantile->values[quantile->count] = value;
	if (!quantile->count || value < quantile->min)
		quantile->min = value;
	if (value > quantile->max)
		quantile->max = value;
	quantile->count++;
	quantile->sorted = false;
	return 0;
}

static int merge_sketch(struct quantile *quantile, const struct quantile *from)
{
	int r = quantile->buckets ? 0 : begin_sketch(quantile);

	if (r)
		return r;
	for (size_t i = 0; i < BUCKETS; i++)
		quantile->buckets[i] += from->buckets[i];
	if (!quantile->count || from->min < quantile->min)
		quantile->min = from->min;
	if (from->max > quantile->max)
		quantile->max = from->max;
	quantile->count += from->count;
	return 0;
}

int quantile_merge(struct quantile *quantile, const struct quantile *from)
{
	int r = 0;

	if (from->buckets)
		return merge_sketch(quantile, from);
	for (uint64_t i = 0; !r && i < from->count; i++)
		r = quantile_add(quantile, from->values[i]);
	return r;
}

static uint64_t from_sketch(const struct quantile *quantile, uint64_t rank)
{
	uint64_t seen = 0, value;
	size_t bucket = 0;

	for (; bucket < BUCKETS; bucket++) {
		seen += quantile->buckets[bucket];
		if (seen >= rank)
			break;
	}
	value = middle_of(bucket);
	return value < quantile->min   ? quantile->min
	       : value > quantile->max ? quantile->max
				       : value;
}

int quantile_get(struct quantile *quantile, unsigned int percent, uint64_t *ret)
{
	/* In two parts, so that no count overflows. */
	uint64_t rank =
		quantile->count / 100 * percent + (quantile->count % 100 * percent + 99) / 100;
	int r;

	if (!quantile->count) {
		*ret = 0;
		return 0;
	}
	if (quantile->buckets) {
		*ret = from_sketch(quantile, rank);
		return 0;
	}
	r = quantile->sorted ? 0 : sort_u64(quantile->values, quantile->count);
	if (r)
		return r;
	quantile->sorted = true;
	*ret = quantile->values[rank - 1];
	return 0;
}
