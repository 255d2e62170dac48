/* SPDX-License-Identifier: MIT */
/*
 * Postings: for each term, when it was said, in compressed blocks.
 *
 * What is said is posted under a bucket, the time of its session in units of 67 ms, and the numbers
 * of the segments it is said in. So a posting leads to all sessions of its bucket, which the index
 * names; mostly there is one. Postings need no number or id of the session, are in order of time
 * whatever they came in, and mostly take two bytes.
 *
 * A block's key is the term, a NUL and the block's bucket, 5 bytes big-endian. Its value is, for
 * each posting in order of time, the bucket's distance from the one before it (of the first, from
 * the key's), then of each segment the distance from the one before it (of the first, from 0) minus
 * 1, shifted left by one, with bit 0 set when another follows, and a byte: where in the segment the
 * term is, bit i set for the words i, i + 8, i + 16, …
 */
#pragma once

#include "store-table.h"

#define BUCKET_SHIFT 26
#define BUCKET_MAX   ((1ull << 36) - 2) /* in the year 2116 */
#define SEGMENT_MAX  ((1u << 20) - 1)

static inline uint64_t bucket_of(uint64_t time)
{
	uint64_t bucket = time >> BUCKET_SHIFT;

	return bucket < BUCKET_MAX ? bucket : BUCKET_MAX;
}

struct term {
	const void *data;
	size_t size; /* at most 64 */
};

struct posted {
	uint32_t segment; /* from 1 */
	uint8_t words;	  /* a bit each, modulo 8 */
};

/* All blocks of a term begin with it. */
void term_prefix(struct key *ret, const struct term *term);

/* Replaces the segments, in order, of a term in a bucket; none removes it. */
int postings_set(struct store_txn *txn, const struct term *term, uint64_t bucket,
		 const struct posted *segments, size_t count);
/* Is it these? */
bool postings_are(struct store_txn *txn, const struct term *term, uint64_t bucket,
		  const struct posted *segments, size_t count);
/* Of all terms: walks them all, for repairs. */
int postings_drop(struct store_txn *txn, uint64_t bucket);
/* How many postings a block has. -EBADMSG. */
int block_count(const struct bytes *key, const struct bytes *value, size_t *ret);

/* Where a term is said, in one number: bucket, segment, words. Its order is that of time. */
#define PLACE_WORDS   8
#define PLACE_SEGMENT 20
#define PLACE_ALL     0xffu /* words */

static inline uint64_t place_of(uint64_t bucket, uint64_t segment, uint64_t words)
{
	return (bucket << PLACE_SEGMENT | segment) << PLACE_WORDS | words;
}

static inline uint64_t place_bucket(uint64_t place)
{
	return place >> (PLACE_SEGMENT + PLACE_WORDS);
}

static inline uint64_t place_segment(uint64_t place)
{
	return place >> PLACE_WORDS & SEGMENT_MAX;
}

struct places {
	uint64_t *list;
	size_t count, capacity;
};

int places_add(struct places *places, uint64_t place);
/* Appends the places of all terms that begin with `prefix` (a term's own, or what a term's bytes
 * begin with) in the buckets from `low` to `high`, in no order, with repetitions. */
int places_collect(struct places *places, struct store_txn *txn, const struct key *prefix,
		   uint64_t low, uint64_t high);
