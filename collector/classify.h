/* SPDX-License-Identifier: MIT */
/*
 * What failed and how bad it is: by rules over an input record. docs/store.md has the table.
 */
#pragma once

#include "profile.h"

/* "pending", "success", "error", "timeout" */
const char *classify_status(const struct profile *profile, const json_t *input);
/* error_details of a function trace or of a failed webhook: a new reference, null when it
 * succeeded. */
json_t *classify_details(const struct profile *profile, const json_t *input);
const char *classify_severity(const char *type, bool call_terminated, bool booking_failed);
/* One frame a line, of the cause or of what the PHP error says; null when nothing is known. */
json_t *classify_stack(const json_t *details);
