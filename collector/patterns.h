/* SPDX-License-Identifier: MIT */
/*
 * Personal and secret values by how they are written: mail addresses, telephone numbers, IBANs,
 * tokens, secret parameters of URLs. The one place that knows PCRE2.
 */
#pragma once

#include <stdbool.h>

#include "buffer.h"
#include "keys.h"

/* Replaces in place. `text` is UTF-8. -ENOBUFS: a match took more than its budget; the text must be
 * dropped. */
int patterns_apply(struct buffer *text, const struct redact_watch *watch);
