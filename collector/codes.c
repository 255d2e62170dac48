/* SPDX-License-Identifier: MIT */
/*
 * A table of slots, a power of two, at most half full; what collides is in the next free slot.
 */
#include "codes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SLOTS_FIRST 64

void codes_deinit(struct codes *codes)
{
	buffer_deinit(&codes->bytes);
	free(codes->ends);
	free(codes->slots);
	*codes = (struct codes){0};
}

void codes_clear(struct codes *codes)
{
	codes->bytes.size = 0;
	codes->count = 0;
	if (codes->slots)
		memset(codes->slots, 0, codes->slot_count * sizeof(*codes->slots));
}

struct span codes_get(const struct codes *codes, uint32_t number)
{
	size_t start = number ? codes->ends[number - 1] : 0;

	return (struct span){codes->bytes.data + start, codes->ends[number] - start};
}

/* Where these bytes are, or belong. */
static uint32_t *slot_of(const struct codes *codes, struct span bytes)
{
	size_t mask = codes->slot_count - 1, at = XXH3_64bits(bytes.data, bytes.size) & mask;

	for (;; at = (at + 1) & mask) {
		struct span other;

		if (!codes->slots[at])
			return &codes->slots[at];
		other = codes_get(codes, codes->slots[at] - 1);
		if (other.size == bytes.size && memcmp(other.data, bytes.data, bytes.size) == 0)
			return &codes->slots[at];
	}
}

static int grow_slots(struct codes *codes)
{
	size_t count = codes->slot_count ? codes->slot_count * 2 : SLOTS_FIRST;
	uint32_t *slots;

	if (codes->count * 2 < codes->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(codes->slots);
	codes->slots = slots;
	codes->slot_count = count;
	for (size_t i = 0; i < codes->count; i++)
		*slot_of(codes, codes_get(codes, (uint32_t)i)) = (uint32_t)i + 1;
	return 0;
}

int codes_add(struct codes *codes, struct span bytes, uint32_t *ret)
{
	uint32_t *slot;
	int r = grow_slots(codes);

	if (r == 0)
		r = array_grow(&codes->ends, codes->count, &codes->capacity, sizeof(*codes->ends));
	if (r < 0)
		return r;
	slot = slot_of(codes, bytes);
	if (!*slot) {
		r = buffer_add(&codes->bytes, bytes.data, bytes.size);
		if (r < 0)
			return r;
		codes->ends[codes->count++] = codes->bytes.size;
		*slot = (uint32_t)codes->count;
	}
	*ret = *slot - 1;
	return 0;
}
