/* SPDX-License-Identifier: MIT */
/*
 * A request's tree of PHP calls as the store keeps it: redacted, in chunks (docs/store.md, "Call
 * trees").
 */
#pragma once

#include "echo.h"
#include "redact.h"
#include "request.h"

/* Remembers what personal values the application's calls show; what they repeat of the payload is
 * known already. */
int tree_learn(const struct request *request, const struct functions *functions,
	       const struct echo *echo, struct redact *redact);

typedef int (*tree_emit_fn)(uint32_t chunk, const void *data, size_t size, void *userdata);
int tree_encode(const struct request *request, const struct functions *functions,
		const struct echo *echo, struct redact *redact, tree_emit_fn emit, void *userdata);

/* An exception as records show it, redacted; a new reference. `i` is its place in request->thrown.
 */
json_t *tree_exception(const struct request *request, const struct functions *functions,
		       struct redact *redact, size_t i);
/* Milliseconds with microseconds, as records have them. */
json_t *json_ms(uint64_t ns);
