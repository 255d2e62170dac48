/* SPDX-License-Identifier: MIT */
/*
 * Moments as people write them: "2026-11-23", "2026-11-23T00:26:57.123456Z", "2026-11-23
 * 01:26+01:00" (UTC unless it says otherwise), or how long ago: "45s", "30m", "2h", "7d", "1w".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* In nanoseconds since the epoch; `now` likewise. False: not understood. */
bool moment_parse(const char *text, uint64_t now, uint64_t *ret);
/* "SINCE..UNTIL", either of which may be left out (0). False: not understood, or until is not after
 * since. */
bool moment_parse_range(const char *text, uint64_t now, uint64_t *ret_since, uint64_t *ret_until);
