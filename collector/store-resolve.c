/* SPDX-License-Identifier: MIT */
/*
 * What people said of errors: that one is resolved, or open again, with a note. It is kept beside
 * the errors, by their id, for these are derived anew whenever a message comes.
 */
#include <errno.h>
#include <string.h>

#include "store-lmdb.h"
#include "store-record.h"

/* Of each error; older ones go. */
#define HISTORY_MAX 100

static void resolution_key(struct key *key, const struct uuid *error)
{
	key->size = 0;
	key_add(key, error->bytes, sizeof(error->bytes));
}

static bool id_of(const json_t *error, struct uuid *ret)
{
	const char *text = json_string_value(json_object_get(error, "id"));

	return text && uuid_parse(ret, text);
}

/* The last word counts; all of them stand in the metadata. */
static json_t *with_resolution(const json_t *error, const json_t *resolution)
{
	json_t *copy = json_deep_copy(error);
	json_t *history = json_object_get(resolution, "history");
	const json_t *last = json_array_get(history, json_array_size(history) - 1);
	bool resolved = json_is_true(json_object_get(last, "resolved"));

	if (!copy || !last)
		return copy;
	json_object_set(copy, "resolved", json_object_get(last, "resolved"));
	json_object_set(copy, "resolution_notes", json_object_get(last, "note"));
	json_object_set_new(copy, "resolved_at",
			    resolved ? json_incref(json_object_get(last, "at")) : json_null());
	if (!json_is_object(json_object_get(copy, "metadata")))
		json_object_set_new(copy, "metadata", json_object());
	json_object_set(json_object_get(copy, "metadata"), "resolutions", history);
	return copy;
}

static int apply_one(struct store_txn *txn, json_t *list, const json_t *error)
{
	_cleanup_(json_decrefp) json_t *resolution = NULL;
	struct uuid id;
	struct key key;
	int r;

	if (!id_of(error, &id))
		return -EINVAL;
	resolution_key(&key, &id);
	r = table_get_packed(txn, TABLE_RESOLUTIONS, &key, &resolution);
	/* One that cannot be read must not keep the error from being stored. */
	if (r == -EBADMSG)
		r = STORE_NONE;
	if (r < 0)
		return r;
	if (json_array_append_new(list, r == STORE_NONE ? json_incref((json_t *)error)
							: with_resolution(error, resolution)) < 0)
		return -ENOMEM;
	return 0;
}

int resolutions_apply(struct store_txn *txn, const json_t *errors, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	json_t *error;
	size_t i;
	int r = list ? 0 : -ENOMEM;

	json_array_foreach (errors, i, error) {
		if (r)
			break;
		r = apply_one(txn, list, error);
	}
	if (!r)
		*ret = steal(&list);
	return r;
}

static int put_resolution(struct store_txn *txn, const struct uuid *error, bool resolved,
			  const char *note, uint64_t at)
{
	_cleanup_(json_decrefp) json_t *resolution = NULL;
	json_t *history;
	struct key key;
	int r;

	resolution_key(&key, error);
	r = table_get_packed(txn, TABLE_RESOLUTIONS, &key, &resolution);
	if (r < 0 && r != -EBADMSG)
		return r;
	history = json_object_get(resolution, "history");
	if (!json_is_array(history)) {
		json_decref(steal(&resolution));
		resolution = json_pack("{s:[]}", "history");
		history = json_object_get(resolution, "history");
	}
	if (json_array_append_new(history, json_pack("{s:b, s:s?, s:I}", "resolved", resolved,
						     "note", note, "at", (json_int_t)at)) < 0)
		return -ENOMEM;
	while (json_array_size(history) > HISTORY_MAX)
		json_array_remove(history, 0);
	return table_put_packed(txn, TABLE_RESOLUTIONS, &key, resolution);
}

int store_resolve(struct store_txn *txn, const struct store_place *error, bool resolved,
		  const char *note, uint64_t at, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *errors = NULL;
	struct uuid id;
	int r = store_get_records(txn, STORE_ERRORS, &error->session, &errors);

	if (r)
		return r;
	if (!error->seq || !id_of(json_array_get(errors, error->seq - 1), &id))
		return -EBADMSG;
	r = put_resolution(txn, &id, resolved, note, at);
	if (!r)
		r = store_put_records(txn, STORE_ERRORS, &error->session, errors);
	json_decref(steal(&errors));
	if (!r)
		r = store_get_records(txn, STORE_ERRORS, &error->session, &errors);
	if (!r)
		*ret = json_incref(json_array_get(errors, error->seq - 1));
	return r;
}

int store_find_error(struct store_txn *txn, const char *id, struct store_place *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct facet facet = {INDEX_ERRORS, FACET_ID, id};
	struct posting at, other;
	struct key prefix;
	int r;

	facet_value_prefix(&prefix, &facet);
	r = *id ? walk_init(&walk, txn, TABLE_INDEX, &prefix, false) : STORE_NONE;
	if (!r)
		r = walk_next(&walk);
	if (!r)
		r = posting_of(&walk.key, &at);
	if (r)
		return r;
	r = walk_next(&walk);
	if (!r && !(r = posting_of(&walk.key, &other)))
		return STORE_AMBIGUOUS;
	if (r != STORE_NONE)
		return r;
	*ret = (struct store_place){at.session, at.seq};
	return 0;
}
