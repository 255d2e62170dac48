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
	TABLE_SESSIONS,	   /* session -> packed JSON */
	TABLE_RECORDS,	   /* session -> its lists, packed: store-record.h */
	TABLE_INDEX,	   /* kind, facet, value, NUL, time, session, seq -> a fact or nothing */
	TABLE_TERMS,	   /* term, NUL, bucket -> a block of postings */
	TABLE_RESOLUTIONS, /* error -> packed JSON */
	TABLE_TREES,	   /* session, request, chunk -> zstd: columns (columns.h) */
	TABLE_PACKS,	   /* number -> many of these (treepack.h) */
	TABLE_PACKED,	   /* beginning of a session -> numbers of packs */
	TABLE_RINGS,	   /* ring -> JSON */
	TABLE_DEFS,	   /* ring, fn -> frame */
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
/* Those of them that match. */
int table_delete_if(struct store_txn *txn, enum table table, const struct key *prefix,
		    bool (*matches)(const struct bytes *key, const void *userdata),
		    const void *userdata);

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

/* JSON in values, as it is or packed (store-pack.h). Reading anything but an object is -EBADMSG. */
int table_put_json(struct store_txn *txn, enum table table, const struct key *key,
		   const json_t *record);
int json_from_bytes(struct bytes bytes, json_t **ret);
int table_put_packed(struct store_txn *txn, enum table table, const struct key *key,
		     const json_t *record);
int table_get_packed(struct store_txn *txn, enum table table, const struct key *key, json_t **ret);
int object_from_packed(struct store_txn *txn, struct bytes value, json_t **ret);

struct table_stat {
	uint64_t map_bytes, used_bytes, free_bytes;
};

int table_stat(struct store_txn *txn, struct table_stat *ret);
/* The bytes of one table's pages. */
int table_bytes(struct store_txn *txn, enum table table, uint64_t *ret);
int table_entries(struct store_txn *txn, enum table table, uint64_t *ret);
/* Of one table, without walking it. */
int table_size(struct store_txn *txn, enum table table, uint64_t *ret_entries, uint64_t *ret_pages);
const char *table_name(enum table table);
