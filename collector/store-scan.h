/* SPDX-License-Identifier: MIT */
/*
 * Reads the text of a list of records without making JSON of it: who wants one of many, or one
 * field of each, need not pay for all. The text is one that the store wrote: compact.
 */
#pragma once

#include "store-table.h"

/* The next record of a list; `list` becomes the rest. At first it is the whole list, or empty.
 * STORE_NONE behind the last. -EBADMSG. */
int scan_record(struct bytes *list, struct bytes *ret);

/* A string field of a record. `own` is to be freed, or NULL when it is borrowed. STORE_NONE: there
 * is none, or it is no string. */
struct scanned {
	const char *text;
	size_t size;
	char *own;
};

int scan_string(const struct bytes *record, const char *field, struct scanned *ret);
static inline void scanned_deinit(struct scanned *scanned)
{
	free(scanned->own);
}
