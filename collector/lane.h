/* SPDX-License-Identifier: MIT */
/*
 * Lanes: the stacks of calls that are open in a request, the main program's and each fiber's. Only
 * one runs at a time. A fiber's calls hang on the call that was open where the fiber first ran.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane {
	uint32_t fiber;
	uint32_t below;	      /* id of that call, 0 none */
	uint32_t below_count; /* how many are open there */
	uint32_t *open;	      /* ids of the open calls; 0: one that is not kept */
	size_t count, capacity;
};

struct lanes {
	struct lane *list; /* the main program's first */
	size_t count, capacity;
	size_t running;
};

void lanes_deinit(struct lanes *lanes);
/* From now on this fiber runs, 0 the main program. Negative errno: -ENOBUFS where there are too
 * many. */
int lanes_switch(struct lanes *lanes, uint32_t fiber);
/* -ENOBUFS: too many are open. */
int lanes_push(struct lanes *lanes, uint32_t id);
/* Takes the innermost off. False: none is open. */
bool lanes_pop(struct lanes *lanes, uint32_t *ret);
/* The innermost of any lane: for when a request ends. */
bool lanes_pop_any(struct lanes *lanes, uint32_t *ret);
/* The id of the innermost open call that is kept, or 0. */
uint32_t lanes_innermost(const struct lanes *lanes);
size_t lanes_depth(const struct lanes *lanes);
