/* SPDX-License-Identifier: MIT */
/*
 * Which requests are recorded, where it is not all of them: a share, drawn for each, that may
 * depend on the request's path. PHP's random numbers, which a script may have seeded, are left
 * alone.
 */
#pragma once

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLES_MAX 32

struct samples {
	struct {
		uint64_t of_2_32; /* the share */
		char *pattern;	  /* a glob of paths; NULL: of all */
	} item[SAMPLES_MAX];
	unsigned n;
};

/* Adds `10%` or `100% /api/retell/`, which is taken apart. False: `ret` says what is wrong. */
bool samples_add(struct samples *samples, char *text, struct problem *ret);
/* Whether a request is recorded: the first whose glob matches its path decides. All are where none
 * does. */
bool samples_draw(const struct samples *samples, const char *path, size_t len);
/* In a forked child, which would draw what its parent draws. */
void samples_forked(void);
