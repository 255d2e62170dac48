/* SPDX-License-Identifier: MIT */
/*
 * Function traces: one for each request that called a function.
 */
#pragma once

#include "derivation.h"

/* Fills traces. After error_find(). */
void trace_derive(struct derivation *d);

/* Of an invocation of the transcript (-1: none), as the provider saw it: from invocation to result,
 * and whether it took the result for a success; null when that is not known. */
json_t *trace_provider_duration(const struct derivation *d, ssize_t invocation);
json_t *trace_successful(const struct derivation *d, ssize_t invocation);
