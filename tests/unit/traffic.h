/* SPDX-License-Identifier: MIT */
/*
 * A store of calls that a test makes up, for what counts and compares them. Ends the test on
 * failure.
 */
#pragma once

#include "store.h"

struct invocation {
	const char *function; /* NULL ends a list */
	enum store_status status;
	double duration_ms; /* pending: none */
	uint64_t at;	    /* ns since the epoch */
	const char *params; /* JSON; NULL: {} */
	const char *result; /* JSON; NULL: null */
	const char *tree;   /* JSON: calls as docs/store.md has them in chunks; NULL: none */
};

struct store_txn *traffic_begin(void);
/* Where it is. */
const char *traffic_dir(void);
/* A call and what ran in it, in the order given. */
void traffic_add(struct store_txn *txn, const char *call, const char *company,
		 const struct invocation *invocations);
/* Commits, and gives a transaction that reads. */
struct store_txn *traffic_read(struct store_txn *txn);
struct uuid traffic_id(const char *call);
/* What was said, and where the flow went then: a segment and an event, both at `at`. Once a call.
 */
void traffic_say(struct store_txn *txn, const char *call, uint64_t at, const char *text,
		 const char *node);
/* Ends the reading, and removes the store. */
void traffic_end(struct store_txn *txn);
