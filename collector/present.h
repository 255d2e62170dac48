/* SPDX-License-Identifier: MIT */
/*
 * Records as readers see them: times as ISO 8601, everything else as it is stored.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#define PRESENT_TIME 28 /* "2026-11-23T00:26:57.123456Z" with the terminating NUL */

/* `ns` since the epoch; what is below a microsecond is cut. */
void present_time(int64_t ns, char ret[PRESENT_TIME]);
/* A new record whose own integers under names that end in "_at" are text. What lies deeper is the
 * application's data and left alone. NULL: no memory. */
json_t *present_record(const json_t *record);
