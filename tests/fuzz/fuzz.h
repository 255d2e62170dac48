/* SPDX-License-Identifier: MIT */
/* What libFuzzer calls, and how a target takes the bytes it is given apart. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is wrong and ends: libFuzzer keeps the input. */
#define MUST(cond)                                                                 \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                   \
		}                                                                  \
	} while (0)

struct input {
	const uint8_t *p, *end;
};

/* Zeros once there is no more. */
static inline uint8_t input_byte(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static inline uint64_t input_number(struct input *in)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | input_byte(in);
	return v;
}

/* Up to `n` bytes; how many there were. */
static inline size_t input_bytes(struct input *in, size_t n, const uint8_t **ret)
{
	size_t left = (size_t)(in->end - in->p);

	*ret = in->p;
	n = n < left ? n : left;
	in->p += n;
	return n;
}
