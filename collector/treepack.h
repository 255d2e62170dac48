/* SPDX-License-Identifier: MIT */
/*
 * A pack: chunks of many call trees in one value. Requests are alike, so thousands of calls
 * compressed as one, each kind of column by itself, take a fraction of what each of them took.
 *
 * A pack knows its trees by the beginnings of their ids: enough to tell them apart, and random
 * bytes do not compress.
 */
#pragma once

#include "codes.h"
#include "columns.h"
#include "uuid.h"

#define PACK_SESSION 8
#define PACK_REQUEST 6

/* Compresses into `out`, and back: at most `max` bytes, else -EBADMSG. */
int zip(struct span bytes, int level, struct buffer *out);
int unzip(struct span packed, size_t max, struct buffer *ret);

struct treepack_row {
	uint8_t session[PACK_SESSION], request[PACK_REQUEST];
	uint32_t chunk;
	struct columns columns;
};

/* Neighbours of one session and request belong together: rows are added in order of their ids. */
struct treepack_writer {
	struct codes codes;
	struct buffer rows, ids, streams[COLUMN_COUNT];
	uint64_t count;
	uint8_t session[PACK_SESSION], request[PACK_REQUEST];
};

void treepack_writer_deinit(struct treepack_writer *writer);
int treepack_add(struct treepack_writer *writer, const struct treepack_row *row);
/* What was added, uncompressed. */
size_t treepack_size(const struct treepack_writer *writer);
int treepack_finish(const struct treepack_writer *writer, struct buffer *out);

struct treepack {
	struct span packed[COLUMN_COUNT + 1];
	struct buffer head, streams[COLUMN_COUNT];
	struct span ids, rest[COLUMN_COUNT];
	struct span *codes;
	uint64_t code_count, left;
	struct cursor cursor;
	bool loaded;
	/* After treepack_next() returned 0; without columns while the pack is not loaded. */
	struct treepack_row row;
};

/* Of bytes that stay. Reads which trees it has. -EBADMSG. */
int treepack_open(struct treepack *pack, struct span bytes);
/* Their columns as well; before the first treepack_next(). */
int treepack_load(struct treepack *pack);
void treepack_close(struct treepack *pack);
/* STORE_NONE behind the last. */
int treepack_next(struct treepack *pack);
bool treepack_row_is(const struct treepack_row *row, const struct uuid *session,
		     const struct uuid *request);
