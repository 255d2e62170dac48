/* SPDX-License-Identifier: MIT */
/*
 * From requests to records: a batch of requests becomes one transaction's changes to the store.
 * Calls that a batch touched are derived once, at its end.
 */
#pragma once

#include "profile.h"
#include "request.h"
#include "rules.h"
#include "store.h"

struct writer;

/* `store` and `profile` stay the caller's. */
int writer_new(struct writer **ret, struct store *store, const struct profile *profile);
/* Which stay the caller's; without, those built in. */
void writer_use_rules(struct writer *writer, const struct rules *rules);
void writer_free(struct writer *writer);

int writer_begin(struct writer *writer);
/* Is it this request that cannot be stored, and not the store that takes nothing? Then the batch
 * goes on without it. */
bool writer_error_is_local(int error);
/* Of the batch; for what else belongs into the same transaction. */
struct store_txn *writer_txn(struct writer *writer);
/* A request that ended. */
int writer_add(struct writer *writer, const struct request *request,
	       const struct functions *functions);
/* A request that is still running. `ret` says where its record is, WRITER_NONE: it is of no call,
 * or cannot be told yet. */
enum { WRITER_NONE = 1 };
int writer_add_pending(struct writer *writer, const struct request *request,
		       const struct functions *functions, json_t **ret);
/* A pending record whose worker is gone, as writer_add_pending() said where it is. */
int writer_cut_off(struct writer *writer, const json_t *pending);
/* A call of which nothing was heard for long, at `now_ns` since the epoch. */
int writer_abandon(struct writer *writer, const struct uuid *session, const char *call_id,
		   int64_t now_ns);
/* Both end the batch. */
int writer_commit(struct writer *writer);
void writer_abort(struct writer *writer);
