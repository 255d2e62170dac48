/* SPDX-License-Identifier: MIT */
/*
 * The PHP calls of a request as a document, from the chunks that docs/store.md describes ("Call
 * trees").
 */
#pragma once

#include "store.h"

/* [{"id", "parent", "depth", "class", "function", "file", "line", "kind", "args", "result",
 * "exception", "start_ns", "duration_ns", "self_ns", "note", "left"}] in order of entry; empty when
 * nothing was recorded. -EBADMSG: a chunk is not what it should be. */
int calltree_build(struct store_txn *txn, const struct uuid *request, json_t **ret);
/* {"function": trace, "calls": […]} of a (stored or presented) function trace. */
int calltree_of_function(struct store_txn *txn, json_t *function, json_t **ret);
/* {"call": session, "function": null, "calls": […]} of a session that is one request. */
int calltree_of_request(struct store_txn *txn, json_t *session, json_t **ret);
