/* SPDX-License-Identifier: MIT */
/*
 * How single values read: durations, offsets, arguments, places in code.
 */
#pragma once

#include <jansson.h>

#include "text.h"

/* The string under `field`, or "". */
const char *field_text(const json_t *record, const char *field);
double field_number(const json_t *record, const char *field);
bool field_is(const json_t *record, const char *field, const char *wanted);

/* "38 µs", "0.41 ms", "112 ms", "1.23 s", "2:05 min"; nothing for null. */
void phrase_ms(struct text *text, const json_t *ms);
void phrase_ms_number(struct text *text, double ms);
/* "+0:12.345" since the call's start. */
void phrase_offset(struct text *text, double ms);
/* "2026-11-23 00:26:57" of a presented time; nothing for null. */
void phrase_time(struct text *text, const json_t *at);
/* Compact JSON, cut to `width`. */
void phrase_value(struct text *text, const json_t *value, int width);
/* `(date: "2027-03-04", 3)`: an object by name, an array as it is; with the parentheses at most
 * `width`. */
void phrase_arguments(struct text *text, const json_t *arguments, int width);
/* "…/Services/Booking.php:41", the end of a long path. */
void phrase_place(struct text *text, const json_t *record, int width);
/* "GET /preise → 200", "CLI artisan queue:work --once → exit 1", of a session that is a request of
 * no call; all but the outcome is cut to fit `width`. */
void phrase_request(struct text *text, const json_t *metadata, int width);
/* ✓ ✗ ⧖ … in its colour. */
void phrase_status_mark(struct text *text, const char *status);
/* The colour of a status or severity. */
enum style phrase_style(const char *word);
