/* SPDX-License-Identifier: MIT */
/*
 * Bytes, or JSON (store-json.h), compressed, with a dictionary of what records look like, so that a
 * record of a few hundred bytes does not pay for the names of its fields.
 *
 * A value is one byte that says how the rest is packed, then the rest:
 *
 *   1  a zstd frame made with dictionary 1 (store-dictionary.ndjson)
 *
 * The dictionary is part of the format: another one gets another number, the old stays readable.
 */
#pragma once

#include "buffer.h"
#include "store-table.h"

/* More than any call has; what claims to be larger is damaged. */
#define PACK_MAX (512u << 20)

struct pack;

int pack_new(struct pack **ret);
void pack_free(struct pack *pack);

/* Appends the value to `out`. -E2BIG: larger than can be read again. */
int pack_bytes(struct pack *pack, struct bytes bytes, struct buffer *out);
int pack_json(struct pack *pack, const json_t *json, struct buffer *out);
/* -EBADMSG: it cannot be read. Its data is to be freed. */
int unpack_bytes(struct pack *pack, struct bytes value, struct bytes *ret);
int unpack_json(struct pack *pack, struct bytes value, json_t **ret);
