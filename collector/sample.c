/* SPDX-License-Identifier: MIT */
/*
 * Vitter's algorithm R.
 */
#include "sample.h"

#include <errno.h>
#include <stdlib.h>

void sample_deinit(struct sample *sample)
{
	free(sample->values);
	*sample = (struct sample){0};
}

static int reserve(struct sample *sample)
{
	size_t capacity = sample->capacity ? sample->capacity * 2 : 8;
	uint64_t *values;

	if (sample->count < sample->capacity)
		return 0;
	if (capacity > SAMPLE_MAX)
		capacity = SAMPLE_MAX;
	values = reallocarray(sample->values, capacity, sizeof(*values));
	if (!values)
		return -ENOMEM;
	sample->values = values;
	sample->capacity = capacity;
	return 0;
}

/* splitmix64 */
static uint64_t draw(struct sample *sample)
{
	uint64_t z = sample->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

int sample_add(struct sample *sample, uint64_t value)
{
	uint64_t at;
	int r;

	sample->seen++;
	if (sample->count == SAMPLE_MAX) {
		at = draw(sample) % sample->seen;
		if (at < SAMPLE_MAX)
			sample->values[at] = value;
		return 0;
	}
	r = reserve(sample);
	if (r)
		return r;
	sample->values[sample->count++] = value;
	return 0;
}
