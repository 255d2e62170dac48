/* SPDX-License-Identifier: MIT */
/*
 * For tests: requests through the real writer into a store of their own, and what it then holds.
 */
#pragma once

#include "writer.h"

/* Delivers requests[order[0 … n-1]], each in a batch of its own: {"session", "events", "functions",
 * "segments", "errors", "requests"} of the call. */
json_t *deliver(const struct profile *profile, const struct functions *functions,
		struct request *const *requests, const unsigned int *order, size_t n,
		const char *call_id);
/* In lexical order; false behind the last one. */
bool next_permutation(unsigned int *order, size_t n);
/* Ends the test naming the first field that differs. */
void check_same(const json_t *found, const json_t *wanted, const char *what);
