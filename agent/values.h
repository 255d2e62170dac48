/* SPDX-License-Identifier: MIT */
/*
 * PHP values as msgpack (docs/frames.md, "Values"), within the limits of the settings.
 *
 * Reading a value runs no code, changes no reference count and allocates nothing, and takes a time
 * that the limits bound, not the value. What is too long, too many, too deep or too much leaves a
 * marker; what stands under a secret name is never copied.
 */
#pragma once

#include "pack.h"
#include "zend.h"

/* Room that a frame needs beside the `max_call_bytes` of its values: nothing is begun behind the
 * limit, but what is open then is closed. */
#define VALUES_SLACK 2048

/* Values written to `k` stay within `max_call_bytes` from where it is now. */
void values_begin(struct pack *k);
void value_pack(struct pack *k, const struct zval *value);
void value_pack_string(struct pack *k, const char *s, size_t n);
/* The same where only a string may stand, whatever the limits: its first `most` bytes, and what
 * masks secrets in them; the mark of a cut is an ellipsis. */
void value_pack_text(struct pack *k, const char *s, size_t n, size_t most);
/* What is no value of PHP's, as a name: its first `most` bytes, binary if they are no UTF-8. */
void value_pack_name(struct pack *k, const char *s, size_t n, size_t most);
/* Of a class, a function, a path, which end with a NUL. */
#define VALUE_NAME 1024
/* The marker of an array of which not all `count` elements are shown, as its last one. */
void value_pack_cut(struct pack *k, const char *what, uint64_t count);
/* `key` and a map of the properties from the `first` slot on; false, and nothing, where there are
 * none or the class is a library's. */
bool value_pack_properties(struct pack *k, const char *key, struct zobj *obj, uint32_t first);
/* The limit is reached. */
bool values_spent(const struct pack *k);
/* From now on `text`, which must last as long as the process, is a secret wherever it is a whole
 * string. */
void value_hide(const char *text);
/* The arguments of a frame, those in the bit mask `secret` masked. */
void values_pack_args(struct pack *k, const struct zframe *frame, uint64_t secret);
