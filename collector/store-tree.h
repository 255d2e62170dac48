/* SPDX-License-Identifier: MIT */
/*
 * Call trees in tables: what store-tree.c and the check share.
 */
#pragma once

#include "columns.h"
#include "store-table.h"
#include "treepack.h"

/* Of a chunk that is in no pack yet. */
#define CHUNK_KEY (16 + 16 + 4)

struct chunk_row {
	struct buffer bytes;
	struct columns columns;
};

/* -EBADMSG. To be deinited in any case. */
int chunk_row_read(struct chunk_row *ret, struct bytes value);
void chunk_row_deinit(struct chunk_row *row);

/* Where a session's packs are listed. */
void packed_key(struct key *key, const uint8_t session[PACK_SESSION]);
/* Is this pack one of them? */
bool is_packed(struct store_txn *txn, const uint8_t session[PACK_SESSION], uint32_t pack);
