/* SPDX-License-Identifier: MIT */
/*
 * What the files of the store share about a session's records.
 */
#pragma once

#include "store-index.h"
#include "store-pack.h"

#define RECORD_KEY_SIZE 17 /* session, kind */

/* Of a key of TABLE_RECORDS. -EBADMSG. */
int record_kind_of(const struct bytes *key, enum store_kind *ret);
/* A value of it: an array of objects. */
int record_list_of(struct store_txn *txn, struct bytes value, json_t **ret);
/* The index entries of the record at `place` (from 0) of a list; none without a record. */
void record_entries(struct entries *ret, enum store_kind kind, const struct uuid *session,
		    size_t place, const json_t *record, const char *company);
uint64_t record_time(const json_t *record, const char *field);
/* NULL when there is none that can be read. */
int session_of(struct store_txn *txn, const struct uuid *session, json_t **ret);

/* `ret` is `errors` with what people said of each: a new reference. */
int resolutions_apply(struct store_txn *txn, const json_t *errors, json_t **ret);
