/* SPDX-License-Identifier: MIT */
/*
 * What belongs to a session: events, functions, segments, errors, and the requests these are
 * derived from. All records of one kind of one session are one value: they are derived, written and
 * mostly read together, and look so much alike that they pack well.
 */
#include <errno.h>
#include <string.h>

#include "store-index.h"
#include "store-lmdb.h"
#include "store-record.h"

static const char letters[] = {
	[STORE_EVENTS] = 'v', [STORE_FUNCTIONS] = 'f', [STORE_SEGMENTS] = 's',
	[STORE_ERRORS] = 'e', [STORE_REQUESTS] = 'r',
};

static void list_key(struct key *key, enum store_kind kind, const struct uuid *session)
{
	key->size = 0;
	key_add(key, session->bytes, sizeof(session->bytes));
	key_add(key, &letters[kind], 1);
}

int record_kind_of(const struct bytes *key, enum store_kind *ret)
{
	char letter;

	if (key->size != RECORD_KEY_SIZE)
		return -EBADMSG;
	letter = ((const char *)key->data)[RECORD_KEY_SIZE - 1];
	for (size_t i = 0; i < sizeof(letters); i++) {
		if (letters[i] == letter) {
			*ret = (enum store_kind)i;
			return 0;
		}
	}
	return -EBADMSG;
}

int record_list_of(struct store_txn *txn, struct bytes value, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	json_t *record;
	size_t i;
	int r = unpack_json(txn->store->pack, value, &list);

	if (!r && !json_is_array(list))
		r = -EBADMSG;
	if (r)
		return r;
	json_array_foreach (list, i, record)
		if (!json_is_object(record))
			return -EBADMSG;
	*ret = steal(&list);
	return 0;
}

int store_get_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      json_t **ret)
{
	struct bytes value;
	struct key key;
	int r;

	list_key(&key, kind, session);
	r = table_get(txn, TABLE_RECORDS, &key, &value);
	if (r == STORE_NONE) {
		*ret = json_array();
		return *ret ? 0 : -ENOMEM;
	}
	return r ? r : record_list_of(txn, value, ret);
}

uint64_t record_time(const json_t *record, const char *field)
{
	json_int_t at = json_integer_value(json_object_get(record, field));

	return at > 0 ? (uint64_t)at : 0;
}

void record_entries(struct entries *ret, enum store_kind kind, const struct uuid *session,
		    size_t place, const json_t *record, const char *company)
{
	struct posting at = {0, *session, place + 1};

	ret->count = ret->fact_size = 0;
	if (kind == STORE_FUNCTIONS && record) {
		at.time = record_time(record, "started_at");
		entries_of_function(ret, &at, record, company);
	} else if (kind == STORE_ERRORS && record) {
		at.time = record_time(record, "occurred_at");
		entries_of_error(ret, &at, record);
	}
}

/* The company is the session's, and functions are found by it: it is looked up as it was, and as it
 * is. */
static int replace_index(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
			 const json_t *before, const json_t *after, const char *company)
{
	size_t n = json_array_size(before), m = json_array_size(after);
	struct entries old, new;
	int r = 0;

	for (size_t i = 0; !r && i < (n > m ? n : m); i++) {
		record_entries(&old, kind, session, i, json_array_get(before, i), "");
		record_entries(&new, kind, session, i, json_array_get(after, i), company);
		r = entries_replace(txn, &old, &new);
	}
	return r;
}

static bool is_indexed(enum store_kind kind)
{
	return kind == STORE_FUNCTIONS || kind == STORE_ERRORS;
}

/* What the index has of a list that cannot be read any more is only found by its session. */
static int drop_index_of_damaged(struct store_txn *txn, enum store_kind kind,
				 const struct uuid *session)
{
	char what = kind == STORE_FUNCTIONS ? INDEX_FUNCTIONS : INDEX_ERRORS;

	return index_drop_session(txn, what, session);
}

int session_of(struct store_txn *txn, const struct uuid *session, json_t **ret)
{
	int r = store_get_session(txn, session, ret);

	return r == STORE_NONE || r == -EBADMSG ? 0 : r;
}

static int put_indexed(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		       const json_t *list)
{
	_cleanup_(json_decrefp) json_t *before = NULL, *owner = NULL;
	int r = store_get_records(txn, kind, session, &before);

	if (r == -EBADMSG)
		r = drop_index_of_damaged(txn, kind, session);
	if (!r)
		r = session_of(txn, session, &owner);
	return r ? r : replace_index(txn, kind, session, before, list, session_company(owner));
}

static bool unchanged(struct store_txn *txn, const struct key *key, const struct buffer *packed)
{
	struct bytes before;

	return table_get(txn, TABLE_RECORDS, key, &before) == 0 && before.size == packed->size &&
	       memcmp(before.data, packed->data, before.size) == 0;
}

static int put_list(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		    const json_t *list)
{
	_cleanup_(buffer_deinit) struct buffer packed = BUFFER_INIT;
	struct key key;
	int r;

	list_key(&key, kind, session);
	if (json_array_size(list)) {
		r = pack_json(txn->store->pack, list, &packed);
		if (r < 0)
			return r;
	}
	/* A company that came late stands in the facts of functions that did not change. */
	if (kind != STORE_FUNCTIONS && unchanged(txn, &key, &packed))
		return 0;
	r = is_indexed(kind) ? put_indexed(txn, kind, session, list) : 0;
	if (r)
		return r;
	return packed.size ? table_put(txn, TABLE_RECORDS, &key, packed.data, packed.size)
			   : table_delete(txn, TABLE_RECORDS, key.data, key.size);
}

int store_put_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      const json_t *list)
{
	_cleanup_(json_decrefp) json_t *resolved = NULL;
	int r;

	if (kind != STORE_ERRORS)
		return put_list(txn, kind, session, list);
	r = resolutions_apply(txn, list, &resolved);
	return r ? r : put_list(txn, kind, session, resolved);
}

int store_each_record(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      store_each_fn each, void *userdata)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	json_t *record;
	size_t i;
	int r = store_get_records(txn, kind, session, &list);

	json_array_foreach (list, i, record) {
		if (r)
			break;
		r = each(record, userdata);
	}
	return r;
}
