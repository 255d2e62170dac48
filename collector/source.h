/* SPDX-License-Identifier: MIT */
/*
 * Where a profile finds a value: a JSON pointer (RFC 6901) into one part of what a request says.
 * "call:/metadata/tenant", "args:/kunde", "body:/message/call/id", "item:/function/name",
 * "query:tenant", "header:x-tenant". A bare pointer is into what its place in the profile is about:
 * the call object, or a list's item.
 */
#pragma once

#include "http.h"

#define SOURCE_MAX 256

/* Borrowed; NULL where there is none. */
struct origins {
	const struct exchange *exchange;
	const json_t *call;
	const json_t *arguments;
	const json_t *item;
	const json_t *bare; /* what a bare pointer is into */
};

/* "/a/b/0"; NULL when it leads nowhere, or to null. Borrowed. */
json_t *json_at(const json_t *json, const char *path);

/* `source` is a text or an array of texts, of which the first that leads somewhere counts.
 * Borrowed; NULL: nowhere. */
json_t *source_first(const json_t *source, const struct origins *origins);
/* One of them. */
json_t *source_find(const char *source, const struct origins *origins);
/* A text that is not empty, or NULL. */
const char *source_text(const json_t *source, const struct origins *origins);

bool source_valid(const char *source);
bool pointer_valid(const char *pointer);
/* `value` within the keys that `source` names, as redaction has to see it; to be taken out again by
 * source_unwrap(). New references. */
json_t *source_wrap(const char *source, json_t *value);
json_t *source_unwrap(const char *source, const json_t *wrapped);
