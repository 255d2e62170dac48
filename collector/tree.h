/* SPDX-License-Identifier: MIT */
/*
 * A request's tree of PHP calls as the store keeps it: redacted (docs/store.md, "Call trees").
 */
#pragma once

#include "echo.h"
#include "redact.h"
#include "request.h"
#include "store.h"

/* Remembers what personal values the application's calls show; what they repeat of the payload is
 * known already. */
int tree_learn(const struct request *request, const struct functions *functions,
	       const struct echo *echo, struct redact *redact);

/* Replaces the request's tree, which belongs to this session. */
int tree_put(struct store_txn *txn, const struct uuid *session, const struct request *request,
	     const struct functions *functions, const struct echo *echo, struct redact *redact);

/* An exception as records show it, redacted; a new reference. `i` is its place in request->thrown.
 */
json_t *tree_exception(const struct request *request, const struct functions *functions,
		       struct redact *redact, size_t i);
/* Milliseconds with microseconds, as records have them. */
json_t *json_ms(uint64_t ns);
