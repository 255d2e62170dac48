/* SPDX-License-Identifier: MIT */
/*
 * One function trace as a block of the timeline: what ran, with what, what it answered, what failed
 * and why, and its PHP calls folded into a line.
 */
#pragma once

#include <jansson.h>

#include "text.h"

/* `error` is the one logged for it, or NULL. `call` is what the user wrote for the call. */
void invocation_add(struct text *out, const json_t *function, const json_t *error, const char *call,
		    int width);
/* A function call that the transcript has, as its event tells, and no request answered. */
void invocation_add_unseen(struct text *out, const json_t *event, int width);
