/* SPDX-License-Identifier: MIT */
/*
 * What belongs to a session: events, functions, segments, errors, and the requests these are
 * derived from. All lists of one session are one value: they are derived and written together, and
 * say the same things so often that they pack well.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "store-index.h"
#include "store-json.h"
#include "store-lmdb.h"
#include "store-record.h"
#include "store-terms.h"

/* A value: the size of the errors' frame, 4 bytes, that frame, then the others' frame. A frame,
 * unpacked: the sizes of its lists, 4 bytes each, then the lists. The errors stand alone because
 * they are few, and those of all sessions are listed together. */
#define SIZE sizeof(uint32_t)

static const enum store_kind others[] = {STORE_EVENTS, STORE_FUNCTIONS, STORE_SEGMENTS,
					 STORE_REQUESTS};
static const enum store_kind errors[] = {STORE_ERRORS};

#define OTHERS (sizeof(others) / sizeof(*others))

void record_lists_deinit(struct record_lists *lists)
{
	free((void *)lists->errors.data);
	free((void *)lists->others.data);
}

static uint32_t size_at(const void *p)
{
	uint32_t size;

	memcpy(&size, p, SIZE);
	return le32toh(size);
}

static int split_frame(struct bytes frame, const enum store_kind *kinds, size_t count,
		       struct record_lists *ret)
{
	size_t at = count * SIZE;

	if (frame.size < at)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		size_t size = size_at((const char *)frame.data + i * SIZE);

		if (size > frame.size - at)
			return -EBADMSG;
		ret->list[kinds[i]] = (struct bytes){(const char *)frame.data + at, size};
		at += size;
	}
	return at == frame.size ? 0 : -EBADMSG;
}

/* An absent frame has empty lists. */
static int read_frame(struct store_txn *txn, struct bytes packed, const enum store_kind *kinds,
		      size_t count, struct bytes *frame, struct record_lists *ret)
{
	int r = packed.size ? unpack_bytes(txn->store->pack, packed, frame) : STORE_NONE;

	return r ? (r == STORE_NONE ? 0 : r) : split_frame(*frame, kinds, count, ret);
}

static int frames_of(struct bytes value, struct bytes *ret_errors, struct bytes *ret_others)
{
	const char *data = value.data;
	size_t size;

	if (value.size < SIZE)
		return -EBADMSG;
	size = size_at(data);
	if (size > value.size - SIZE)
		return -EBADMSG;
	*ret_errors = (struct bytes){data + SIZE, size};
	*ret_others = (struct bytes){data + SIZE + size, value.size - SIZE - size};
	return 0;
}

static int read_errors(struct store_txn *txn, struct bytes frame, struct record_lists *ret)
{
	return read_frame(txn, frame, errors, 1, &ret->errors, ret);
}

static int read_others(struct store_txn *txn, struct bytes frame, struct record_lists *ret)
{
	return read_frame(txn, frame, others, OTHERS, &ret->others, ret);
}

int record_lists_of(struct store_txn *txn, struct bytes value, struct record_lists *ret)
{
	struct bytes first, second;
	int r = frames_of(value, &first, &second);

	if (!r)
		r = read_errors(txn, first, ret);
	return r ? r : read_others(txn, second, ret);
}

static void session_key(struct key *key, const struct uuid *session)
{
	key->size = 0;
	key_add(key, session->bytes, sizeof(session->bytes));
}

static int get_value(struct store_txn *txn, const struct uuid *session, struct bytes *ret)
{
	struct key key;

	session_key(&key, session);
	return table_get(txn, TABLE_RECORDS, &key, ret);
}

int record_lists_get(struct store_txn *txn, const struct uuid *session, enum store_kind kind,
		     struct record_lists *ret)
{
	struct bytes value, first, second;
	int r = get_value(txn, session, &value);

	if (!r)
		r = frames_of(value, &first, &second);
	if (r)
		return r;
	return kind == STORE_ERRORS ? read_errors(txn, first, ret) : read_others(txn, second, ret);
}

static int object_or_damage(json_t *json)
{
	return json_is_object(json) ? 0 : -EBADMSG;
}

int record_list_of(struct bytes bytes, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	json_t *record;
	size_t i;
	int r = 0;

	if (bytes.size)
		r = json_read(bytes, &list);
	else
		list = json_array();
	if (!r && !json_is_array(list))
		r = -EBADMSG;
	json_array_foreach (list, i, record)
		if (!r)
			r = object_or_damage(record);
	if (!r)
		*ret = steal(&list);
	return r;
}

int record_of(struct bytes list, size_t place, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *record = NULL;
	struct json_walk walk;
	struct bytes bytes;
	int r = json_walk_init(&walk, list);

	for (size_t i = 0; !r && i <= place; i++)
		r = json_walk_next(&walk, &bytes);
	if (!r)
		r = json_read(bytes, &record);
	if (!r)
		r = object_or_damage(record);
	if (!r)
		*ret = steal(&record);
	return r;
}

int store_get_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      json_t **ret)
{
	_cleanup_(record_lists_deinit) struct record_lists lists = {0};
	int r = record_lists_get(txn, session, kind, &lists);

	return r && r != STORE_NONE ? r : record_list_of(lists.list[kind], ret);
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

int session_of(struct store_txn *txn, const struct uuid *session, json_t **ret)
{
	int r = store_get_session(txn, session, ret);

	return r == STORE_NONE || r == -EBADMSG ? 0 : r;
}

/* What the index has of lists that cannot be read any more is only found by its session. */
static int drop_index_of_damaged(struct store_txn *txn, const struct uuid *session)
{
	int r = index_drop_session(txn, INDEX_FUNCTIONS, session);

	return r ? r : index_drop_session(txn, INDEX_ERRORS, session);
}

/* The lists as they are; where they cannot be read, none, and nothing in the index. */
static int lists_before(struct store_txn *txn, const struct uuid *session, struct record_lists *ret)
{
	struct bytes value;
	int r = get_value(txn, session, &value);

	if (!r)
		r = record_lists_of(txn, value, ret);
	if (r != -EBADMSG)
		return r == STORE_NONE ? 0 : r;
	memset(ret->list, 0, sizeof(ret->list));
	r = terms_forget(txn, session);
	return r ? r : drop_index_of_damaged(txn, session);
}

static int put_index(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		     struct bytes text, const json_t *list)
{
	_cleanup_(json_decrefp) json_t *before = NULL, *owner = NULL;
	int r = record_list_of(text, &before);

	if (r == -EBADMSG)
		r = drop_index_of_damaged(txn, session);
	if (!r)
		r = session_of(txn, session, &owner);
	return r ? r : replace_index(txn, kind, session, before, list, session_company(owner));
}

static bool same(struct bytes a, struct bytes b)
{
	return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

/* A company that came late stands in the facts of functions that did not change. */
static int put_list(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		    const struct record_lists *before, const json_t *list, struct buffer *ret)
{
	struct bytes old = before->list[kind];
	int r = json_array_size(list) ? json_write(list, ret) : 0;
	bool changed = !same(old, (struct bytes){ret->data, ret->size});

	if (r)
		return r;
	if (ret->size > UINT32_MAX)
		return -E2BIG;
	if (kind == STORE_SEGMENTS && changed)
		return terms_put_list(txn, session, old, (struct bytes){ret->data, ret->size});
	if (kind == STORE_FUNCTIONS || (kind == STORE_ERRORS && changed))
		return put_index(txn, kind, session, old, list);
	return 0;
}

/* Nothing when all lists are empty. */
static int pack_frame(struct store_txn *txn, const struct bytes lists[STORE_KINDS],
		      const enum store_kind *kinds, size_t count, struct buffer *out)
{
	_cleanup_(buffer_deinit) struct buffer frame = BUFFER_INIT;
	int r = 0;

	for (size_t i = 0; i < count && !r; i++) {
		uint32_t size = htole32((uint32_t)lists[kinds[i]].size);

		r = buffer_add(&frame, &size, SIZE);
	}
	for (size_t i = 0; i < count && !r; i++)
		r = buffer_add(&frame, lists[kinds[i]].data, lists[kinds[i]].size);
	if (r || frame.size == count * SIZE)
		return r;
	return pack_bytes(txn->store->pack, (struct bytes){frame.data, frame.size}, out);
}

static int pack_lists(struct store_txn *txn, const struct bytes lists[STORE_KINDS],
		      struct buffer *out)
{
	uint32_t size = 0;
	int r = buffer_add(out, &size, SIZE);

	if (!r)
		r = pack_frame(txn, lists, errors, 1, out);
	if (r)
		return r;
	size = htole32((uint32_t)(out->size - SIZE));
	memcpy(out->data, &size, SIZE);
	return pack_frame(txn, lists, others, OTHERS, out);
}

static int write_lists(struct store_txn *txn, const struct uuid *session,
		       const struct bytes lists[STORE_KINDS])
{
	_cleanup_(buffer_deinit) struct buffer packed = BUFFER_INIT;
	struct key key;
	int r = pack_lists(txn, lists, &packed);

	session_key(&key, session);
	if (r)
		return r;
	return packed.size > SIZE ? table_put(txn, TABLE_RECORDS, &key, packed.data, packed.size)
				  : table_delete(txn, TABLE_RECORDS, key.data, key.size);
}

/* What is new is in `own`, to be freed, whatever is returned. */
static int put_lists(struct store_txn *txn, const struct uuid *session,
		     const json_t *const lists[STORE_KINDS], struct buffer own[STORE_KINDS])
{
	_cleanup_(record_lists_deinit) struct record_lists before = {0};
	struct bytes after[STORE_KINDS];
	bool changed = false;
	int r = lists_before(txn, session, &before);

	for (size_t i = 0; i < STORE_KINDS && !r; i++) {
		after[i] = before.list[i];
		if (!lists[i])
			continue;
		r = put_list(txn, (enum store_kind)i, session, &before, lists[i], &own[i]);
		after[i] = (struct bytes){own[i].data, own[i].size};
		changed = changed || !same(before.list[i], after[i]);
	}
	return r || !changed ? r : write_lists(txn, session, after);
}

int store_put_lists(struct store_txn *txn, const struct uuid *session,
		    const json_t *const lists[STORE_KINDS])
{
	_cleanup_(json_decrefp) json_t *resolved = NULL;
	const json_t *all[STORE_KINDS];
	struct buffer own[STORE_KINDS] = {0};
	int r = 0;

	memcpy(all, lists, sizeof(all));
	if (all[STORE_ERRORS]) {
		r = resolutions_apply(txn, all[STORE_ERRORS], &resolved);
		all[STORE_ERRORS] = resolved;
	}
	if (!r)
		r = put_lists(txn, session, all, own);
	for (size_t i = 0; i < STORE_KINDS; i++)
		buffer_deinit(&own[i]);
	return r;
}

int store_put_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      const json_t *list)
{
	const json_t *lists[STORE_KINDS] = {0};

	lists[kind] = list;
	return store_put_lists(txn, session, lists);
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
