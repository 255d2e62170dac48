/* SPDX-License-Identifier: MIT */
/*
 * Small things that the derivation of records shares: ids, times, fields.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The id of `what` ("event", …) with this name within a session, as a JSON string. */
json_t *record_id(const char *what, const char *session, const char *name);
/* Nanoseconds as decimal milliseconds. */
json_t *record_ms(int64_t ns);
static inline int64_t record_ns(const json_t *ms)
{
	return (int64_t)(json_number_value(ms) * 1e6);
}
/* A ratio or the like as 15 digits write it, which loses nothing that counts and reads well. */
json_t *record_real(double value);
int64_t get_int(const json_t *object, const char *key);
/* "" when there is none. */
const char *get_text(const json_t *object, const char *key);
/* A copy of a member, or null. */
json_t *get_copy(const json_t *object, const char *key);
/* Brings records into the order of their occurred_at; those of one moment stay as they are. */
void record_sort_by_time(json_t *records);
/* A text as a JSON string; what is longer than `max` bytes is cut, between characters, and ends in
 * an ellipsis. */
json_t *record_cut(const char *text, size_t size, size_t max);
/* When it ended, or where it is. */
int64_t input_end(const json_t *input);
/* Has it no answer yet? */
bool input_running(const json_t *input);
/* How much of a function's name is left without its version suffix: 4 of "book_v17". */
size_t base_name_size(const char *function);
/* "book_v17" → "book", as a JSON string. */
json_t *base_name(const char *function);
