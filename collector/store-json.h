/* SPDX-License-Identifier: MIT */
/*
 * JSON in values: as msgpack, which is read several times faster than text, and of a list of which
 * one record can be read alone.
 */
#pragma once

#include "buffer.h"
#include "store-table.h"

/* Appends. -ENOMEM. */
int json_write(const json_t *json, struct buffer *out);
/* All of `value`. -EBADMSG: it is something else, or nested deeper than 512. */
int json_read(struct bytes value, json_t **ret);

/* The elements of an array, one after the other, without making JSON of them. No bytes are an empty
 * array. -EBADMSG; STORE_NONE behind the last. */
struct json_walk {
	const uint8_t *at, *end;
	size_t left;
};

int json_walk_init(struct json_walk *walk, struct bytes array);
int json_walk_next(struct json_walk *walk, struct bytes *ret);
/* A text that an object has as a member, borrowed. STORE_NONE: it has none of that name. */
int json_text(struct bytes object, const char *name, struct bytes *ret);
