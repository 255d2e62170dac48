/* SPDX-License-Identifier: MIT */
/*
 * Groups: numbers, from 0, for keys in the order in which they first come.
 *
 * Names of functions come from whoever calls the application, so there are GROUPS_MAX at most.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GROUPS_MAX 1000000u

enum { GROUPS_FULL = 1 };

struct group {
	uint64_t hash;
	size_t size;
	char *key; /* with a NUL behind its size */
};

struct groups {
	struct group *list;
	uint32_t count, capacity;
	uint32_t *slots; /* number + 1; 0: free */
	uint32_t slot_count;
	uint64_t seed;
};

/* Zeroed is empty. */
void groups_deinit(struct groups *groups);
/* The key's group, which is the newest when it was not there before. GROUPS_FULL, or -ENOMEM. */
int groups_find(struct groups *groups, const void *key, size_t size, uint32_t *ret);
