/* SPDX-License-Identifier: MIT */
/*
 * Sessions: by id, by time and by the names that a user may write.
 *
 * Both indices begin with the kind, so that the calls among millions of other requests are found at
 * once.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "store-table.h"

#define LATEST "@latest"
/* Of a name in its index: leaves room for the kind, a NUL and the id. */
#define NAME_MAX_KEY (KEY_MAX - 1 - 1 - 16)

enum {
	KIND_CALL = 'c',
	KIND_REQUEST = 'r',
};

static char kind_of(const json_t *session)
{
	const char *kind = json_string_value(json_object_get(session, "kind"));

	return kind && strcmp(kind, "request") == 0 ? KIND_REQUEST : KIND_CALL;
}

static uint64_t time_of(const json_t *session)
{
	const json_t *at = json_object_get(session, "started_at");
	json_int_t ns;

	if (!json_is_integer(at))
		at = json_object_get(session, "first_seen_at");
	ns = json_integer_value(at);
	return ns > 0 ? (uint64_t)ns : 0;
}

static void session_key(struct key *key, const struct uuid *id)
{
	key->size = 0;
	key_add(key, id->bytes, sizeof(id->bytes));
}

static void time_key(struct key *key, char kind, uint64_t time, const struct uuid *id)
{
	key->size = 0;
	key_add(key, &kind, 1);
	key_add_u64(key, time);
	key_add(key, id->bytes, sizeof(id->bytes));
}

static void name_prefix(struct key *key, char kind, const char *name, size_t size)
{
	key->size = 0;
	key_add(key, &kind, 1);
	key_add(key, name, size < NAME_MAX_KEY ? size : NAME_MAX_KEY);
}

static void name_key(struct key *key, char kind, const char *name, const struct uuid *id)
{
	name_prefix(key, kind, name, strlen(name));
	key_add(key, "", 1);
	key_add(key, id->bytes, sizeof(id->bytes));
}

/* Both names of a session: the text of its id, and its call id when it has one. */
static size_t session_names(const json_t *session, const struct uuid *id, char text[UUID_TEXT],
			    const char *ret[2])
{
	const char *call_id = json_string_value(json_object_get(session, "call_id"));

	uuid_format(id, text);
	ret[0] = text;
	ret[1] = call_id;
	return call_id && *call_id ? 2 : 1;
}

/* Every key the indices have for a session. */
static size_t index_keys(const json_t *session, const struct uuid *id, struct key keys[3],
			 enum table tables[3])
{
	char text[UUID_TEXT];
	const char *names[2];
	size_t n = session_names(session, id, text, names);

	time_key(&keys[0], kind_of(session), time_of(session), id);
	tables[0] = TABLE_SESSIONS_BY_TIME;
	for (size_t i = 0; i < n; i++) {
		name_key(&keys[1 + i], kind_of(session), names[i], id);
		tables[1 + i] = TABLE_SESSIONS_BY_NAME;
	}
	return 1 + n;
}

static int drop_index(struct store_txn *txn, const json_t *session, const struct uuid *id)
{
	enum table tables[3];
	struct key keys[3];
	size_t n = index_keys(session, id, keys, tables);
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = table_delete(txn, tables[i], keys[i].data, keys[i].size);
	return r;
}

static int put_index(struct store_txn *txn, const json_t *session, const struct uuid *id)
{
	enum table tables[3];
	struct key keys[3];
	size_t n = index_keys(session, id, keys, tables);
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = table_put(txn, tables[i], &keys[i], "", 0);
	return r;
}

int session_is_indexed(struct store_txn *txn, const json_t *session, const struct uuid *id)
{
	enum table tables[3];
	struct key keys[3];
	size_t n = index_keys(session, id, keys, tables);
	struct bytes value;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = table_get(txn, tables[i], &keys[i], &value);
	return r;
}

/* What the indices have of a session that cannot be read any more is only found by its id. */
static int drop_index_of_damaged(struct store_txn *txn, const struct uuid *id)
{
	struct bytes suffix = {id->bytes, sizeof(id->bytes)};
	int r = table_delete_ending(txn, TABLE_SESSIONS_BY_TIME, &suffix);

	return r ? r : table_delete_ending(txn, TABLE_SESSIONS_BY_NAME, &suffix);
}

int store_put_session(struct store_txn *txn, const json_t *session)
{
	const char *text = json_string_value(json_object_get(session, "id"));
	_cleanup_(json_decrefp) json_t *before = NULL;
	struct uuid id;
	struct key key;
	int r;

	if (!text || !uuid_parse(&id, text) ||
	    !json_is_integer(json_object_get(session, "first_seen_at")))
		return -EINVAL;
	r = store_get_session(txn, &id, &before);
	if (r == -EBADMSG)
		r = drop_index_of_damaged(txn, &id);
	else if (!r)
		r = drop_index(txn, before, &id);
	if (r < 0)
		return r;
	session_key(&key, &id);
	r = table_put_json(txn, TABLE_SESSIONS, &key, NULL, 0, session);
	return r ? r : put_index(txn, session, &id);
}

int store_get_session(struct store_txn *txn, const struct uuid *id, json_t **ret)
{
	struct bytes value;
	struct key key;
	int r;

	session_key(&key, id);
	r = table_get(txn, TABLE_SESSIONS, &key, &value);
	return r ? r : json_from_bytes(value, ret);
}

static int id_at_end(const struct bytes *key, struct uuid *ret)
{
	if (key->size < sizeof(ret->bytes))
		return -EBADMSG;
	memcpy(ret->bytes, (const uint8_t *)key->data + key->size - sizeof(ret->bytes),
	       sizeof(ret->bytes));
	return 0;
}

/* The one session whose name begins with `prefix`. A session may be found by both of its names. */
static int find_one(struct store_txn *txn, const struct key *prefix, struct uuid *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct uuid found, other;
	int r = walk_init(&walk, txn, TABLE_SESSIONS_BY_NAME, prefix, false);

	if (!r)
		r = walk_next(&walk);
	if (!r)
		r = id_at_end(&walk.key, &found);
	if (r)
		return r;
	while (!(r = walk_next(&walk))) {
		r = id_at_end(&walk.key, &other);
		if (r)
			return r;
		if (memcmp(&found, &other, sizeof(found)) != 0)
			return STORE_AMBIGUOUS;
	}
	if (r == STORE_NONE)
		*ret = found;
	return r == STORE_NONE ? 0 : r;
}

static int find_named(struct store_txn *txn, char kind, const char *name, struct uuid *ret)
{
	struct key prefix;
	int r;

	/* The whole name first: one call's id may be the beginning of another's. */
	name_prefix(&prefix, kind, name, strlen(name));
	key_add(&prefix, "", 1);
	r = find_one(txn, &prefix, ret);
	if (r != STORE_NONE)
		return r;
	prefix.size--;
	return find_one(txn, &prefix, ret);
}

static int find_any_kind(struct store_txn *txn, const char *name, struct uuid *ret)
{
	int r = find_named(txn, KIND_CALL, name, ret);

	return r == STORE_NONE ? find_named(txn, KIND_REQUEST, name, ret) : r;
}

static int find_latest(struct store_txn *txn, char kind, struct uuid *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key prefix = {.size = 1, .data = {(uint8_t)kind}};
	int r = walk_init(&walk, txn, TABLE_SESSIONS_BY_TIME, &prefix, true);

	if (!r)
		r = walk_next(&walk);
	return r ? r : id_at_end(&walk.key, ret);
}

int store_find_call(struct store_txn *txn, const char *call, struct uuid *ret)
{
	char lower[UUID_TEXT];
	int r;

	if (strcmp(call, LATEST) == 0) {
		r = find_latest(txn, KIND_CALL, ret);
		return r == STORE_NONE ? find_latest(txn, KIND_REQUEST, ret) : r;
	}
	if (!*call)
		return STORE_NONE;
	r = find_any_kind(txn, call, ret);
	if (r != STORE_NONE || strlen(call) >= sizeof(lower))
		return r;
	/* Session ids are kept in lower case. */
	for (size_t i = 0; i <= strlen(call); i++)
		lower[i] = (char)tolower((unsigned char)call[i]);
	return find_any_kind(txn, lower, ret);
}

/* One kind of session, newest first, within a time range. */
struct sessions {
	struct walk walk;
	bool end;
};

static int sessions_take(struct sessions *sessions, int r, uint64_t since)
{
	if (!r && sessions->walk.key.size != 1 + 8 + 16)
		return -EBADMSG;
	sessions->end = r == STORE_NONE ||
			(!r && bytes_u64((uint8_t *)sessions->walk.key.data + 1) < since);
	return r < 0 ? r : 0;
}

static int sessions_start(struct sessions *sessions, struct store_txn *txn, char kind,
			  const struct store_filter *filter)
{
	struct key key = {.size = 1, .data = {(uint8_t)kind}};
	int r = walk_init(&sessions->walk, txn, TABLE_SESSIONS_BY_TIME, &key, true);

	if (r)
		return r;
	if (!filter->until)
		return sessions_take(sessions, walk_next(&sessions->walk), filter->since);
	key_add_u64(&key, filter->until);
	return sessions_take(sessions, walk_seek(&sessions->walk, &key), filter->since);
}

static int give_session(struct store_txn *txn, const struct walk *walk, store_each_fn each,
			void *userdata)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	struct uuid id;
	int r = id_at_end(&walk->key, &id);

	if (!r)
		r = store_get_session(txn, &id, &session);
	if (r)
		return r == STORE_NONE ? -EBADMSG : r;
	return each(session, userdata);
}

static struct sessions *newer(struct sessions *a, struct sessions *b)
{
	if (a->end || b->end)
		return a->end ? b : a;
	return memcmp((uint8_t *)a->walk.key.data + 1, (uint8_t *)b->walk.key.data + 1, 24) < 0 ? b
												: a;
}

static void sessions_deinit(struct sessions *sessions)
{
	walk_deinit(&sessions->walk);
}

int store_each_session_in(struct store_txn *txn, const struct store_filter *filter,
			  store_each_fn each, void *userdata)
{
	_cleanup_(sessions_deinit) struct sessions calls = {.end = true};
	_cleanup_(sessions_deinit) struct sessions requests = {.end = true};
	struct sessions *next;
	int r = 0;

	if (filter->kind != STORE_ONLY_REQUESTS)
		r = sessions_start(&calls, txn, KIND_CALL, filter);
	if (!r && filter->kind != STORE_ONLY_CALLS)
		r = sessions_start(&requests, txn, KIND_REQUEST, filter);
	while (!r && !(next = newer(&calls, &requests))->end) {
		r = give_session(txn, &next->walk, each, userdata);
		if (!r)
			r = sessions_take(next, walk_next(&next->walk), filter->since);
	}
	return r;
}

int store_each_session(struct store_txn *txn, store_each_fn each, void *userdata)
{
	static const struct store_filter everything;

	return store_each_session_in(txn, &everything, each, userdata);
}
