/* SPDX-License-Identifier: MIT */
/*
 * Moments and lengths of time as providers write them: ISO 8601, seconds or milliseconds since the
 * epoch, as numbers or as text.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since the epoch; numbers below 10^11 are seconds. Text without a zone is UTC. */
bool when_read(const json_t *json, int64_t *ret_ms);
/* "ms", "s" or "min"; NULL is ms. `ret` is milliseconds. */
bool length_read(const json_t *json, const char *unit, double *ret_ms);
