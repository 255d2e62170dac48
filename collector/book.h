/* SPDX-License-Identifier: MIT */
/*
 * What the latest calls revealed, by call id: in memory only, so many calls and no more.
 */
#pragma once

#include <stdint.h>

#include "redact.h"

struct book;

int book_new(struct book **ret);
void book_free(struct book *book);
/* Borrowed until the next book_get(). NULL `call_id`: a fresh one, for a request of no call. */
int book_get(struct book *book, const char *call_id, struct redact **ret);
