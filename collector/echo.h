/* SPDX-License-Identifier: MIT */
/*
 * What PHP values repeat of their request's payload.
 *
 * A handler is given a call's payload with the transcript in it, whole, and hands it on and on.
 * What was said is in the call's segments, once; a call tree only names it, where the value is the
 * same but for the producer's limits: {"@call": "/transcript_object"} stands for what the payload's
 * call object has at that pointer, {"@body": 13784} for the request's body, with its size.
 */
#pragma once

#include "match.h"

#define ECHO_PARTS_MAX 8
#define ECHO_CALL_KEY  "@call"
#define ECHO_BODY_KEY  "@body"

struct echo {
	struct {
		const char *pointer; /* the profile's */
		const json_t *value; /* the exchange's */
	} parts[ECHO_PARTS_MAX];
	size_t count;
	struct span body; /* absent for a request of no call: nothing else holds it */
};

/* Borrows from all as long as it lives. */
void echo_init(struct echo *echo, const struct profile *profile, const struct request *request,
	       const struct match *match);
/* Takes `value` (which may be NULL) and returns it, or what stands for it. */
json_t *echo_replace(const struct echo *echo, json_t *value);
