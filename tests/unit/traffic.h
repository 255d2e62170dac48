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
/* A call and what ran in it, in the order given. */
void traffic_add(struct store_txn *txn, const char *call, const char *company,
		 const struct invocation *invocations);
/* Commits, and gives a transaction that reads. */
struct store_txn *traffic_read(struct store_txn *txn);
struct uuid traffic_id(const char *call);
/* Ends the reading, and removes the store. */
void traffic_end(struct store_txn *txn);
