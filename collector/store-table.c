/* SPDX-License-Identifier: MIT */
/*
 * Tables over LMDB: keys, values, and walks by prefix.
 */
#include <errno.h>
#include <string.h>

#include "store-lmdb.h"
#include "store-pack.h"
#include "value.h"

void key_add(struct key *key, const void *data, size_t size)
{
	size_t room = sizeof(key->data) - key->size;

	if (size > room)
		size = room;
	if (size)
		memcpy(key->data + key->size, data, size);
	key->size += size;
}

void key_add_u64(struct key *key, uint64_t n)
{
	uint64_t big = htobe64(n);

	key_add(key, &big, sizeof(big));
}

void key_add_u32(struct key *key, uint32_t n)
{
	uint32_t big = htobe32(n);

	key_add(key, &big, sizeof(big));
}

uint64_t bytes_u64(const void *p)
{
	uint64_t big;

	memcpy(&big, p, sizeof(big));
	return be64toh(big);
}

uint32_t bytes_u32(const void *p)
{
	uint32_t big;

	memcpy(&big, p, sizeof(big));
	return be32toh(big);
}

static MDB_dbi dbi_of(struct store_txn *txn, enum table table)
{
	return txn->store->tables[table];
}

int table_get(struct store_txn *txn, enum table table, const struct key *key, struct bytes *ret)
{
	MDB_val k = {key->size, (void *)key->data}, v;
	int rc = mdb_get(txn->txn, dbi_of(txn, table), &k, &v);

	if (rc)
		return error_from_lmdb(rc);
	*ret = (struct bytes){v.mv_data, v.mv_size};
	return 0;
}

int table_put(struct store_txn *txn, enum table table, const struct key *key, const void *data,
	      size_t size)
{
	MDB_val k = {key->size, (void *)key->data}, v = {size, (void *)data};

	return error_from_write(txn, mdb_put(txn->txn, dbi_of(txn, table), &k, &v, 0));
}

int table_delete(struct store_txn *txn, enum table table, const void *key, size_t size)
{
	MDB_val k = {size, (void *)key};
	int rc = mdb_del(txn->txn, dbi_of(txn, table), &k, NULL);

	return rc == MDB_NOTFOUND ? 0 : error_from_write(txn, rc);
}

static bool begins_with(const MDB_val *key, const struct key *prefix)
{
	return key->mv_size >= prefix->size &&
	       memcmp(key->mv_data, prefix->data, prefix->size) == 0;
}

int table_delete_if(struct store_txn *txn, enum table table, const struct key *prefix,
		    bool (*matches)(const struct bytes *key, const void *userdata),
		    const void *userdata)
{
	MDB_val k = {prefix->size, (void *)prefix->data}, v;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn->txn, dbi_of(txn, table), &cursor);

	if (rc)
		return error_from_lmdb(rc);
	rc = mdb_cursor_get(cursor, &k, &v, prefix->size ? MDB_SET_RANGE : MDB_FIRST);
	while (!rc && begins_with(&k, prefix)) {
		struct bytes key = {k.mv_data, k.mv_size};

		if (matches(&key, userdata))
			rc = mdb_cursor_del(cursor, 0);
		if (!rc)
			rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : error_from_write(txn, rc);
}

static bool any_key(const struct bytes *key, const void *userdata)
{
	return true;
}

int table_delete_all(struct store_txn *txn, enum table table, const struct key *prefix)
{
	return table_delete_if(txn, table, prefix, any_key, NULL);
}

int walk_init(struct walk *walk, struct store_txn *txn, enum table table, const struct key *prefix,
	      bool backward)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn->txn, dbi_of(txn, table), &cursor);

	if (rc)
		return error_from_lmdb(rc);
	*walk = (struct walk){.txn = txn, .cursor = cursor, .backward = backward};
	walk->prefix.size = 0;
	key_add(&walk->prefix, prefix->data, prefix->size);
	return 0;
}

void walk_deinit(struct walk *walk)
{
	if (walk->cursor)
		mdb_cursor_close(walk->cursor);
	walk->cursor = NULL;
}

/* The last entry before `key`: the one before the first at or after it. */
static int last_before(MDB_cursor *cursor, const struct key *key, MDB_val *k, MDB_val *v)
{
	int rc;

	*k = (MDB_val){key->size, (void *)key->data};
	rc = key->size ? mdb_cursor_get(cursor, k, v, MDB_SET_RANGE) : MDB_NOTFOUND;
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, k, v, MDB_LAST);
	return rc ? rc : mdb_cursor_get(cursor, k, v, MDB_PREV);
}

static int first_from(MDB_cursor *cursor, const struct key *key, MDB_val *k, MDB_val *v)
{
	*k = (MDB_val){key->size, (void *)key->data};
	return mdb_cursor_get(cursor, k, v, key->size ? MDB_SET_RANGE : MDB_FIRST);
}

/* The first key behind all that begin with `prefix`; empty when there is none. */
static void key_after(const struct key *prefix, struct key *ret)
{
	ret->size = 0;
	key_add(ret, prefix->data, prefix->size);
	while (ret->size && ret->data[ret->size - 1] == 0xff)
		ret->size--;
	if (ret->size)
		ret->data[ret->size - 1]++;
}

static int walk_take(struct walk *walk, int rc, const MDB_val *k, const MDB_val *v)
{
	walk->started = true;
	if (rc)
		return error_from_lmdb(rc);
	if (!begins_with(k, &walk->prefix))
		return STORE_NONE;
	walk->key = (struct bytes){k->mv_data, k->mv_size};
	walk->value = (struct bytes){v->mv_data, v->mv_size};
	return 0;
}

int walk_seek(struct walk *walk, const struct key *key)
{
	MDB_val k, v;
	int rc = walk->backward ? last_before(walk->cursor, key, &k, &v)
				: first_from(walk->cursor, key, &k, &v);

	return walk_take(walk, rc, &k, &v);
}

int walk_next(struct walk *walk)
{
	MDB_val k, v;
	struct key end;
	int rc;

	if (walk->started) {
		rc = mdb_cursor_get(walk->cursor, &k, &v, walk->backward ? MDB_PREV : MDB_NEXT);
		return walk_take(walk, rc, &k, &v);
	}
	if (!walk->backward)
		return walk_seek(walk, &walk->prefix);
	key_after(&walk->prefix, &end);
	return walk_seek(walk, &end);
}

int table_stat(struct store_txn *txn, struct table_stat *ret)
{
	MDB_envinfo info;
	MDB_stat stat;
	MDB_cursor *cursor;
	MDB_val k, v;
	uint64_t free_pages = 0;
	int rc = mdb_env_info(txn->store->env, &info);

	if (!rc)
		rc = mdb_env_stat(txn->store->env, &stat);
	/* Table 0 is LMDB's own list of free pages: each value begins with how many it names. */
	if (!rc)
		rc = mdb_cursor_open(txn->txn, 0, &cursor);
	if (rc)
		return error_from_lmdb(rc);
	while (!(rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)))
		if (v.mv_size >= sizeof(size_t))
			free_pages += *(size_t *)v.mv_data;
	mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND)
		return error_from_lmdb(rc);
	*ret = (struct table_stat){
		.map_bytes = info.me_mapsize,
		.used_bytes = (info.me_last_pgno + 1 - free_pages) * stat.ms_psize,
		.free_bytes = free_pages * stat.ms_psize,
	};
	return 0;
}

int table_bytes(struct store_txn *txn, enum table table, uint64_t *ret)
{
	MDB_stat stat;
	int rc = mdb_stat(txn->txn, txn->store->tables[table], &stat);

	if (rc)
		return error_from_lmdb(rc);
	*ret = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
	       (uint64_t)stat.ms_psize;
	return 0;
}

int table_size(struct store_txn *txn, enum table table, uint64_t *ret_entries, uint64_t *ret_pages)
{
	MDB_stat stat;
	int rc = mdb_stat(txn->txn, dbi_of(txn, table), &stat);

	if (rc)
		return error_from_lmdb(rc);
	*ret_entries = stat.ms_entries;
	*ret_pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	return 0;
}

int table_entries(struct store_txn *txn, enum table table, uint64_t *ret)
{
	MDB_stat stat;
	int rc = mdb_stat(txn->txn, txn->store->tables[table], &stat);

	if (!rc)
		*ret = stat.ms_entries;
	return error_from_lmdb(rc);
}

int json_from_bytes(struct bytes bytes, json_t **ret)
{
	/* PHP strings may contain NUL. */
	json_t *json = json_loadb(bytes.data, bytes.size, JSON_ALLOW_NUL, NULL);

	if (!json)
		return -EBADMSG;
	if (!json_is_object(json)) {
		json_decref(json);
		return -EBADMSG;
	}
	*ret = json;
	return 0;
}

int table_put_json(struct store_txn *txn, enum table table, const struct key *key,
		   const json_t *record)
{
	_cleanup_(freep) char *text = NULL;

	if (!json_is_object(record))
		return -EINVAL;
	text = json_dumps(record, JSON_COMPACT | value_precision(record));
	return text ? table_put(txn, table, key, text, strlen(text)) : -EINVAL;
}

int table_put_packed(struct store_txn *txn, enum table table, const struct key *key,
		     const json_t *record)
{
	_cleanup_(buffer_deinit) struct buffer packed = BUFFER_INIT;
	int r = json_is_object(record) ? pack_json(txn->store->pack, record, &packed) : -EINVAL;

	return r ? r : table_put(txn, table, key, packed.data, packed.size);
}

int object_from_packed(struct store_txn *txn, struct bytes value, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int r = unpack_json(txn->store->pack, value, &json);

	if (!r && !json_is_object(json))
		r = -EBADMSG;
	if (!r)
		*ret = steal(&json);
	return r;
}

int table_get_packed(struct store_txn *txn, enum table table, const struct key *key, json_t **ret)
{
	struct bytes value;
	int r = table_get(txn, table, key, &value);

	return r ? r : object_from_packed(txn, value, ret);
}
