/* SPDX-License-Identifier: MIT */
/*
 * What belongs to a session: events, functions, segments, errors, and the requests these are
 * derived from.
 *
 * An error's value begins with its time, as in the index: so that its index entry is found even
 * when the record itself cannot be read.
 */
#include <errno.h>

#include "store-table.h"

#define TIME_SIZE 8

static const enum table table_of[] = {
	[STORE_EVENTS] = TABLE_EVENTS,	   [STORE_FUNCTIONS] = TABLE_FUNCTIONS,
	[STORE_SEGMENTS] = TABLE_SEGMENTS, [STORE_ERRORS] = TABLE_ERRORS,
	[STORE_REQUESTS] = TABLE_REQUESTS,
};

static bool has_id(enum store_kind kind)
{
	return kind == STORE_REQUESTS || kind == STORE_ERRORS;
}

static int record_key(struct key *key, enum store_kind kind, const struct uuid *session,
		      uint64_t seq, const json_t *record)
{
	const char *text = json_string_value(json_object_get(record, "id"));
	struct uuid id;

	key->size = 0;
	key_add(key, session->bytes, sizeof(session->bytes));
	key_add_u64(key, seq);
	if (!has_id(kind))
		return 0;
	if (!text || !uuid_parse(&id, text))
		return -EINVAL;
	key_add(key, id.bytes, sizeof(id.bytes));
	return 0;
}

static void session_prefix(struct key *key, const struct uuid *session)
{
	key->size = 0;
	key_add(key, session->bytes, sizeof(session->bytes));
}

static void error_index_key(struct key *index, const void *time, const void *key, size_t size)
{
	index->size = 0;
	key_add(index, time, TIME_SIZE);
	key_add(index, key, size);
}

static int put_error(struct store_txn *txn, const struct key *key, const json_t *error)
{
	json_int_t at = json_integer_value(json_object_get(error, "occurred_at"));
	struct key index, time = {0};
	struct bytes before;
	int r = table_get(txn, TABLE_ERRORS, key, &before);

	if (!r && before.size >= TIME_SIZE) {
		error_index_key(&index, before.data, key->data, key->size);
		r = table_delete(txn, TABLE_ERRORS_BY_TIME, index.data, index.size);
	}
	if (r < 0)
		return r;
	key_add_u64(&time, at > 0 ? (uint64_t)at : 0);
	r = table_put_json(txn, TABLE_ERRORS, key, time.data, time.size, error);
	if (r)
		return r;
	error_index_key(&index, time.data, key->data, key->size);
	return table_put(txn, TABLE_ERRORS_BY_TIME, &index, "", 0);
}

int store_put_record(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		     uint64_t seq, const json_t *record)
{
	struct key key;
	int r = record_key(&key, kind, session, seq, record);

	if (r)
		return r;
	if (kind == STORE_ERRORS)
		return put_error(txn, &key, record);
	return table_put_json(txn, table_of[kind], &key, NULL, 0, record);
}

static int drop_error_index(struct store_txn *txn, const struct key *prefix)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key index;
	int r = walk_init(&walk, txn, TABLE_ERRORS, prefix, false);

	/* Writes to another table: the walk stays where it is. */
	while (!r && !(r = walk_next(&walk))) {
		if (walk.value.size < TIME_SIZE)
			continue;
		error_index_key(&index, walk.value.data, walk.key.data, walk.key.size);
		r = table_delete(txn, TABLE_ERRORS_BY_TIME, index.data, index.size);
	}
	return r == STORE_NONE ? 0 : r;
}

int store_drop_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session)
{
	struct key prefix;
	int r = 0;

	session_prefix(&prefix, session);
	if (kind == STORE_ERRORS)
		r = drop_error_index(txn, &prefix);
	return r ? r : table_delete_all(txn, table_of[kind], &prefix);
}

static int give_record(struct bytes value, size_t head, store_each_fn each, void *userdata)
{
	_cleanup_(json_decrefp) json_t *record = NULL;
	int r;

	if (value.size < head)
		return -EBADMSG;
	value.data = (const uint8_t *)value.data + head;
	value.size -= head;
	r = json_from_bytes(value, &record);
	return r ? r : each(record, userdata);
}

int store_each_record(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      store_each_fn each, void *userdata)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	size_t head = kind == STORE_ERRORS ? TIME_SIZE : 0;
	struct key prefix;
	int r;

	session_prefix(&prefix, session);
	r = walk_init(&walk, txn, table_of[kind], &prefix, false);
	if (r)
		return r;
	while (!(r = walk_next(&walk))) {
		r = give_record(walk.value, head, each, userdata);
		if (r)
			return r;
	}
	return r == STORE_NONE ? 0 : r;
}

static int give_indexed(struct store_txn *txn, const struct bytes *index, store_each_fn each,
			void *userdata)
{
	struct bytes value;
	struct key key = {0};
	int r;

	if (index->size <= TIME_SIZE)
		return -EBADMSG;
	key_add(&key, (const uint8_t *)index->data + TIME_SIZE, index->size - TIME_SIZE);
	r = table_get(txn, TABLE_ERRORS, &key, &value);
	if (r)
		return r == STORE_NONE ? -EBADMSG : r;
	return give_record(value, TIME_SIZE, each, userdata);
}

int store_each_error_in(struct store_txn *txn, const struct store_filter *filter,
			store_each_fn each, void *userdata)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0}, until = {0};
	int r = walk_init(&walk, txn, TABLE_ERRORS_BY_TIME, &all, true);

	if (r)
		return r;
	key_add_u64(&until, filter->until);
	r = filter->until ? walk_seek(&walk, &until) : walk_next(&walk);
	for (; !r; r = walk_next(&walk)) {
		if (walk.key.size >= TIME_SIZE && bytes_u64(walk.key.data) < filter->since)
			return 0;
		r = give_indexed(txn, &walk.key, each, userdata);
		if (r)
			return r;
	}
	return r == STORE_NONE ? 0 : r;
}

int store_each_error(struct store_txn *txn, store_each_fn each, void *userdata)
{
	static const struct store_filter everything;

	return store_each_error_in(txn, &everything, each, userdata);
}
