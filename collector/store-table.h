/* SPDX-License-Identifier: MIT */
/*
 * The tables under a store: ordered maps from bytes to bytes. What the rooms of the store share
 * among themselves.
 *
 * Keys are built from fixed parts, numbers big-endian, so that their order is the order of what
 * they mean. Values are borrowed from the map: valid until the transaction ends or writes.
 */
#pragma once

#include "cleanup.h"
#include "store.h"

enum table {
	TABLE_META,
	TABLE_SESSIONS,		/* session -> JSON */
	TABLE_SESSIONS_BY_TIME, /* kind, time, session -> nothing */
	TABLE_SESSIONS_BY_NAME, /* kind, call id or session id as text, NUL, session -> nothing */
	TABLE_EVENTS,		/* session, seq -> JSON */
	TABLE_FUNCTIONS,	/* session, seq -> JSON */
	TABLE_SEGMENTS,		/* session, seq -> JSON */
	TABLE_ERRORS,		/* session, seq, error -> time, JSON */
	TABLE_ERRORS_BY_TIME,	/* time, session, seq, error -> nothing */
	TABLE_REQUESTS,		/* session, seq, request -> JSON */
	TABLE_TREES,		/* request, chunk -> zstd */
	TABLE_RINGS,		/* ring -> JSON */
	TABLE_DEFS,		/* ring, fn -> frame */
	TABLE_COUNT
};

struct bytes {
	const void *data;
	size_t size;
};

/* Longer keys LMDB does not take. */
#define KEY_MAX 511

struct key {
	size_t size;
	uint8_t data[KEY_MAX];
};

/* What does not fit is cut: a caller that appends text of any length leaves room for what follows.
 */
void key_add(struct key *key, const void *data, size_t size);
void key_add_u64(struct key *key, uint64_t n);
void key_add_u32(struct key *key, uint32_t n);
uint64_t bytes_u64(const void *p);
uint32_t bytes_u32(const void *p);

/* STORE_NONE when there is no such key. */
int table_get(struct store_txn *txn, enum table table, const struct key *key, struct bytes *ret);
int table_put(struct store_txn *txn, enum table table, const struct key *key, const void *data,
	      size_t size);
/* No error when there is none. */
int table_delete(struct store_txn *txn, enum table table, const void *key, size_t size);
/* All keys that begin with `prefix`. */
int table_delete_all(struct store_txn *txn, enum table table, const struct key *prefix);
/* All keys that end with `suffix`: walks the whole table, for repairs. */
int table_delete_ending(struct store_txn *txn, enum table table, const struct bytes *suffix);

/* A walk over the keys with one prefix, forward or backward. Nothing may be written meanwhile. */
struct walk {
	struct store_txn *txn;
	void *cursor;
	struct key prefix;
	bool backward;
	bool started;
	/* The current entry, after walk_next() returned 0. */
	struct bytes key, value;
};

int walk_init(struct walk *walk, struct store_txn *txn, enum table table, const struct key *prefix,
	      bool backward);
void walk_deinit(struct walk *walk);
/* STORE_NONE behind the last. */
int walk_next(struct walk *walk);
/* Like walk_next(), from the first entry at or after `key`; backward, the last before it. */
int walk_seek(struct walk *walk, const struct key *key);

/* JSON in values. Reading anything but an object is -EBADMSG. */
int table_put_json(struct store_txn *txn, enum table table, const struct key *key, const void *head,
		   size_t head_size, const json_t *record);
int json_from_bytes(struct bytes bytes, json_t **ret);

struct table_stat {
	uint64_t map_bytes, used_bytes, free_bytes;
};

int table_stat(struct store_txn *txn, struct table_stat *ret);
const char *table_name(enum table table);

/* Whether every index has the session: 0, or STORE_NONE. */
int session_is_indexed(struct store_txn *txn, const json_t *session, const struct uuid *id);
