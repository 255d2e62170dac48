/* SPDX-License-Identifier: MIT */
#include "varint.h"

#include <string.h>

size_t varint_put(uint8_t *p, uint64_t n)
{
	size_t size = 0;

	for (; n > 127; n >>= 7)
		p[size++] = (uint8_t)(n | 128);
	p[size++] = (uint8_t)n;
	return size;
}

int varint_add(struct buffer *buffer, uint64_t n)
{
	uint8_t bytes[VARINT_MAX];

	return buffer_add(buffer, bytes, varint_put(bytes, n));
}

const uint8_t *varint_get(const uint8_t *p, const uint8_t *end, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; p && p < end && shift < 64; shift += 7) {
		n |= (uint64_t)(*p & 127) << shift;
		if (!(*p++ & 128)) {
			*ret = n;
			return p;
		}
	}
	return NULL;
}

static void spoil(struct cursor *cursor)
{
	cursor->bad = true;
	cursor->p = cursor->end;
}

uint64_t cursor_varint(struct cursor *cursor)
{
	uint64_t n;
	const uint8_t *next = varint_get(cursor->p, cursor->end, &n);

	if (next) {
		cursor->p = next;
		return n;
	}
	spoil(cursor);
	return 0;
}

uint8_t cursor_byte(struct cursor *cursor)
{
	if (cursor->p < cursor->end)
		return *cursor->p++;
	spoil(cursor);
	return 0;
}

struct span cursor_bytes(struct cursor *cursor, uint64_t size)
{
	struct span bytes = {cursor->p, size};

	if (size > (uint64_t)(cursor->end - cursor->p)) {
		spoil(cursor);
		return (struct span){cursor->end, 0};
	}
	cursor->p += size;
	return bytes;
}

const char *cursor_text(struct cursor *cursor)
{
	const char *text = (const char *)cursor->p;
	const uint8_t *nul = cursor->p < cursor->end
				     ? memchr(cursor->p, 0, (size_t)(cursor->end - cursor->p))
				     : NULL;

	if (!nul) {
		spoil(cursor);
		return NULL;
	}
	cursor->p = nul + 1;
	return text;
}
