/* SPDX-License-Identifier: MIT */
/*
 * An input record: one HTTP request, or one of the calls in it, redacted and reduced to what the
 * call is derived from (docs/store.md, "How records come about"). Also a pending one, of a request
 * that is still running.
 */
#pragma once

#include "match.h"
#include "redact.h"
#include "request.h"

struct input {
	json_t *record;
	struct uuid session;
};

void input_deinit(struct input *input);
/* The session that a request belongs to. */
void input_session(struct uuid *ret, const struct request *request, const struct match *match);
/* `redact` grows with what the request reveals. */
int input_build(struct input *ret, const struct request *request, const struct functions *functions,
		const struct exchange *exchange, const struct match *match, struct redact *redact);
