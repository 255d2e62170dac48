/* SPDX-License-Identifier: MIT */
/*
 * An input record: one HTTP request, redacted and reduced to what the call is derived from
 * (docs/store.md, "How records come about"). Also a pending one, of a request that is still
 * running.
 */
#pragma once

#include "profile.h"
#include "redact.h"
#include "request.h"

struct input {
	json_t *record;
	struct uuid session;
};

void input_deinit(struct input *input);
/* `redact` grows with what the request reveals. */
int input_build(struct input *ret, const struct profile *profile, const struct request *request,
		const struct functions *functions, const struct exchange *exchange,
		const struct match *match, struct redact *redact);
