/* SPDX-License-Identifier: MIT */
/*
 * The terms of what was said: keeps the postings what the segments are, for full-text search.
 *
 * A session's first TERMS_WORDS_MAX words are indexed. A segment that has words behind these is
 * posted under TERM_UNREAD, which is no word: every search reads such segments as well.
 */
#pragma once

#include "store-index.h"
#include "store-postings.h"
#include "words.h"

#define TERMS_WORDS_MAX 32768
#define TERM_UNREAD	"\1"

/* Before a session's list of segments is replaced; the texts of both. */
int terms_put_list(struct store_txn *txn, const struct uuid *session, struct bytes before,
		   struct bytes after);
/* When its lists cannot be read: walks all terms. */
int terms_forget(struct store_txn *txn, const struct uuid *session);
/* Before a session gets this time, in the index as well. */
int terms_move_session(struct store_txn *txn, const struct uuid *session, uint64_t time);

/* The sessions of a bucket, newest first; to be freed. */
int bucket_sessions(struct store_txn *txn, uint64_t bucket, struct posting **ret,
		    size_t *ret_count);

/* Is everything posted that the session says? `ret_count`: how many postings are its own; those
 * that it shares with another one of the same bucket are counted for one of them. */
int terms_check(struct store_txn *txn, const struct uuid *session, bool *ret_right,
		size_t *ret_count);
