/* SPDX-License-Identifier: MIT */
/*
 * JSON that PHP reads, or that a provider sent by mistake, and jansson refuses: integers past 64
 * bits, numbers past a double, U+0000, half a surrogate pair, bytes that are no UTF-8, nesting
 * without end, a byte order mark. A payload with one of them still names its call.
 */
#pragma once

#include <jansson.h>

/* NULL when it is no JSON at all. What cannot be held is kept readable: docs/store.md, "Values". */
json_t *lenient_parse(const void *data, size_t size);
