/* SPDX-License-Identifier: MIT */
/*
 * Two sequences side by side: what corresponds stands beside each other, in order, and what has
 * nothing that corresponds stands alone.
 */
#pragma once

#include <stddef.h>

#define ALIGN_NONE ((size_t)-1)

struct align_step {
	size_t a, b; /* places in the sequences; ALIGN_NONE: nothing there */
};

/* What it costs to put two beside each other: 0 they are equal, up to ALIGN_DEAR; ALIGN_NEVER they
 * do not correspond. Never is what only costs more than to let two stand alone. */
enum { ALIGN_DEAR = 7, ALIGN_ALONE = 4, ALIGN_NEVER = 255 };

typedef unsigned int (*align_price_fn)(size_t a, size_t b, void *userdata);

/* The cheapest alignment; where the sequences differ in more than ALIGN_CELLS pairs of places, one
 * that looks ALIGN_AHEAD places ahead only. Of what stands alone at the same place A's comes first.
 * At most n_a + n_b steps, to be freed. -ENOMEM. */
#define ALIGN_CELLS (4u << 20)
#define ALIGN_AHEAD 64
int align(size_t n_a, size_t n_b, align_price_fn price, void *userdata, struct align_step **ret,
	  size_t *ret_count);
