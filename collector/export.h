/* SPDX-License-Identifier: MIT */
/*
 * Export: sessions with all that belongs to them, one after the other, so that memory is bounded by
 * the largest of them.
 */
#pragma once

#include "fields.h"
#include "query.h"

/* As stored, borrowed. */
struct export_call {
	const json_t *session;
	json_t *lists[RECORDS]; /* by enum record: arrays, NULL what was not asked for */
};

/* Returns 0 to go on, anything else to stop: that is then returned. */
typedef int (*export_fn)(const struct export_call *call, void *userdata);

/* `lists` has a bit (1 << enum record) for each list that is wanted. */
#define EXPORT_ALL_LISTS (~0u)

/* The sessions that the query chooses, newest first. */
int export_calls(struct store_txn *txn, const struct query *query, unsigned int lists,
		 export_fn each, void *userdata);
/* One session. STORE_NONE. */
int export_call(struct store_txn *txn, const struct uuid *session, unsigned int lists,
		export_fn each, void *userdata);
