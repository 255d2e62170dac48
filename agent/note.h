/* SPDX-License-Identifier: MIT */
/*
 * NOTE frames: what is known of an outbound call, in pieces.
 *
 * The first piece is written before the call goes out, with its kind and the calls that led to it:
 * where the worker dies in it, that much is known. What comes of it follows without a kind. The
 * pairs that a piece may have beside values take NOTE_ROOM.
 */
#pragma once

#include "pack.h"
#include "stack.h"
#include "zend.h"

struct note {
	struct pack k;
	uint64_t at;
	uint8_t *map;
	uint16_t pairs;
};

#define NOTE_ROOM (16u << 10)
#define NOTE_TEXT 2048 /* of one URL, command or host */

/* The beginning of one about the call of `frame`, to be ended. False: no room; it is counted. */
bool note_begin(struct note *note, const struct zframe *frame, const char *kind);
/* The same with calls that were taken before. */
bool note_begin_with(struct note *note, const struct stack *stack, const char *kind);
/* More about the last one of the function that is open. */
bool note_more(struct note *note);
void note_end(struct note *note);

/* A name stays its caller's; texts are cut to NOTE_TEXT. */
void note_key(struct note *note, const char *key);
void note_int(struct note *note, const char *key, int64_t v);
void note_bool(struct note *note, const char *key, bool v);
void note_text(struct note *note, const char *key, const char *text, size_t n);
void note_url(struct note *note, const char *key, const char *text, size_t n);
void note_dsn(struct note *note, const char *key, const char *text, size_t n);
/* A string of any length, within the limits of values. */
void note_string(struct note *note, const char *key, const char *text, size_t n);
/* The value if it is a string or a number, else nothing. */
void note_scalar(struct note *note, const char *key, const struct zval *v);
