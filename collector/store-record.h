/* SPDX-License-Identifier: MIT */
/*
 * What the files of the store share about a session's records.
 */
#pragma once

#include "store-index.h"
#include "store-pack.h"

/* A session's lists as they are stored: msgpack, empty for an empty list. */
struct record_lists {
	struct bytes errors, others;	/* unpacked */
	struct bytes list[STORE_KINDS]; /* of these */
};

/* Of a value of TABLE_RECORDS. To be deinitialised whatever is returned. -EBADMSG. */
int record_lists_of(struct store_txn *txn, struct bytes value, struct record_lists *ret);
/* Of a session: those that are in one frame with `kind`. STORE_NONE. */
int record_lists_get(struct store_txn *txn, const struct uuid *session, enum store_kind kind,
		     struct record_lists *ret);
void record_lists_deinit(struct record_lists *lists);
/* One of them as JSON: an array of objects; and one object of it, STORE_NONE if there are fewer.
 * -EBADMSG. */
int record_list_of(struct bytes list, json_t **ret);
int record_of(struct bytes list, size_t place, json_t **ret);
/* The index entries of the record at `place` (from 0) of a list; none without a record. */
void record_entries(struct entries *ret, enum store_kind kind, const struct uuid *session,
		    size_t place, const json_t *record, const char *company);
uint64_t record_time(const json_t *record, const char *field);
/* NULL when there is none that can be read. */
int session_of(struct store_txn *txn, const struct uuid *session, json_t **ret);

/* `ret` is `errors` with what people said of each: a new reference. */
int resolutions_apply(struct store_txn *txn, const json_t *errors, json_t **ret);
