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
/* What the request reveals, once for all of its inputs and before the first is built: `redact`
 * grows. */
void input_learn(const struct request *request, const struct functions *functions,
		 const struct exchange *exchange, const struct matches *matches,
		 struct redact *redact);
/* `summary` of the request (summary.h) is shared by all of its inputs. */
int input_build(struct input *ret, const struct request *request, const struct exchange *exchange,
		const struct match *match, json_t *summary, struct redact *redact);
