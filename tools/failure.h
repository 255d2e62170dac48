/* SPDX-License-Identifier: MIT */
/*
 * What failed in a function and why: its error_details, in lines.
 */
#pragma once

#include <jansson.h>

#include "text.h"

/* `indent` columns in, up to column `width`. */
void failure_add(struct text *out, const json_t *details, int indent, int width);
/* What an error's record says of it: " · the booking failed · resolved". */
void failure_add_marks(struct text *out, const json_t *error);
/* An error's chain, in the order of what led to what. */
void failure_add_chain(struct text *out, const json_t *chain, int indent, int width);
/* "Class: message", at most `lines` lines. */
void failure_add_exception(struct text *out, const json_t *exception, int width, int lines);
/* "POST https://… → 503 in 12 ms" */
void failure_add_outbound(struct text *out, const json_t *outbound, int width);
