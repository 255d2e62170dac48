/* SPDX-License-Identifier: MIT */
/*
 * Values to be removed wherever they occur, in the spellings that programs give them: as they are,
 * JSON-escaped, URL-encoded.
 */
#pragma once

#include "buffer.h"
#include "keys.h"

struct literals;

int literals_new(struct literals **ret);
void literals_free(struct literals *literals);
/* Too short or too common ones are not added. -ENOBUFS: there are too many. */
int literals_add(struct literals *literals, enum redact_kind kind, const char *text);
size_t literals_count(const struct literals *literals);
/* Replaces in place, longest first, at word boundaries. */
int literals_apply(const struct literals *literals, struct buffer *text,
		   const struct redact_watch *watch);
