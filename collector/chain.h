/* SPDX-License-Identifier: MIT */
/*
 * One failure as a chain of what led to what: a call that failed, the exception over it, where that
 * was caught, what was answered.
 */
#pragma once

#include "classify.h"

#define CHAIN_MAX 40 /* links; of more, those in the middle are left out */

/* An array of objects in causal order; docs/store.md has their members. `said` is what the answer
 * says of its failure, or null. `ret_left_out` is how many links were. */
json_t *chain_build(const struct finding *finding, json_t *said, size_t *ret_left_out);
/* "PHP's E_WARNING", say, of its number; NULL. */
const char *chain_php_type(json_int_t type);
/* Where it came from: one frame a line, with "Caused by: …" between the exceptions of the cause's
 * chain; null when it is not known. */
json_t *chain_stack(const struct finding *finding);
