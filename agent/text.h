/* SPDX-License-Identifier: MIT */
/*
 * What the agent must know of a string before it leaves: is it UTF-8, does it name a secret, does
 * it hold one.
 *
 * No byte behind a string is ever read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A short string in two registers, with zeros behind it. */
#define TEXT_SHORT 16

struct text_words {
	uint64_t low, high;
};

static inline uint64_t text_load8(const char *s)
{
	uint64_t v;

	memcpy(&v, s, sizeof(v));
	return v;
}

static inline uint64_t text_load4(const char *s)
{
	uint32_t v;

	memcpy(&v, s, sizeof(v));
	return v;
}

/* `n` is at most TEXT_SHORT. */
static inline struct text_words text_load(const char *s, size_t n)
{
	struct text_words w = {0};

	if (n >= 8) {
		w.low = text_load8(s);
		w.high = n == 8 ? 0 : text_load8(s + n - 8) >> (8 * (16 - n));
	} else if (n >= 4) {
		w.low = text_load4(s) | text_load4(s + n - 4) >> (8 * (8 - n)) << 32;
	} else if (n) {
		w.low = (uint8_t)s[0] | (uint64_t)(uint8_t)s[n / 2] << (8 * (n / 2)) |
			(uint64_t)(uint8_t)s[n - 1] << (8 * (n - 1));
	}
	return w;
}

/* Nonzero where one of eight bytes is `c`. */
static inline uint64_t text_has(uint64_t eight, uint8_t c)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t v = eight ^ (ones * c);

	return (v - ones) & ~v & (ones << 7);
}

/* ASCII without a letter before what could be the value of a secret's name. */
static inline bool text_is_plain(struct text_words w)
{
	uint64_t any = w.low | w.high;

	if (any & 0x8080808080808080ull)
		return false;
	/* Digits, blanks and most punctuation lack this bit: a date, a time, a number. */
	if (!(any & 0x4040404040404040ull))
		return true;
	return !(text_has(w.low, ':') | text_has(w.low, '=') |
		 (w.high ? text_has(w.high, ':') | text_has(w.high, '=') : 0));
}

/* What a string is made of. */
#define TEXT_HIGH      1u /* bytes that are not ASCII */
#define TEXT_SEPARATOR 2u /* ':' or '=': there may be a name before it */
unsigned text_scan(const char *s, size_t n);

/* The length of the longest prefix that is whole UTF-8 (RFC 3629), at most n. */
size_t text_utf8_prefix(const char *s, size_t n);

/* A name as it was met before; of one that is longer nothing is remembered. */
#define TEXT_NAME 31

struct text_name {
	struct text_words words[2];
	uint8_t n;
	bool secret; /* the name of one (secret.h) */
	bool binary; /* no UTF-8 */
};

#define TEXT_NAMES 512

extern struct text_name text_names[TEXT_NAMES] __attribute__((visibility("hidden")));

const struct text_name *text_name_learn(const char *name, size_t n, uint64_t hash);

/* Most names are asked for again and again. Valid until the next call; `n` is at most TEXT_NAME.
 * `hash` is any that the caller always gives for that name. */
static inline const struct text_name *text_name(const char *name, size_t n, uint64_t hash)
{
	const struct text_name *known = &text_names[hash % TEXT_NAMES];
	size_t first = n < TEXT_SHORT ? n : TEXT_SHORT;
	struct text_words w = text_load(name, first);

	if (known->n != n || known->words[0].low != w.low || known->words[0].high != w.high)
		return text_name_learn(name, n, hash);
	if (n > TEXT_SHORT) {
		w = text_load(name + first, n - first);
		if (known->words[1].low != w.low || known->words[1].high != w.high)
			return text_name_learn(name, n, hash);
	}
	return known;
}

/* Of any length. One of several hundred bytes is not judged: it is taken for a secret's. */
bool text_names_secret(const char *name, size_t n);

/* Where in a text secrets stand behind their names: `"password": "…"`, `token=…`, `Authorization:
 * …`, `'pin' => …`, as they are or escaped once more. */
#define TEXT_SECRETS 32

struct text_secrets {
	unsigned n;
	size_t end; /* how much of the text was judged: less than all when there are more */
	struct {
		size_t at, end;
	} spans[TEXT_SECRETS];
};

/* Finds those of the first n bytes; one that is not closed goes to the end. Whether there are any.
 */
bool text_find_secrets(const char *s, size_t n, struct text_secrets *ret);
