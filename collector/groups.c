/* SPDX-License-Identifier: MIT */
/*
 * Open addressing; at most half of the slots are taken.
 */
#include "groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define SLOTS_LEAST 64u

void groups_deinit(struct groups *groups)
{
	for (uint32_t i = 0; i < groups->count; i++)
		free(groups->list[i].key);
	free(groups->list);
	free(groups->slots);
	*groups = (struct groups){0};
}

static uint32_t *slot_of(const struct groups *groups, uint64_t hash, const void *key, size_t size)
{
	for (uint64_t at = hash;; at++) {
		uint32_t *slot = &groups->slots[at & (groups->slot_count - 1)];
		const struct group *group;

		if (!*slot)
			return slot;
		group = &groups->list[*slot - 1];
		if (group->hash == hash && group->size == size &&
		    memcmp(group->key, key, size) == 0)
			return slot;
	}
}

/* The seed is drawn, so that nobody can make names that all fall upon one slot. */
static int grow(struct groups *groups)
{
	uint32_t n = groups->slot_count ? groups->slot_count * 2 : SLOTS_LEAST;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	if (!groups->slot_count &&
	    getrandom(&groups->seed, sizeof(groups->seed), GRND_NONBLOCK) < 0)
		groups->seed = (uintptr_t)slots;
	free(groups->slots);
	groups->slots = slots;
	groups->slot_count = n;
	for (uint32_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->list[i];

		*slot_of(groups, group->hash, group->key, group->size) = i + 1;
	}
	return 0;
}

static int append(struct groups *groups, uint64_t hash, const void *key, size_t size)
{
	struct group *group;
	char *copy;

	if (groups->count == groups->capacity) {
		uint32_t capacity = groups->capacity ? groups->capacity * 2 : 32;
		struct group *list = reallocarray(groups->list, capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		groups->list = list;
		groups->capacity = capacity;
	}
	copy = malloc(size + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, key, size);
	copy[size] = 0;
	group = &groups->list[groups->count++];
	*group = (struct group){hash, size, copy};
	return 0;
}

int groups_find(struct groups *groups, const void *key, size_t size, uint32_t *ret)
{
	uint64_t hash;
	uint32_t *slot;
	int r = 0;

	if (groups->count >= groups->slot_count / 2)
		r = grow(groups);
	if (r)
		return r;
	hash = XXH3_64bits_withSeed(key, size, groups->seed);
	slot = slot_of(groups, hash, key, size);
	if (!*slot) {
		if (groups->count == GROUPS_MAX)
			return GROUPS_FULL;
		r = append(groups, hash, key, size);
		if (r)
			return r;
		*slot = groups->count;
	}
	*ret = *slot - 1;
	return 0;
}
