/* SPDX-License-Identifier: MIT */
/*
 * A call tree into columns (columns.h), call by call and chunk by chunk.
 */
#pragma once

#include "columns.h"
#include "store.h"

struct fold;

/* `columns` are borrowed. */
typedef int (*fold_emit_fn)(uint32_t chunk, const struct columns *columns, void *userdata);

int fold_new(struct fold **ret, fold_emit_fn emit, void *userdata);
void fold_free(struct fold *fold);
/* In order of entry. -EINVAL: its parent is none of the calls around it, or it has no function or
 * values that cannot be read again. */
int fold_add(struct fold *fold, const struct store_call *call);
/* Behind the last call. Without calls nothing is emitted. */
int fold_finish(struct fold *fold);
