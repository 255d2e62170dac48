/* SPDX-License-Identifier: MIT */
/*
 * Lists of records, filtered: presented records, as an array.
 */
#pragma once

#include "store.h"

/* What is NULL, 0 or false does not restrict. */
struct query {
	const struct uuid *session; /* of this session only */
	int kind;		    /* of sessions: as in store_filter */
	uint64_t since, until;
	size_t limit;

	const char *status; /* call_status of sessions, status of functions */
	const char *company, *customer, *correlation;
	bool with_errors;

	const char *function; /* with its version suffix, or without for all its versions */
	double slow_ms;

	const char *role; /* of segments */

	const char *severity, *code, *type;
	bool unresolved, booking_failures, terminating;
};

/* Sessions as they are stored, newest first; `each` as with the store. */
int query_each_call(struct store_txn *txn, const struct query *query, store_each_fn each,
		    void *userdata);
/* Newest first. */
int query_calls(struct store_txn *txn, const struct query *query, json_t **ret);
/* Of one session in execution order; else newest first. */
int query_functions(struct store_txn *txn, const struct query *query, json_t **ret);
/* Of one session in the order they happened; else newest first. */
int query_errors(struct store_txn *txn, const struct query *query, json_t **ret);
/* Of `session`, which must be set, in the order they were said. */
int query_segments(struct store_txn *txn, const struct query *query, json_t **ret);
/* The segments of all sessions, or of `session`, in which the search (search.h) finds something, as
 * store_search() orders them. Each with its session's "call_id" and "started_at", and "spans":
 * [[start, end], …] in its text, in characters (code points), `end` behind the last. */
struct search;
int query_search(struct store_txn *txn, const struct search *search, const struct query *query,
		 json_t **ret);
