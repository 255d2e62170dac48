/* SPDX-License-Identifier: MIT */
/*
 * The session record: who, when, how it ended, and the counters over everything derived.
 */
#pragma once

#include "derivation.h"

/* A new reference; events, traces, segments and errors must be there. */
json_t *session_derive(const struct derivation *d);
