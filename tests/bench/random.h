/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that are the same in every run: splitmix64, public domain (Vigna).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 … n-1 */
static inline size_t random_below(struct random *random, size_t n)
{
	return random_next(random) % n;
}

/* 0 ≤ x < 1 */
static inline double random_unit(struct random *random)
{
	return (double)(random_next(random) >> 11) * 0x1p-53;
}
