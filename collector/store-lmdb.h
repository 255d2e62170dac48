/* SPDX-License-Identifier: MIT */
/*
 * What the two files that know LMDB share: nobody else includes this.
 */
#pragma once

#include <lmdb.h>

#include "store-pack.h"
#include "store-table.h"

struct store {
	MDB_env *env;
	MDB_dbi tables[TABLE_COUNT];
	struct pack *pack;
	size_t map_size;
	unsigned transactions; /* open ones: the map can only grow when there is none */
	bool writable;
	bool full;
};

struct store_txn {
	struct store *store;
	MDB_txn *txn;
};

/* LMDB gives positive errno and negative conditions of its own: this gives the store's. */
int error_from_lmdb(int rc);
/* The same for what wrote: remembers that the map was full, so that it grows. */
int error_from_write(struct store_txn *txn, int rc);
