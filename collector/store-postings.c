/* SPDX-License-Identifier: MIT */
#include "store-postings.h"

#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "varint.h"

/* Small enough that one more posting is cheap to write, large enough that keys are few. */
#define BLOCK_MAX 512

#define BUCKET_SIZE 5
#define TAIL_SIZE   (1 + BUCKET_SIZE) /* NUL, bucket */

static void add_bucket(struct key *key, uint64_t bucket)
{
	uint64_t big = htobe64(bucket);

	key_add(key, (uint8_t *)&big + 3, BUCKET_SIZE);
}

void term_prefix(struct key *ret, const struct term *term)
{
	ret->size = 0;
	key_add(ret, term->data, term->size);
	key_add(ret, "", 1);
}

static void block_key(struct key *ret, const struct term *term, uint64_t bucket)
{
	term_prefix(ret, term);
	add_bucket(ret, bucket);
}

/* A block that is read posting by posting. */
struct block {
	const uint8_t *p, *end;
	/* After block_next() returned 0. */
	uint64_t bucket;
	struct bytes segments;
};

static int key_bucket(const struct bytes *key, uint64_t *ret)
{
	const uint8_t *p = key->data;
	uint64_t big = 0;

	if (key->size <= TAIL_SIZE || p[key->size - TAIL_SIZE])
		return -EBADMSG;
	memcpy((uint8_t *)&big + 3, p + key->size - BUCKET_SIZE, BUCKET_SIZE);
	*ret = be64toh(big);
	return *ret <= BUCKET_MAX ? 0 : -EBADMSG;
}

static int block_init(struct block *block, const struct bytes *key, const struct bytes *value)
{
	*block = (struct block){.p = value->data};
	block->end = block->p + value->size;
	return key_bucket(key, &block->bucket);
}

static const uint8_t *segments_end(const uint8_t *p, const uint8_t *end)
{
	uint64_t n;

	do {
		p = varint_get(p, end, &n);
		if (!p || p++ == end)
			return NULL;
	} while (n & 1);
	return p;
}

/* STORE_NONE behind the last. */
static int block_next(struct block *block)
{
	uint64_t distance;
	const uint8_t *segments, *next;

	if (block->p == block->end)
		return STORE_NONE;
	segments = varint_get(block->p, block->end, &distance);
	next = segments_end(segments, block->end);
	if (!next || distance > BUCKET_MAX - block->bucket)
		return -EBADMSG;
	block->bucket += distance;
	block->segments = (struct bytes){segments, (size_t)(next - segments)};
	block->p = next;
	return 0;
}

int block_count(const struct bytes *key, const struct bytes *value, size_t *ret)
{
	struct block block;
	size_t n = 0;
	int r = block_init(&block, key, value);

	while (!r && !(r = block_next(&block)))
		n++;
	if (r != STORE_NONE)
		return r;
	*ret = n;
	return 0;
}

/* Blocks in the making: two when one became too long. */
struct rewrite {
	struct buffer buffer;
	uint64_t last; /* bucket */
};

static int add_posting(struct rewrite *out, uint64_t bucket, const void *segments, size_t size)
{
	int r = varint_add(&out->buffer, bucket - out->last);

	out->last = bucket;
	return r ? r : buffer_add(&out->buffer, segments, size);
}

static int add_segments(struct buffer *out, const struct posted *segments, size_t count)
{
	uint32_t last = 0;
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		uint64_t n = (uint64_t)(segments[i].segment - last - 1) << 1 | (i + 1 < count);

		r = varint_add(out, n);
		if (!r)
			r = buffer_add(out, &segments[i].words, 1);
		last = segments[i].segment;
	}
	return r;
}

/* The block in which the bucket's posting is, or would be: the last that does not begin behind it,
 * or the term's first. STORE_NONE: the term has none. */
static int find_block(struct walk *walk, struct store_txn *txn, const struct term *term,
		      uint64_t bucket)
{
	struct key prefix, after;
	int r;

	term_prefix(&prefix, term);
	block_key(&after, term, bucket + 1);
	r = walk_init(walk, txn, TABLE_TERMS, &prefix, true);
	if (!r)
		r = walk_seek(walk, &after);
	if (r != STORE_NONE)
		return r;
	walk_deinit(walk);
	r = walk_init(walk, txn, TABLE_TERMS, &prefix, false);
	return r ? r : walk_next(walk);
}

static int put_block(struct store_txn *txn, const struct term *term, uint64_t start,
		     const struct buffer *block)
{
	struct key key;

	block_key(&key, term, start);
	return block->size ? table_put(txn, TABLE_TERMS, &key, block->data, block->size)
			   : table_delete(txn, TABLE_TERMS, key.data, key.size);
}

/* Copies a block with one posting replaced. */
static int copy_with(struct rewrite *out, struct block *block, uint64_t bucket,
		     const struct buffer *segments)
{
	bool done = !segments->size;
	int r;

	while (!(r = block_next(block))) {
		if (!done && block->bucket >= bucket) {
			r = add_posting(out, bucket, segments->data, segments->size);
			done = true;
		}
		if (!r && block->bucket != bucket)
			r = add_posting(out, block->bucket, block->segments.data,
					block->segments.size);
		if (r)
			return r;
	}
	if (r == STORE_NONE && !done)
		return add_posting(out, bucket, segments->data, segments->size);
	return r == STORE_NONE ? 0 : r;
}

static void rewrite_deinit(struct rewrite *rewrite)
{
	buffer_deinit(&rewrite->buffer);
}

/* What was too long for one. The last posting goes alone when it is the new one: blocks that only
 * grow at their ends are full then. */
static int put_halves(struct store_txn *txn, const struct term *term, uint64_t start,
		      const struct rewrite *whole, uint64_t bucket)
{
	size_t most = whole->last == bucket ? SIZE_MAX : whole->buffer.size / 2;
	_cleanup_(rewrite_deinit) struct rewrite left = {.last = start}, right = {0};
	struct block block = {.p = whole->buffer.data, .bucket = start};
	uint64_t middle = 0;
	int r;

	block.end = block.p + whole->buffer.size;
	while (!(r = block_next(&block))) {
		bool goes_right =
			right.buffer.size || block.p == block.end || left.buffer.size >= most;
		struct rewrite *side = goes_right && left.buffer.size ? &right : &left;

		if (side == &right && !right.buffer.size)
			right.last = middle = block.bucket;
		r = add_posting(side, block.bucket, block.segments.data, block.segments.size);
		if (r)
			return r;
	}
	if (r == STORE_NONE)
		r = put_block(txn, term, start, &left.buffer);
	return r || !right.buffer.size ? r : put_block(txn, term, middle, &right.buffer);
}

static int put_rewritten(struct store_txn *txn, const struct term *term, uint64_t start,
			 const struct rewrite *out, uint64_t bucket)
{
	return out->buffer.size > BLOCK_MAX ? put_halves(txn, term, start, out, bucket)
					    : put_block(txn, term, start, &out->buffer);
}

static int set_in_block(struct store_txn *txn, const struct term *term, uint64_t bucket,
			const struct buffer *segments, struct walk *walk)
{
	_cleanup_(rewrite_deinit) struct rewrite out = {0};
	struct block block;
	uint64_t before, start;
	int r = block_init(&block, &walk->key, &walk->value);

	if (r)
		return r;
	before = block.bucket;
	start = out.last = segments->size && bucket < before ? bucket : before;
	r = copy_with(&out, &block, bucket, segments);
	walk_deinit(walk);
	/* What begins earlier now has another key. */
	if (!r && start != before)
		r = put_block(txn, term, before, &(struct buffer){0});
	return r ? r : put_rewritten(txn, term, start, &out, bucket);
}

int postings_set(struct store_txn *txn, const struct term *term, uint64_t bucket,
		 const struct posted *segments, size_t count)
{
	_cleanup_(buffer_deinit) struct buffer packed = BUFFER_INIT;
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct rewrite out = {.last = bucket};
	int r = add_segments(&packed, segments, count);

	if (!r)
		r = find_block(&walk, txn, term, bucket);
	if (r != STORE_NONE)
		return r ? r : set_in_block(txn, term, bucket, &packed, &walk);
	walk_deinit(&walk);
	r = packed.size ? add_posting(&out, bucket, packed.data, packed.size) : 0;
	if (!r && packed.size)
		r = put_block(txn, term, bucket, &out.buffer);
	rewrite_deinit(&out);
	return r;
}

bool postings_are(struct store_txn *txn, const struct term *term, uint64_t bucket,
		  const struct posted *segments, size_t count)
{
	_cleanup_(buffer_deinit) struct buffer packed = BUFFER_INIT;
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct block block;

	if (add_segments(&packed, segments, count) || find_block(&walk, txn, term, bucket) ||
	    block_init(&block, &walk.key, &walk.value))
		return false;
	while (block_next(&block) == 0)
		if (block.bucket == bucket)
			return block.segments.size == packed.size &&
			       memcmp(block.segments.data, packed.data, packed.size) == 0;
	return false;
}

/* The term of a block's key, copied. */
static void term_of_key(struct key *ret, const struct bytes *key)
{
	ret->size = 0;
	key_add(ret, key->data, key->size - TAIL_SIZE);
}

/* The next term behind this one. */
static int next_term(struct walk *walk, const struct key *term)
{
	struct key after = {0};

	key_add(&after, term->data, term->size);
	key_add(&after, "\1", 1);
	return walk_seek(walk, &after);
}

/* The term the walk is at, which may not write. STORE_NONE: it was the last. */
static int drop_from_term(struct store_txn *txn, struct key *term, uint64_t bucket)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	uint64_t start;
	int r = walk_init(&walk, txn, TABLE_TERMS, &all, false);

	if (!r)
		r = term->size ? next_term(&walk, term) : walk_next(&walk);
	if (!r)
		r = key_bucket(&walk.key, &start);
	if (r)
		return r;
	term_of_key(term, &walk.key);
	walk_deinit(&walk);
	return postings_set(txn, &(struct term){term->data, term->size}, bucket, NULL, 0);
}

int postings_drop(struct store_txn *txn, uint64_t bucket)
{
	struct key term = {0};
	int r;

	do
		r = drop_from_term(txn, &term, bucket);
	while (!r);
	return r == STORE_NONE ? 0 : r;
}

int places_add(struct places *places, uint64_t place)
{
	if (array_grow(&places->list, places->count, &places->capacity, sizeof(*places->list)) < 0)
		return -ENOMEM;
	places->list[places->count++] = place;
	return 0;
}

static int add_places(struct places *places, uint64_t bucket, const struct bytes *segments)
{
	const uint8_t *p = segments->data, *end = p + segments->size;
	uint64_t n, segment = 0;
	int r = 0;

	while (!r && p < end) {
		p = varint_get(p, end, &n);
		if (!p || p == end || (n >> 1) >= SEGMENT_MAX - segment)
			return -EBADMSG;
		segment += (n >> 1) + 1;
		r = places_add(places, place_of(bucket, segment, *p++));
	}
	return r;
}

static int add_block(struct places *places, const struct walk *walk, uint64_t low, uint64_t high)
{
	struct block block;
	int r = block_init(&block, &walk->key, &walk->value);

	while (!r && !(r = block_next(&block)) && block.bucket <= high)
		if (block.bucket >= low)
			r = add_places(places, block.bucket, &block.segments);
	return r == STORE_NONE ? 0 : r;
}

/* From a block to the next that may have places: the term's earlier one, or the term before it. */
static int step(struct walk *walk, uint64_t start, uint64_t low, uint64_t high)
{
	struct key key;

	if (start > low && start <= high)
		return walk_next(walk);
	term_of_key(&key, &walk->key);
	key_add(&key, "", 1);
	if (start > high)
		add_bucket(&key, high + 1);
	return walk_seek(walk, &key);
}

/* One term's own blocks are looked at from `high` on at once. */
static int first_block(struct walk *walk, uint64_t high)
{
	struct key key = {0};

	if (walk->prefix.data[walk->prefix.size - 1])
		return walk_next(walk);
	key_add(&key, walk->prefix.data, walk->prefix.size);
	add_bucket(&key, high + 1);
	return walk_seek(walk, &key);
}

int places_collect(struct places *places, struct store_txn *txn, const struct key *prefix,
		   uint64_t low, uint64_t high)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	uint64_t start;
	int r = walk_init(&walk, txn, TABLE_TERMS, prefix, true);

	if (!r)
		r = first_block(&walk, high);
	while (!r) {
		r = key_bucket(&walk.key, &start);
		if (!r && start <= high)
			r = add_block(places, &walk, low, high);
		if (!r)
			r = step(&walk, start, low, high);
	}
	return r == STORE_NONE ? 0 : r;
}
