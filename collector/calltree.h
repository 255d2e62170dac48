/* SPDX-License-Identifier: MIT */
/*
 * The PHP calls of a request as a document (docs/store.md, "Call trees").
 */
#pragma once

#include "store.h"

/*
 * Calls are [{"id", "parent", "depth", "class", "function", "file", "line", "kind", "args",
 * "result", "exception", "start_ns", "duration_ns", "self_ns", "note", "left"}] in order of entry;
 * empty when nothing was recorded. -EBADMSG: a tree is not what it should be.
 */

/* {"function": trace, "calls": […]} of a (stored or presented) function trace. */
int calltree_of_function(struct store_txn *txn, json_t *function, json_t **ret);
/* {"call": session, "function": null, "calls": […]} of a session that is one request. */
int calltree_of_request(struct store_txn *txn, json_t *session, json_t **ret);
