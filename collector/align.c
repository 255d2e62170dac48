/* SPDX-License-Identifier: MIT */
#include "align.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "cleanup.h"

struct alignment {
	size_t n_a, n_b; /* up to here */
	align_price_fn price;
	void *userdata;
	struct align_step *steps;
	size_t count;
};

static void add(struct alignment *al, size_t a, size_t b)
{
	al->steps[al->count++] = (struct align_step){a, b};
}

enum { BOTH, ONLY_A, ONLY_B };

/* The cheapest way from each pair of places to the ends: which step it begins with. */
static int choose_steps(const struct alignment *al, size_t first, uint8_t *ways, size_t rows,
			size_t columns)
{
	_cleanup_(freep) uint32_t *costs = calloc(2 * columns, sizeof(*costs));

	if (!costs)
		return -ENOMEM;
	for (size_t i = rows; i-- > 0;) {
		uint32_t *row = costs + (i & 1) * columns, *below = costs + (~i & 1) * columns;

		for (size_t j = columns; j-- > 0;) {
			uint32_t best = UINT32_MAX, pair;
			uint8_t way = ONLY_A;

			if (i + 1 < rows)
				best = below[j] + ALIGN_ALONE;
			if (j + 1 < columns && row[j + 1] + ALIGN_ALONE < best) {
				best = row[j + 1] + ALIGN_ALONE;
				way = ONLY_B;
			}
			pair = i + 1 < rows && j + 1 < columns
				       ? al->price(first + i, first + j, al->userdata)
				       : ALIGN_NEVER;
			if (pair <= ALIGN_DEAR && below[j + 1] + pair <= best) {
				best = below[j + 1] + pair;
				way = BOTH;
			}
			row[j] = i + 1 == rows && j + 1 == columns ? 0 : best;
			ways[i * columns + j] = way;
		}
	}
	return 0;
}

static int align_best(struct alignment *al, size_t first)
{
	size_t rows = al->n_a - first + 1, columns = al->n_b - first + 1, i = 0, j = 0;
	_cleanup_(freep) uint8_t *ways = calloc(rows, columns);
	int r = ways ? choose_steps(al, first, ways, rows, columns) : -ENOMEM;

	if (r)
		return r;
	while (i + 1 < rows || j + 1 < columns) {
		uint8_t way = ways[i * columns + j];

		add(al, way == ONLY_B ? ALIGN_NONE : first + i,
		    way == ONLY_A ? ALIGN_NONE : first + j);
		i += way != ONLY_B;
		j += way != ONLY_A;
	}
	return 0;
}

/* The next two that correspond, as near as there are any. */
static void find_next(const struct alignment *al, size_t a, size_t b, size_t *ret_a, size_t *ret_b)
{
	for (size_t away = 0; away <= ALIGN_AHEAD; away++) {
		for (size_t i = 0; i <= away; i++) {
			if (a + i >= al->n_a || b + away - i >= al->n_b ||
			    al->price(a + i, b + away - i, al->userdata) > ALIGN_DEAR)
				continue;
			*ret_a = a + i;
			*ret_b = b + away - i;
			return;
		}
	}
	/* Neither has anything to do with the other here. */
	*ret_a = a < al->n_a ? a + 1 : a;
	*ret_b = b < al->n_b ? b + 1 : b;
}

static void align_near(struct alignment *al, size_t first)
{
	size_t a = first, b = first;

	while (a < al->n_a || b < al->n_b) {
		size_t next_a = al->n_a, next_b = al->n_b;

		if (a < al->n_a && b < al->n_b)
			find_next(al, a, b, &next_a, &next_b);
		while (a < next_a)
			add(al, a++, ALIGN_NONE);
		while (b < next_b)
			add(al, ALIGN_NONE, b++);
		if (a < al->n_a && b < al->n_b && al->price(a, b, al->userdata) <= ALIGN_DEAR)
			add(al, a++, b++);
	}
}

int align(size_t n_a, size_t n_b, align_price_fn price, void *userdata, struct align_step **ret,
	  size_t *ret_count)
{
	_cleanup_(freep) struct align_step *steps = calloc(n_a + n_b + 1, sizeof(*steps));
	struct alignment al = {n_a, n_b, price, userdata, steps};
	size_t first = 0, same = 0;
	int r = 0;

	if (!steps)
		return -ENOMEM;
	/* What is equal at both ends needs no search. */
	for (; first < n_a && first < n_b && !price(first, first, userdata); first++)
		add(&al, first, first);
	while (same < n_a - first && same < n_b - first &&
	       !price(n_a - 1 - same, n_b - 1 - same, userdata))
		same++;
	al.n_a -= same;
	al.n_b -= same;
	if (al.n_b - first < ALIGN_CELLS / (al.n_a - first + 1))
		r = align_best(&al, first);
	else
		align_near(&al, first);
	if (r)
		return r;
	for (size_t i = 0; i < same; i++)
		add(&al, al.n_a + i, al.n_b + i);
	*ret_count = al.count;
	*ret = steal(&steps);
	return 0;
}
