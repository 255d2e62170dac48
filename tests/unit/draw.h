/* SPDX-License-Identifier: MIT */
/*
 * Numbers without a pattern, the same in every run: xorshift (Marsaglia, "Xorshift RNGs").
 */
#pragma once

#include <stdint.h>

/* 0 … below-1 */
static inline unsigned int draw(unsigned int below)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}
