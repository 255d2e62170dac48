/* SPDX-License-Identifier: MIT */
/*
 * A msgpack encoder that writes straight into the ring.
 *
 * It never allocates and never fails loudly: what does not fit sets `full`, and from then on
 * nothing is written. The put_*() underneath do not look: whoever calls them has made sure of the
 * room, PUT_SCALAR bytes for each.
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

/* The most that a number, or what stands before a string or an array, takes. */
#define PUT_SCALAR 9

/* `tag`, then the low `n` bytes of `v`, big-endian. */
static inline uint8_t *put_tagged(uint8_t *p, uint8_t tag, uint64_t v, unsigned n)
{
	*p = tag;
	v = __builtin_bswap64(v << (64 - 8 * n));
	memcpy(p + 1, &v, n);
	return p + 1 + n;
}

static inline uint8_t *put_uint(uint8_t *p, uint64_t v)
{
	if (v < 0x80) {
		*p = (uint8_t)v;
		return p + 1;
	}
	if (v <= UINT8_MAX)
		return put_tagged(p, 0xcc, v, 1);
	if (v <= UINT16_MAX)
		return put_tagged(p, 0xcd, v, 2);
	if (v <= UINT32_MAX)
		return put_tagged(p, 0xce, v, 4);
	return put_tagged(p, 0xcf, v, 8);
}

static inline uint8_t *put_int(uint8_t *p, int64_t v)
{
	if (v >= 0)
		return put_uint(p, (uint64_t)v);
	if (v >= -32) {
		*p = (uint8_t)v;
		return p + 1;
	}
	if (v >= INT32_MIN)
		return put_tagged(p, 0xd2, (uint32_t)v, 4);
	return put_tagged(p, 0xd3, (uint64_t)v, 8);
}

static inline uint8_t *put_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return put_tagged(p, 0xcb, bits, 8);
}

static inline uint8_t *put_str_head(uint8_t *p, size_t n)
{
	if (n < 32) {
		*p = (uint8_t)(0xa0 | n);
		return p + 1;
	}
	if (n <= UINT8_MAX)
		return put_tagged(p, 0xd9, n, 1);
	if (n <= UINT16_MAX)
		return put_tagged(p, 0xda, n, 2);
	return put_tagged(p, 0xdb, n, 4);
}

static inline uint8_t *put_bin_head(uint8_t *p, size_t n)
{
	if (n <= UINT8_MAX)
		return put_tagged(p, 0xc4, n, 1);
	if (n <= UINT16_MAX)
		return put_tagged(p, 0xc5, n, 2);
	return put_tagged(p, 0xc6, n, 4);
}

/* Up to 15 elements take one byte, which can still be counted down. */
static inline uint8_t *put_nested(uint8_t *p, bool map, uint32_t n)
{
	if (n < 16) {
		*p = (uint8_t)((map ? 0x80 : 0x90) | n);
		return p + 1;
	}
	if (n <= UINT16_MAX)
		return put_tagged(p, map ? 0xde : 0xdc, n, 2);
	return put_tagged(p, map ? 0xdf : 0xdd, n, 4);
}

static inline uint8_t *put_bytes(uint8_t *p, const void *data, size_t n)
{
	memcpy(p, data, n);
	return p + n;
}

/* Of a literal the compiler knows the length. */
static inline uint8_t *put_text(uint8_t *p, const char *s)
{
	return put_bytes(put_str_head(p, strlen(s)), s, strlen(s));
}

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
	if (pack_need(k, PUT_SCALAR))
		k->p = put_uint(k->p, v);
}

static inline void pack_int(struct pack *k, int64_t v)
{
	if (pack_need(k, PUT_SCALAR))
		k->p = put_int(k->p, v);
}

static inline void pack_double(struct pack *k, double v)
{
	if (pack_need(k, PUT_SCALAR))
		k->p = put_double(k->p, v);
}

static inline void pack_str(struct pack *k, const char *s, size_t n)
{
	if (n <= UINT32_MAX && pack_need(k, PUT_SCALAR + n))
		k->p = put_bytes(put_str_head(k->p, n), s, n);
	else
		k->full = true;
}

static inline void pack_text(struct pack *k, const char *s)
{
	pack_str(k, s, strlen(s));
}

static inline void pack_bin(struct pack *k, const void *data, size_t n)
{
	if (n <= UINT32_MAX && pack_need(k, PUT_SCALAR + n))
		k->p = put_bytes(put_bin_head(k->p, n), data, n);
	else
		k->full = true;
}

static inline void pack_array(struct pack *k, uint32_t n)
{
	if (pack_need(k, PUT_SCALAR))
		k->p = put_nested(k->p, false, n);
}

static inline void pack_map(struct pack *k, uint32_t n)
{
	if (pack_need(k, PUT_SCALAR))
		k->p = put_nested(k->p, true, n);
}

/* A container whose count is known only at its end: always 16 bits, filled in by pack_close(). */
static inline uint8_t *pack_open(struct pack *k, bool map)
{
	uint8_t *at = k->p;

	if (pack_need(k, PUT_SCALAR))
		k->p = put_tagged(at, map ? 0xde : 0xdc, 0, 2);
	return at;
}

static inline void pack_close(struct pack *k, uint8_t *at, uint16_t n)
{
	if (k->full)
		return;
	at[1] = (uint8_t)(n >> 8);
	at[2] = (uint8_t)n;
}
