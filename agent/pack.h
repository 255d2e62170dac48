/* SPDX-License-Identifier: MIT */
/*
 * A msgpack encoder that writes straight into the ring.
 *
 * It never allocates and never fails loudly: what does not fit sets `full`, and from then on
 * nothing is written. Callers that write more than a fixed few bytes check pack_room() first or
 * give up on `full`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pack {
	uint8_t *p;
	uint8_t *end;
	bool full;
};

static inline size_t pack_room(const struct pack *k)
{
	return k->full ? 0 : (size_t)(k->end - k->p);
}

static inline bool pack_need(struct pack *k, size_t n)
{
	if (k->full || (size_t)(k->end - k->p) < n) {
		k->full = true;
		return false;
	}
	return true;
}

static inline void pack_byte(struct pack *k, uint8_t byte)
{
	if (pack_need(k, 1))
		*k->p++ = byte;
}

/* `tag`, then the low `n` bytes of `v`, big-endian. */
static inline void pack_tagged(struct pack *k, uint8_t tag, uint64_t v, unsigned n)
{
	if (!pack_need(k, 1 + n))
		return;
	*k->p++ = tag;
	v = __builtin_bswap64(v << (64 - 8 * n));
	memcpy(k->p, &v, n);
	k->p += n;
}

static inline void pack_nil(struct pack *k)
{
	pack_byte(k, 0xc0);
}

static inline void pack_bool(struct pack *k, bool v)
{
	pack_byte(k, v ? 0xc3 : 0xc2);
}

static inline void pack_uint(struct pack *k, uint64_t v)
{
	if (v < 0x80)
		pack_byte(k, (uint8_t)v);
	else if (v <= UINT8_MAX)
		pack_tagged(k, 0xcc, v, 1);
	else if (v <= UINT16_MAX)
		pack_tagged(k, 0xcd, v, 2);
	else if (v <= UINT32_MAX)
		pack_tagged(k, 0xce, v, 4);
	else
		pack_tagged(k, 0xcf, v, 8);
}

static inline void pack_int(struct pack *k, int64_t v)
{
	if (v >= 0)
		pack_uint(k, (uint64_t)v);
	else if (v >= -32)
		pack_byte(k, (uint8_t)v);
	else if (v >= INT32_MIN)
		pack_tagged(k, 0xd2, (uint32_t)v, 4);
	else
		pack_tagged(k, 0xd3, (uint64_t)v, 8);
}

static inline void pack_double(struct pack *k, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	pack_tagged(k, 0xcb, bits, 8);
}

static inline void pack_bytes(struct pack *k, const void *data, size_t n)
{
	if (!pack_need(k, n))
		return;
	memcpy(k->p, data, n);
	k->p += n;
}

static inline void pack_str(struct pack *k, const char *s, size_t n)
{
	if (n < 32)
		pack_byte(k, (uint8_t)(0xa0 | n));
	else if (n <= UINT8_MAX)
		pack_tagged(k, 0xd9, n, 1);
	else if (n <= UINT16_MAX)
		pack_tagged(k, 0xda, n, 2);
	else
		pack_tagged(k, 0xdb, n, 4);
	pack_bytes(k, s, n);
}

static inline void pack_text(struct pack *k, const char *s)
{
	pack_str(k, s, strlen(s));
}

static inline void pack_bin(struct pack *k, const void *data, size_t n)
{
	if (n <= UINT8_MAX)
		pack_tagged(k, 0xc4, n, 1);
	else if (n <= UINT16_MAX)
		pack_tagged(k, 0xc5, n, 2);
	else
		pack_tagged(k, 0xc6, n, 4);
	pack_bytes(k, data, n);
}

static inline void pack_array(struct pack *k, uint32_t n)
{
	if (n < 16)
		pack_byte(k, (uint8_t)(0x90 | n));
	else if (n <= UINT16_MAX)
		pack_tagged(k, 0xdc, n, 2);
	else
		pack_tagged(k, 0xdd, n, 4);
}

static inline void pack_map(struct pack *k, uint32_t n)
{
	if (n < 16)
		pack_byte(k, (uint8_t)(0x80 | n));
	else if (n <= UINT16_MAX)
		pack_tagged(k, 0xde, n, 2);
	else
		pack_tagged(k, 0xdf, n, 4);
}

/* A container whose count is known only at its end: always 16 bits, filled in by pack_close(). */
static inline uint8_t *pack_open(struct pack *k, bool map)
{
	uint8_t *at = k->p;

	pack_tagged(k, map ? 0xde : 0xdc, 0, 2);
	return at;
}

static inline void pack_close(struct pack *k, uint8_t *at, uint16_t n)
{
	if (k->full)
		return;
	at[1] = (uint8_t)(n >> 8);
	at[2] = (uint8_t)n;
}
