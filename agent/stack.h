/* SPDX-License-Identifier: MIT */
/*
 * The PHP calls that led to an outbound one, summarised: from the innermost out to the first that
 * is the application's, which is the last. Its callers are in the tree.
 */
#pragma once

#include "pack.h"
#include "zend.h"

#define STACK_SHOWN 16

struct stack {
	uint32_t n;
	uint32_t omitted; /* between the last of them and those before */
	struct {
		uint32_t fn; /* 0: has no number */
		uint32_t line;
	} call[STACK_SHOWN + 1];
};

/* Of the calls around an internal function's frame. Defines the functions it names, so no frame may
 * be open in the ring. Runs nothing and allocates nothing of PHP's. */
void stack_take(struct stack *ret, const struct zframe *frame);
/* As in docs/frames.md, `stack`. At most STACK_ROOM bytes. */
void stack_pack(struct pack *k, const struct stack *stack);
#define STACK_ROOM ((STACK_SHOWN + 3) * 12)
