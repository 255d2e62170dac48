/* SPDX-License-Identifier: MIT */
/*
 * Notes: what is known of an outbound call. A producer tells it in pieces, what it is about to do
 * first and what came of it later; here they are one.
 */
#pragma once

#include <jansson.h>

#include "functions.h"
#include "request.h"

/* Of the frame's map, which is kept: begins a note, or goes on with one. */
void note_begin(struct request *request, size_t i);
/* What a record shows of it, its stack as objects; without `functions` without the stack. NULL: it
 * only goes on with another, or there is no memory. */
json_t *note_json(const struct request *request, const struct functions *functions, size_t i);
/* Whether it stands for itself. */
static inline bool note_is_whole(const struct php_note *note)
{
	return !note->goes_on;
}
