/* SPDX-License-Identifier: MIT */
/*
 * When the call began by this host's clock. A provider's signature tells when it sent a request;
 * the smallest difference to when it came here is the difference of the clocks, as far as one can
 * know.
 */
#pragma once

#include "derivation.h"

void clock_estimate(struct call_clock *ret, const struct profile *profile, const json_t *inputs,
		    const json_t *call);
