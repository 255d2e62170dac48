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

#define STORE_SCHEMA 2

enum {
	STORE_NONE = 1,	     /* there is no such record */
	STORE_AMBIGUOUS = 2, /* a prefix that more than one call begins with */
};

struct store;
struct store_txn;

enum store_mode {
	STORE_READ,
	STORE_CREATE, /* the daemon's: to write, and made if it is absent */
	STORE_WRITE,  /* to write now and then into one that is there, beside the daemon */
};

/* -ENOENT: there is no store in DIR, or for STORE_CREATE no place to make it. */
int store_open(struct store **ret, const char *dir, enum store_mode mode);
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
/* `each` returns 0 to go on, anything else to stop: that is then returned. The json is borrowed. */
typedef int (*store_each_fn)(const json_t *record, void *userdata);

/* So many of a session's metadata.correlation_ids lead to it. */
#define STORE_CORRELATION_MAX 256

/* Zero and NULL mean everything; what is named must all hold. Times are those the sessions are
 * sorted by, in nanoseconds: since <= time < until. */
struct store_filter {
	enum { STORE_ANY_KIND, STORE_ONLY_CALLS, STORE_ONLY_REQUESTS } kind;
	uint64_t since, until;
	const char *status, *company, *customer;
	const char *correlation; /* one of metadata.correlation_ids */
	bool with_errors;
};

/* Newest first. */
int store_each_session(struct store_txn *txn, const struct store_filter *filter, store_each_fn each,
		       void *userdata);

/* What belongs to a session: lists, each written and read as one. REQUESTS are the inputs from
 * which the other records of a call are derived. */
enum store_kind {
	STORE_EVENTS,
	STORE_FUNCTIONS,
	STORE_SEGMENTS,
	STORE_ERRORS,
	STORE_REQUESTS,
};
#define STORE_KINDS (STORE_REQUESTS + 1)

/* Replaces the session's list, an array of objects, and keeps the indices right. The session goes
 * first: its company_id becomes that of its functions. Errors need an "id"; what was said of one
 * with store_resolve() is put into it. */
int store_put_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      const json_t *list);
/* The same of several, by kind; NULL leaves one as it is. */
int store_put_lists(struct store_txn *txn, const struct uuid *session,
		    const json_t *const lists[STORE_KINDS]);
/* A new array, empty when there are none. */
int store_get_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      json_t **ret);
int store_each_record(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		      store_each_fn each, void *userdata);

/* As in store_filter; times are those of occurred_at. */
struct store_error_filter {
	uint64_t since, until;
	const char *severity, *code, *type;
	bool unresolved, booking_failures, terminating;
};

/* Errors of every session, newest first. */
int store_each_error(struct store_txn *txn, const struct store_error_filter *filter,
		     store_each_fn each, void *userdata);

/* A record's place: seq counts from 1 in its list. */
struct store_place {
	struct uuid session;
	uint64_t seq;
};

/* By its id or a unique prefix of it. STORE_NONE, STORE_AMBIGUOUS. */
int store_find_error(struct store_txn *txn, const char *id, struct store_place *ret);
/* Marks an error as resolved, or as open again; the note, which must be redacted, may be NULL. This
 * stays with the error however often it is derived. `ret`: the error as it is now. */
int store_resolve(struct store_txn *txn, const struct store_place *error, bool resolved,
		  const char *note, uint64_t at, json_t **ret);

/* Full-text search over segments (search.h says how). What is NULL or 0 does not restrict. Times
 * are those of occurred_at. */
struct search;
struct search_span;

struct store_search_filter {
	uint64_t since, until;
	const char *role, *company;
	const struct uuid *session;
};

/* Borrowed; valid while `each` runs. */
struct store_match {
	const json_t *session, *segment;
	const struct search_span *spans; /* in the segment's text */
	size_t span_count;
};

/* The newest session first, of a session the last segment first. `each` as above. Of a
 * session that began more than 12 hours before `since` nothing is found. */
int store_search(struct store_txn *txn, const struct search *search,
		 const struct store_search_filter *filter,
		 int (*each)(const struct store_match *match, void *userdata), void *userdata);

/* Facts: what statistics need of a function trace, without its values, so that counting a million
 * calls reads tens of bytes of each. */
enum store_status { STORE_PENDING, STORE_SUCCESS, STORE_ERROR, STORE_TIMEOUT };

struct store_fact {
	struct uuid session;
	uint64_t sequence;    /* execution_sequence */
	uint64_t started_at;  /* ns since the epoch */
	uint64_t duration_us; /* 0: none is known */
	enum store_status status;
	uint32_t db_query_count, external_api_calls;
	uint64_t db_query_us, external_api_us;
	const char *function_name; /* with its version suffix; borrowed, as is company_id */
	const char *company_id;	   /* "" when it has none */
};

/* What is NULL or 0 does not restrict. since <= started_at < until. */
struct store_fact_filter {
	const char *function; /* with its version suffix, or without for all its versions */
	const char *status;
	uint64_t slow_us; /* that lasted so long or longer */
	const struct uuid *session;
	uint64_t since, until;
};

/* Newest first; of a session in its order. `each` as above; the fact is valid while it runs. */
int store_each_fact(struct store_txn *txn, const struct store_fact_filter *filter,
		    int (*each)(const struct store_fact *fact, void *userdata), void *userdata);
/* The same as records. */
int store_each_function(struct store_txn *txn, const struct store_fact_filter *filter,
			store_each_fn each, void *userdata);

/* One PHP call of a request; all is borrowed. docs/store.md, "Call trees". */
struct store_call {
	uint64_t parent; /* the place from 1 of the call around it; 0: the request */
	uint64_t depth, line;
	const char *class, *function, *file, *kind; /* NULL: none, but for the function */
	const char *left;
	const json_t *args, *result, *exception, *note; /* NULL: none */
	uint64_t start_ns, duration_ns, self_ns;
};

/* Replaces a request's call tree. `next` gives its calls in order of entry, and STORE_NONE behind
 * the last. -EINVAL: a call's parent is none of the calls around it. */
int store_put_tree(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
		   int (*next)(struct store_call *ret, void *userdata), void *userdata);
/* As calltree.h describes it; empty when there is none. */
int store_get_tree(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
		   json_t **ret);
int store_drop_tree(struct store_txn *txn, const struct uuid *session, const struct uuid *request);
/* Those of all of its requests. */
int store_drop_trees(struct store_txn *txn, const struct uuid *session);

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

/* Long work tells now and then how far it is; `what` is a word. */
struct store_progress {
	void (*tell)(const char *what, uint64_t done, uint64_t of, void *userdata);
	void *userdata;
};

/* Walks everything, following every index, in a read transaction (-EINVAL in another): {"schema":
 * 2, "sessions": n, "events": n, …, "tree_chunks": n, "tree_packs": n, "rings": n, "map_bytes": n,
 * "used_bytes": n, "free_bytes": n, "table_bytes": {table: n}, "lost": {kind: n summed over rings},
 * "agents": [as agents.h has it, …], "problems": ["…", …]}. `progress` may be NULL. */
int store_check(struct store_txn *txn, const struct store_progress *progress, json_t **ret);
