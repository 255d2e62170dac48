/* SPDX-License-Identifier: MIT */
/*
 * PHP values as msgpack (docs/frames.md, "Values"), within the limits of the settings.
 *
 * Reading a value runs no code, changes no reference count and allocates nothing. What is too long,
 * too many, too deep or too much leaves a marker; what stands under a secret name is never copied.
 */
#pragma once

#include "pack.h"
#include "zend.h"

/* Room that a frame needs beside the `max_call_bytes` of its values. */
#define VALUES_SLACK 1024

/* Values written to `k` stay within `max_call_bytes` from where it is now. */
void values_begin(struct pack *k);
void value_pack(struct pack *k, const struct zval *value);
void value_pack_string(struct pack *k, const char *s, size_t n);
/* From now on `text`, which must last as long as the process, is a secret wherever it is a whole
 * string. */
void value_hide(const char *text);
/* The arguments of a frame, those in the bit mask `secret` masked. */
void values_pack_args(struct pack *k, const struct zframe *frame, uint64_t secret);
/* An Exception or an Error, by class. */
bool value_is_throwable(const struct zobj *obj);
