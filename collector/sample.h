/* SPDX-License-Identifier: MIT */
/*
 * A sample of a stream of numbers: all of them up to SAMPLE_MAX, then so many that each was as
 * likely to stay as any other. The same stream gives the same sample.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SAMPLE_MAX 250000

struct sample {
	uint64_t *values;
	size_t count, capacity;
	uint64_t seen; /* how many there were */
	uint64_t state;
};

/* Zeroed is empty. */
void sample_deinit(struct sample *sample);
/* -ENOMEM. */
int sample_add(struct sample *sample, uint64_t value);
