/* SPDX-License-Identifier: MIT */
/*
 * A byte at a time, from the lowest; bytes that all values share, as durations do, cost nothing.
 */
#include "sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define FEW 48 /* up to here insertion is faster */

static void insert_each(uint64_t *values, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		size_t k = i;

		for (; k && values[k - 1] > value; k--)
			values[k] = values[k - 1];
		values[k] = value;
	}
}

/* Stable, by one byte, from one array to the other. */
static void deal(const uint64_t *from, uint64_t *to, size_t count, unsigned int shift)
{
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < count; i++)
		at[from[i] >> shift & 255]++;
	for (size_t i = 0; i < 256; i++) {
		size_t n = at[i];

		at[i] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++)
		to[at[from[i] >> shift & 255]++] = from[i];
}

int sort_u64(uint64_t *values, size_t count)
{
	_cleanup_(freep) uint64_t *other = NULL;
	uint64_t *from = values, *to, any = 0;

	if (count <= FEW) {
		insert_each(values, count);
		return 0;
	}
	other = reallocarray(NULL, count, sizeof(*other));
	if (!other)
		return -ENOMEM;
	to = other;
	for (size_t i = 0; i < count; i++)
		any |= values[i] ^ values[0];
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		uint64_t *dealt = to;

		if (!(any >> shift & 255))
			continue;
		deal(from, to, count, shift);
		to = from;
		from = dealt;
	}
	if (from != values)
		memcpy(values, from, count * sizeof(*values));
	return 0;
}
