/* SPDX-License-Identifier: MIT */
/*
 * Values: msgpack as frames carry it, and JSON as the store keeps it.
 *
 * Every msgpack value passes value_check() before msgpack-c unpacks it: a length that promises more
 * than the bytes that are there must not allocate. What JSON cannot hold is kept readable:
 * docs/store.md, "Values".
 */
#pragma once

#include <jansson.h>
#include <msgpack.h>

#include "buffer.h"

#define VALUE_DEPTH 32

/* Walks one value at the start of `bytes` without allocating. Its size, or -EBADMSG when it is cut
 * short, nested deeper than VALUE_DEPTH, or promises more elements than bytes are left. */
ssize_t value_check(struct span bytes);
/* The elements of a checked array: up to `max` into `ret`; how many, or -EBADMSG when it is no
 * array. */
ssize_t value_elements(struct span array, struct span *ret, size_t max);

/* Of a checked value: a new reference, or NULL (no memory, not msgpack). */
json_t *value_to_json(struct span value);
/* Any bytes as a JSON string when they are UTF-8 without NUL, else as {"@bytes": n, "@bin":
 * "\\xff…"}. */
json_t *value_text(const void *data, size_t size);
int value_pack(msgpack_packer *packer, const json_t *json);

/* The flag for json_dumps() that loses nothing of a document's floats, and writes 0.1 as that. */
size_t value_precision(const json_t *json);

/* -EBADMSG when it is something else. */
int value_uint(struct span value, uint64_t *ret);
/* The bytes of a str or bin. */
int value_bytes(struct span value, struct span *ret);
bool value_is_nil(struct span value);
/* The value of `key` in a checked map; absent when there is none. */
struct span value_get(struct span map, const char *key);
