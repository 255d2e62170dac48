/* SPDX-License-Identifier: MIT */
/*
 * The store: the one place that knows LMDB.
 *
 * A store is a directory with one LMDB environment. One process writes (calltraced), any number
 * read, none waits for another. Everything a batch changes, derived records and consumed ring
 * positions alike, is changed in one transaction.
 *
 * Records are JSON objects with the names of the data model (docs/store.md lists every field).
 * Times are integers, in nanoseconds since the epoch, durations numbers in milliseconds; readers
 * print times as ISO 8601. What is put must already be redacted.
 *
 * Errors: 0 or negative errno, and the positive conditions below. -ENOSPC: the map or the disk is
 * full: abort, and try the batch again in a new transaction, which has a larger map if that was it.
 * -EBADMSG: a record cannot be read; -EPROTO: the store has another schema version. -EAGAIN from
 * store_begin(): the map grew while other transactions are open in this process; end them first. On
 * failure outputs are untouched.
 *
 * A process opens a store once, and uses it from one thread at a time. While a callback runs
 * nothing may be written.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uuid.h"

#define STORE_SCHEMA 1

enum {
	STORE_NONE = 1,	     /* there is no such record */
	STORE_AMBIGUOUS = 2, /* a prefix that more than one call begins with */
};

struct store;
struct store_txn;

/* Opens DIR, made if `writable` and absent. A reader of a directory without a store gets -ENOENT.
 */
int store_open(struct store **ret, const char *dir, bool writable);
void store_close(struct store *store);

int store_begin(struct store *store, bool write, struct store_txn **ret);
/* Both end the transaction, whatever they return. store_abort() accepts NULL. */
int store_commit(struct store_txn *txn);
void store_abort(struct store_txn *txn);

/* Sessions. Putting one replaces the session of the same "id" and keeps the indices by started_at
 * and call_id right. "id" and "first_seen_at" are required; "started_at" null sorts by
 * "first_seen_at". */
int store_put_session(struct store_txn *txn, const json_t *session);
int store_get_session(struct store_txn *txn, const struct uuid *id, json_t **ret);
/* Resolves what a user writes: a call id, a session id, a unique prefix of either, or "@latest"
 * (the newest session whose kind is "call"; when there is none, the newest). STORE_NONE,
 * STORE_AMBIGUOUS. */
int store_find_call(struct store_txn *txn, const char *call, struct uuid *ret);
/* Newest first. `each` returns 0 to go on, anything else to stop: that is then returned. The json
 * is borrowed. */
typedef int (*store_each_fn)(const json_t *record, void *userdata);
int store_each_session(struct store_txn *txn, store_each_fn each, void *userdata);

/* Zero means everything. Times are those the sessions are sorted by, in nanoseconds: since <= time
 * < until. */
struct store_filter {
	enum { STORE_ANY_KIND, STORE_ONLY_CALLS, STORE_ONLY_REQUESTS } kind;
	uint64_t since;
	uint64_t until;
};

int store_each_session_in(struct store_txn *txn, const struct store_filter *filter,
			  store_each_fn each, void *userdata);

/* What belongs to a session, in the order of `seq`. REQUESTS are the inputs from which a call's
 * other records are derived; `seq` is the request's started_at, ties broken by its id. */
enum store_kind {
	STORE_EVENTS,
	STORE_FUNCTIONS,
	STORE_SEGMENTS,
	STORE_ERRORS,
	STORE_REQUESTS,
};

/* Requires "id" in `record` for STORE_REQUESTS and STORE_ERRORS. Replaces the record at the same
 * (session, seq[, id]). */
int store_put_record(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		     uint64_t seq, const json_t *record);
/* Removes every record of this kind of this session. */
int store_drop_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session);
int store_each_record(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      store_each_fn each, void *userdata);
/* Every error of every session, newest first (by occurred_at). Of the filter, only the times count.
 */
int store_each_error(struct store_txn *txn, store_each_fn each, void *userdata);
int store_each_error_in(struct store_txn *txn, const struct store_filter *filter,
			store_each_fn each, void *userdata);

/* Facts: what statistics need of a function trace, without its values, so that counting a million
 * calls reads tens of bytes of each. */
enum store_status { STORE_PENDING, STORE_SUCCESS, STORE_ERROR, STORE_TIMEOUT };

struct store_fact {
	struct uuid session;
	uint64_t sequence;    /* execution_sequence */
	uint64_t started_at;  /* ns since the epoch */
	uint64_t duration_us; /* 0 while pending */
	enum store_status status;
	uint32_t db_query_count, external_api_calls;
	uint64_t db_query_us, external_api_us;
	const char *function_name; /* with its version suffix; borrowed, as is company_id */
	const char *company_id;	   /* "" when it has none */
};

/* What is NULL or 0 does not restrict. since <= started_at < until. */
struct store_fact_filter {
	const char *function; /* with its version suffix, or without for all its versions */
	const struct uuid *session;
	uint64_t since, until;
};

/* Newest first. `each` as above; the fact is valid while it runs. */
int store_each_fact(struct store_txn *txn, const struct store_fact_filter *filter,
		    int (*each)(const struct store_fact *fact, void *userdata), void *userdata);

/* Call trees: opaque chunks of a request, in order, of at most STORE_CHUNK_MAX bytes (-E2BIG).
 * Compressed here. */
#define STORE_CHUNK_MAX (64u << 20)

int store_put_tree(struct store_txn *txn, const struct uuid *request, uint32_t chunk,
		   const void *data, size_t size);
/* STORE_NONE behind the last chunk. The caller frees. */
int store_get_tree(struct store_txn *txn, const struct uuid *request, uint32_t chunk, void **ret,
		   size_t *ret_size);
int store_drop_tree(struct store_txn *txn, const struct uuid *request);

/* Rings: how far each was consumed, and the FUNCTION and PROCESS frames seen in it. `state` is a
 * JSON object of the intake: {"position": int, "pid": int, "seen_at": ns, "process": {…}, "lost":
 * {kind: n}}. */
int store_put_ring(struct store_txn *txn, const uint8_t ring_id[16], const json_t *state);
int store_get_ring(struct store_txn *txn, const uint8_t ring_id[16], json_t **ret);
int store_each_ring(struct store_txn *txn,
		    int (*each)(const uint8_t ring_id[16], const json_t *state, void *userdata),
		    void *userdata);
/* Also removes its definitions. */
int store_drop_ring(struct store_txn *txn, const uint8_t ring_id[16]);
int store_put_def(struct store_txn *txn, const uint8_t ring_id[16], uint32_t fn, const void *frame,
		  size_t size);
int store_each_def(struct store_txn *txn, const uint8_t ring_id[16],
		   int (*each)(uint32_t fn, const void *frame, size_t size, void *userdata),
		   void *userdata);

/* Walks everything, following every index, in a read transaction (-EINVAL in another): {"schema":
 * 1, "sessions": n, "events": n, …, "tree_chunks": n, "rings": n, "map_bytes": n, "used_bytes": n,
 * "free_bytes": n, "lost": {kind: n summed over rings}, "problems": ["…", …]}. */
int store_check(struct store_txn *txn, json_t **ret);
