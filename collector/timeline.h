/* SPDX-License-Identifier: MIT */
/*
 * One call as a document: what happened when, and what it comes to. The same for the command line
 * and for whoever serves it.
 *
 * 0, STORE_NONE when there is no such session, or negative errno as from the store.
 */
#pragma once

#include "store.h"

/* {"call": session, "timeline": [{"offset_ms", "occurred_at", "type", every field of the event}],
 * "completeness"} */
int timeline_build(struct store_txn *txn, const struct uuid *session, json_t **ret);

/* {"call": session, "debug": {the columns of retell_call_debug_view}, "performance": {…}, "errors":
 * {…}} */
int timeline_show(struct store_txn *txn, const struct uuid *session, json_t **ret);

/* The session, presented. */
int timeline_session(struct store_txn *txn, const struct uuid *session, json_t **ret);

/* All records of one kind, presented: a new array. */
int timeline_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		     json_t **ret);
