/* SPDX-License-Identifier: MIT */
/*
 * Sessions, found by their names and by everything else that lists of them are asked for.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "store-index.h"
#include "store-terms.h"

#define LATEST "@latest"

static void session_key(struct key *key, const struct uuid *id)
{
	key->size = 0;
	key_add(key, id->bytes, sizeof(id->bytes));
}

/* What the index has of a session that cannot be read any more is only found by its id. */
static int drop_index_of_damaged(struct store_txn *txn, const struct uuid *id)
{
	int r = index_drop_session(txn, INDEX_CALLS, id);

	return r ? r : index_drop_session(txn, INDEX_REQUESTS, id);
}

int store_put_session(struct store_txn *txn, const json_t *session)
{
	const char *text = json_string_value(json_object_get(session, "id"));
	_cleanup_(json_decrefp) json_t *stored = NULL;
	struct entries before, after;
	struct uuid id;
	struct key key;
	int r;

	if (!text || !uuid_parse(&id, text) ||
	    !json_is_integer(json_object_get(session, "first_seen_at")))
		return -EINVAL;
	r = terms_move_session(txn, &id, session_time(session));
	if (r < 0)
		return r;
	before.count = 0;
	r = store_get_session(txn, &id, &stored);
	if (r == -EBADMSG)
		r = drop_index_of_damaged(txn, &id);
	else if (!r)
		entries_of_session(&before, &id, stored);
	if (r < 0)
		return r;
	entries_of_session(&after, &id, session);
	session_key(&key, &id);
	r = table_put_packed(txn, TABLE_SESSIONS, &key, session);
	return r ? r : entries_replace(txn, &before, &after);
}

int store_get_session(struct store_txn *txn, const struct uuid *id, json_t **ret)
{
	struct key key;

	session_key(&key, id);
	return table_get_packed(txn, TABLE_SESSIONS, &key, ret);
}

/* The one session whose name begins with `prefix`. A session may be found by both of its names. */
static int find_one(struct store_txn *txn, const struct key *prefix, struct uuid *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct posting found, other;
	int r = walk_init(&walk, txn, TABLE_INDEX, prefix, false);

	if (!r)
		r = walk_next(&walk);
	if (!r)
		r = posting_of(&walk.key, &found);
	if (r)
		return r;
	while (!(r = walk_next(&walk))) {
		r = posting_of(&walk.key, &other);
		if (r)
			return r;
		if (memcmp(&found.session, &other.session, sizeof(found.session)) != 0)
			return STORE_AMBIGUOUS;
	}
	if (r == STORE_NONE)
		*ret = found.session;
	return r == STORE_NONE ? 0 : r;
}

static int find_named(struct store_txn *txn, char what, const char *name, struct uuid *ret)
{
	struct facet facet = {what, FACET_NAME, name};
	struct key prefix;
	int r;

	/* The whole name first: one call's id may be the beginning of another's. */
	facet_prefix(&prefix, &facet);
	r = find_one(txn, &prefix, ret);
	if (r != STORE_NONE)
		return r;
	facet_value_prefix(&prefix, &facet);
	return find_one(txn, &prefix, ret);
}

static int find_any_kind(struct store_txn *txn, const char *name, struct uuid *ret)
{
	int r = find_named(txn, INDEX_CALLS, name, ret);

	return r == STORE_NONE ? find_named(txn, INDEX_REQUESTS, name, ret) : r;
}

static int find_latest(struct store_txn *txn, char what, struct uuid *ret)
{
	_cleanup_(index_walk_deinit) struct index_walk walk = {0};
	struct facet all = {what, FACET_ALL, NULL};
	int r = index_walk_init(&walk, txn, &all, 1, 0, 0);

	if (!r)
		r = index_next(&walk);
	if (!r)
		*ret = walk.at.session;
	return r;
}

int store_find_call(struct store_txn *txn, const char *call, struct uuid *ret)
{
	char lower[UUID_TEXT];
	int r;

	if (strcmp(call, LATEST) == 0) {
		r = find_latest(txn, INDEX_CALLS, ret);
		return r == STORE_NONE ? find_latest(txn, INDEX_REQUESTS, ret) : r;
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

/* One kind of session, newest first. */
struct sessions {
	struct index_walk walk;
	bool end;
};

static int sessions_next(struct sessions *sessions)
{
	int r = index_next(&sessions->walk);

	sessions->end = r == STORE_NONE;
	return r < 0 ? r : 0;
}

static size_t session_facets(const struct store_filter *filter, char what, struct facet *facets)
{
	size_t n = 0;

	if (filter->correlation)
		facets[n++] = (struct facet){what, FACET_CORRELATION, filter->correlation};
	if (filter->customer)
		facets[n++] = (struct facet){what, FACET_CUSTOMER, filter->customer};
	if (filter->company)
		facets[n++] = (struct facet){what, FACET_COMPANY, filter->company};
	if (filter->status)
		facets[n++] = (struct facet){what, FACET_STATUS, filter->status};
	if (filter->with_errors)
		facets[n++] = (struct facet){what, FACET_WITH_ERRORS, NULL};
	if (!n)
		facets[n++] = (struct facet){what, FACET_ALL, NULL};
	return n;
}

static int sessions_start(struct sessions *sessions, struct store_txn *txn, char what,
			  const struct store_filter *filter)
{
	struct facet facets[FACETS_MAX];
	size_t n = session_facets(filter, what, facets);
	int r = index_walk_init(&sessions->walk, txn, facets, n, filter->since, filter->until);

	return r ? r : sessions_next(sessions);
}

static int give_session(struct store_txn *txn, const struct index_walk *walk, store_each_fn each,
			void *userdata)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	int r = store_get_session(txn, &walk->at.session, &session);

	if (r)
		return r == STORE_NONE ? -EBADMSG : r;
	return each(session, userdata);
}

static struct sessions *newer(struct sessions *a, struct sessions *b)
{
	if (a->end || b->end)
		return a->end ? b : a;
	return a->walk.at.time < b->walk.at.time ? b : a;
}

static void sessions_deinit(struct sessions *sessions)
{
	index_walk_deinit(&sessions->walk);
}

int store_each_session(struct store_txn *txn, const struct store_filter *filter, store_each_fn each,
		       void *userdata)
{
	_cleanup_(sessions_deinit) struct sessions calls = {.end = true};
	_cleanup_(sessions_deinit) struct sessions requests = {.end = true};
	struct sessions *next;
	int r = 0;

	if (filter->kind != STORE_ONLY_REQUESTS)
		r = sessions_start(&calls, txn, INDEX_CALLS, filter);
	if (!r && filter->kind != STORE_ONLY_CALLS)
		r = sessions_start(&requests, txn, INDEX_REQUESTS, filter);
	while (!r && !(next = newer(&calls, &requests))->end) {
		r = give_session(txn, &next->walk, each, userdata);
		if (!r)
			r = sessions_next(next);
	}
	return r;
}
