/* SPDX-License-Identifier: MIT */
/*
 * A byte buffer that grows, and a span: bytes that belong to somebody else. Arrays that grow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *data; /* NULL: absent */
	size_t size;
};

struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

#define BUFFER_INIT ((struct buffer){0})

void buffer_deinit(struct buffer *buffer);
/* Makes room for `more` bytes behind size. -ENOMEM. */
int buffer_reserve(struct buffer *buffer, size_t more);
int buffer_add(struct buffer *buffer, const void *data, size_t size);
int buffer_add_text(struct buffer *buffer, const char *text);
/* Drops the first `n` bytes. */
void buffer_consume(struct buffer *buffer, size_t n);
/* NUL-terminated, to be freed; the buffer is empty then. NULL: no memory. */
char *buffer_steal_text(struct buffer *buffer);

static inline bool span_is(struct span span, const char *text)
{
	return span.data && __builtin_strlen(text) == span.size &&
	       __builtin_memcmp(span.data, text, span.size) == 0;
}

/* Room for one more element of `size` bytes in the array that `array` points to. -ENOMEM. */
int array_grow(void *array, size_t count, size_t *capacity, size_t size);
