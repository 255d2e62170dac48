/* SPDX-License-Identifier: MIT */
/*
 * A chunk of a call tree as columns: what is alike stands together. docs/store.md, "Call trees",
 * says what is in each.
 */
#pragma once

#include "varint.h"

/* More no chunk has: what claims so is damaged. */
#define COLUMNS_CALLS_MAX 2000u
#define COLUMNS_MAX	  (64u << 20)

enum { COLUMN_SHAPE, COLUMN_REST, COLUMN_VALUES, COLUMN_CLASSES, COLUMN_BITS, COLUMN_COUNT };

enum {
	COLUMNS_LAST = 1,   /* the tree ends with it */
	COLUMNS_SIGNED = 2, /* gaps are zigzag */
	/* The flags' bits from here on: how many low bits, all 0, the gaps are stored without. */
	COLUMNS_SHIFT = 4,
	COLUMNS_SHIFT_MAX = 15,
};

/* Borrows all but the array of codes. */
struct columns {
	uint64_t flags, calls;
	struct span *codes;
	size_t code_count;
	struct span column[COLUMN_COUNT];
};

void columns_deinit(struct columns *columns);
/* -E2BIG: more than can be read again. */
int columns_write(const struct columns *columns, struct buffer *out);
/* -EBADMSG. */
int columns_read(struct columns *ret, struct span bytes);

/* Each call's first byte in COLUMN_SHAPE: how it was left (enum call_left), and */
enum {
	SHAPE_LEFT = 7,
	SHAPE_ARGS = 8,
	SHAPE_RESULT = 16,
	SHAPE_EXCEPTION = 32,
	SHAPE_NOTE = 64,
	SHAPE_DEPTH = 128, /* its depth is not one more than its parent's */
};

/* The first byte of a code: which texts it has beside the function's name. */
enum {
	CODE_CLASS = 1,
	CODE_FILE = 2,
	CODE_KIND = 4,
	CODE_KEYS = 8, /* the arguments are an object with these keys */
};

/* Stands for the same exception as that of an earlier call of the chunk; no msgpack begins so. */
#define VALUE_SAME 0xc1

/* Names of enum call_left: no more than SHAPE_LEFT has room for. */
#define LEFT_NAMES                                                                      \
	{                                                                               \
		"return", "discarded", "exception", "yield", "unwound", "exit", "open", \
			"continued"                                                     \
	}
