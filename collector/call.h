/* SPDX-License-Identifier: MIT */
/*
 * A call, derived from its inputs: session, events, function traces, segments, errors
 * (docs/store.md). A pure function of the set of inputs: the order they came in and repeated
 * deliveries change nothing.
 */
#pragma once

#include "profile.h"
#include "rules.h"

/* {"session": {…}, "events": […], "functions": […], "segments": […], "errors": […]} of the input
 * records `inputs` (an array, at least one). `rules` NULL: those built in. */
int call_derive(json_t **ret, const struct profile *profiles, const struct rules *rules,
		const json_t *inputs);

/* The inputs in order of time: a new array. */
json_t *call_order(const json_t *inputs);

/* An input that says that nothing was heard of the call for long, at `at_ns` since the epoch: it is
 * abandoned unless its end is known or something came later. */
json_t *call_abandoned(const char *call_id, int64_t at_ns);

/* Of all inputs' transcripts only the most final stays. True when some record changed. */
bool call_keep_transcript(const struct profile *profiles, json_t *inputs);
/* Orders inputs by how final what they say is: <0, 0, >0. */
int input_compare(const struct profile *profile, const json_t *a, const json_t *b);
