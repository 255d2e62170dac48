/* SPDX-License-Identifier: MIT */
/*
 * A crash: the signal, and where it found the process.
 */
#pragma once

#include <jansson.h>

#include "buffer.h"
#include "redact.h"
#include "request.h"

/* Of the request as records have it, redacted; docs/store.md has its members. null: there was none.
 */
json_t *crash_build(const struct request *request, struct redact *redact);

/* Of such an object: "SIGSEGV, address not mapped: 0x8", a new reference. */
json_t *crash_title(const json_t *crash);
/* Its native stack: "libc.so.6+0x1234 strlen+0x8" and so on, one a line. */
void crash_native_stack(struct buffer *out, const json_t *crash);
/* An array of the first few of these. */
json_t *crash_innermost(const json_t *crash);
