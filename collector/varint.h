/* SPDX-License-Identifier: MIT */
/*
 * Numbers in few bytes (LEB128), and a reader of them whose error is sticky: checked once, at the
 * end.
 */
#pragma once

#include "buffer.h"

/* Gives the size, at most VARINT_MAX. */
#define VARINT_MAX 10
size_t varint_put(uint8_t *p, uint64_t n);
int varint_add(struct buffer *buffer, uint64_t n);
/* Where the next one is; NULL: there is none that can be read, or `p` was NULL. */
const uint8_t *varint_get(const uint8_t *p, const uint8_t *end, uint64_t *ret);

struct cursor {
	const uint8_t *p, *end;
	bool bad; /* it read past the end, or what is no number */
};

static inline struct cursor cursor_of(struct span bytes)
{
	return (struct cursor){bytes.data, bytes.data + bytes.size, false};
}

/* 0 once it is bad. */
uint64_t cursor_varint(struct cursor *cursor);
uint8_t cursor_byte(struct cursor *cursor);
/* Empty once it is bad. */
struct span cursor_bytes(struct cursor *cursor, uint64_t size);
/* Up to a NUL, which is read as well; NULL once it is bad. */
const char *cursor_text(struct cursor *cursor);

static inline uint64_t zigzag(uint64_t n)
{
	return n << 1 ^ -(n >> 63);
}

static inline uint64_t unzigzag(uint64_t n)
{
	return n >> 1 ^ -(n & 1);
}
