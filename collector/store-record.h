/* SPDX-License-Identifier: MIT */
/*
 * What the files of the store share about a session's records.
 */
#pragma once

#include "store-index.h"
#include "store-pack.h"

/* A session's lists as they are stored: JSON texts, empty for an empty list. */
struct record_texts {
	char *text;
	struct bytes part[STORE_KINDS]; /* of `text` */
};

/* Of a value of TABLE_RECORDS. To be deinitialised whatever is returned. -EBADMSG. */
int record_texts_of(struct store_txn *txn, struct bytes value, struct record_texts *ret);
/* The same of a session. STORE_NONE. */
int record_texts_get(struct store_txn *txn, const struct uuid *session, struct record_texts *ret);
void record_texts_deinit(struct record_texts *texts);
/* One of them: an array of objects. -EBADMSG. */
int record_list_of(struct bytes text, json_t **ret);
/* The index entries of the record at `place` (from 0) of a list; none without a record. */
void record_entries(struct entries *ret, enum store_kind kind, const struct uuid *session,
		    size_t place, const json_t *record, const char *company);
uint64_t record_time(const json_t *record, const char *field);
/* NULL when there is none that can be read. */
int session_of(struct store_txn *txn, const struct uuid *session, json_t **ret);

/* `ret` is `errors` with what people said of each: a new reference. */
int resolutions_apply(struct store_txn *txn, const json_t *errors, json_t **ret);
