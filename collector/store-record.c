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
#include "store-lmdb.h"
#include "store-record.h"
#include "store-terms.h"
#include "value.h"

/* A value, unpacked: the sizes of the lists' texts, 4 bytes each, then the texts. */
#define HEAD_SIZE (STORE_KINDS * sizeof(uint32_t))

void record_texts_deinit(struct record_texts *texts)
{
	free(texts->text);
}

static uint32_t size_at(const char *p)
{
	uint32_t size;

	memcpy(&size, p, sizeof(size));
	return le32toh(size);
}

int record_texts_of(struct store_txn *txn, struct bytes value, struct record_texts *ret)
{
	size_t size, at = HEAD_SIZE;
	int r = unpack_text(txn->store->pack, value, &ret->text, &size);

	if (r < 0)
		return r;
	if (size < HEAD_SIZE)
		return -EBADMSG;
	for (size_t i = 0; i < STORE_KINDS; i++) {
		size_t part = size_at(ret->text + i * sizeof(uint32_t));

		if (part > size - at)
			return -EBADMSG;
		ret->part[i] = (struct bytes){ret->text + at, part};
		at += part;
	}
	return at == size ? 0 : -EBADMSG;
}

int record_list_of(struct bytes text, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	json_t *record;
	size_t i;

	list = text.size ? json_loadb(text.data, text.size, JSON_ALLOW_NUL, NULL) : json_array();
	if (!json_is_array(list))
		return -EBADMSG;
	json_array_foreach (list, i, record)
		if (!json_is_object(record))
			return -EBADMSG;
	*ret = steal(&list);
	return 0;
}

static void session_key(struct key *key, const struct uuid *session)
{
	key->size = 0;
	key_add(key, session->bytes, sizeof(session->bytes));
}

int record_texts_get(struct store_txn *txn, const struct uuid *session, struct record_texts *ret)
{
	struct bytes value;
	struct key key;
	int r;

	session_key(&key, session);
	r = table_get(txn, TABLE_RECORDS, &key, &value);
	return r ? r : record_texts_of(txn, value, ret);
}

int store_get_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      json_t **ret)
{
	_cleanup_(record_texts_deinit) struct record_texts texts = {0};
	int r = record_texts_get(txn, session, &texts);

	return r && r != STORE_NONE ? r : record_list_of(texts.part[kind], ret);
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
static int texts_before(struct store_txn *txn, const struct uuid *session, struct record_texts *ret)
{
	int r = record_texts_get(txn, session, ret);

	if (r != -EBADMSG)
		return r == STORE_NONE ? 0 : r;
	memset(ret->part, 0, sizeof(ret->part));
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
		    const struct record_texts *before, const json_t *list, struct bytes *ret)
{
	size_t size;
	char *text;

	*ret = (struct bytes){NULL, 0};
	if (json_array_size(list)) {
		text = json_dumps(list, JSON_COMPACT | value_precision(list));
		if (!text)
			return -EINVAL;
		size = strlen(text);
		*ret = (struct bytes){text, size};
		if (size > UINT32_MAX)
			return -E2BIG;
	}
	if (kind == STORE_SEGMENTS && !same(before->part[kind], *ret))
		return terms_put_list(txn, session, before->part[kind], *ret);
	if (kind == STORE_FUNCTIONS || (kind == STORE_ERRORS && !same(before->part[kind], *ret)))
		return put_index(txn, kind, session, before->part[kind], list);
	return 0;
}

static int pack_texts(struct store_txn *txn, const struct bytes parts[STORE_KINDS],
		      struct buffer *packed)
{
	_cleanup_(buffer_deinit) struct buffer text = BUFFER_INIT;
	int r = 0;

	for (size_t i = 0; i < STORE_KINDS && !r; i++) {
		uint32_t size = htole32((uint32_t)parts[i].size);

		r = buffer_add(&text, &size, sizeof(size));
	}
	for (size_t i = 0; i < STORE_KINDS && !r; i++)
		r = buffer_add(&text, parts[i].data, parts[i].size);
	return text.size == HEAD_SIZE || r
		       ? r
		       : pack_text(txn->store->pack, text.data, text.size, packed);
}

static int put_texts(struct store_txn *txn, const struct uuid *session,
		     const struct bytes parts[STORE_KINDS])
{
	_cleanup_(buffer_deinit) struct buffer packed = BUFFER_INIT;
	struct key key;
	int r = pack_texts(txn, parts, &packed);

	session_key(&key, session);
	if (r)
		return r;
	return packed.size ? table_put(txn, TABLE_RECORDS, &key, packed.data, packed.size)
			   : table_delete(txn, TABLE_RECORDS, key.data, key.size);
}

/* The new texts are in `own`, to be freed, whatever is returned. */
static int put_lists(struct store_txn *txn, const struct uuid *session,
		     const json_t *const lists[STORE_KINDS], struct bytes own[STORE_KINDS])
{
	_cleanup_(record_texts_deinit) struct record_texts before = {0};
	struct bytes parts[STORE_KINDS];
	bool changed = false;
	int r = texts_before(txn, session, &before);

	for (size_t i = 0; i < STORE_KINDS && !r; i++) {
		parts[i] = before.part[i];
		if (!lists[i])
			continue;
		r = put_list(txn, (enum store_kind)i, session, &before, lists[i], &own[i]);
		parts[i] = own[i];
		changed = changed || !same(before.part[i], own[i]);
	}
	return r || !changed ? r : put_texts(txn, session, parts);
}

int store_put_lists(struct store_txn *txn, const struct uuid *session,
		    const json_t *const lists[STORE_KINDS])
{
	_cleanup_(json_decrefp) json_t *resolved = NULL;
	const json_t *all[STORE_KINDS];
	struct bytes own[STORE_KINDS] = {0};
	int r = 0;

	memcpy(all, lists, sizeof(all));
	if (all[STORE_ERRORS]) {
		r = resolutions_apply(txn, all[STORE_ERRORS], &resolved);
		all[STORE_ERRORS] = resolved;
	}
	if (!r)
		r = put_lists(txn, session, all, own);
	for (size_t i = 0; i < STORE_KINDS; i++)
		free((void *)own[i].data);
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
