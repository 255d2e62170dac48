/* SPDX-License-Identifier: MIT */
/*
 * A call tree from columns (columns.h): what fold.h made, as a document.
 */
#pragma once

#include <jansson.h>

#include "columns.h"

struct unfold;

int unfold_new(struct unfold **ret);
void unfold_free(struct unfold *unfold);
/* The next chunk. -EBADMSG: it is none, or none of this tree. */
int unfold_add(struct unfold *unfold, const struct columns *columns);
/* An array of calls as in calltree.h. -EBADMSG: the end is missing. */
int unfold_finish(struct unfold *unfold, json_t **ret);
