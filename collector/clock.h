/* SPDX-License-Identifier: MIT */
/*
 * When the call began by this host's clock. A provider's signature tells when it sent a request;
 * the smallest difference to when it came here is the difference of the clocks, as far as one can
 * know.
 */
#pragma once

#include "derivation.h"

/* Where a moment of a request, by this host's clock, stands in the call: nanoseconds since its
 * start. */
int64_t clock_place(const struct call_clock *clock, const json_t *input, int64_t at_ns);
/* The same, where the transcript may know better, and what tells of the end comes behind it. */
int64_t clock_place_in(const struct derivation *d, const json_t *input, int64_t at_ns);
/* Does this event say that the call ended? */
bool clock_is_end(const struct derivation *d, const json_t *input);
/* When the provider says that what this event tells happened, which may have come much later. */
bool clock_said(const struct derivation *d, const json_t *input, int64_t *ret);

void clock_estimate(struct call_clock *ret, const struct profile *profile, const json_t *inputs,
		    const json_t *call);
