/* SPDX-License-Identifier: MIT */
/*
 * Interning: byte strings and their numbers, in order of first appearance from 0.
 */
#pragma once

#include "buffer.h"

struct codes {
	struct buffer bytes; /* all of them, one behind the other */
	size_t *ends;
	size_t count, capacity;
	uint32_t *slots; /* number + 1, 0 free */
	size_t slot_count;
};

void codes_deinit(struct codes *codes);
/* Forgets all. */
void codes_clear(struct codes *codes);
/* The number of these bytes, a new one if need be. */
int codes_add(struct codes *codes, struct span bytes, uint32_t *ret);
/* Valid until the next is added. */
struct span codes_get(const struct codes *codes, uint32_t number);
