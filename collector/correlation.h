/* SPDX-License-Identifier: MIT */
/*
 * Correlation ids: what a request's X-Correlation-ID, X-Request-ID and traceparent headers say, so
 * that a call is found by what other systems logged.
 */
#pragma once

#include "http.h"
#include "redact.h"

/* All of them, the first that is to be shown first: strings, cleaned and redacted; of a traceparent
 * the whole value and its trace id. A new array. */
json_t *correlation_read(const struct exchange *exchange, struct redact *redact);
/* The distinct ids of all `inputs`, sorted: a new array, of STORE_CORRELATION_MAX at most.
 * `ret_more`: how many there are beside these. */
json_t *correlation_all(const json_t *inputs, size_t *ret_more);
