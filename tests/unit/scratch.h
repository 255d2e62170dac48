/* SPDX-License-Identifier: MIT */
/*
 * A store that a test makes, uses up and makes anew, in a temporary directory.
 */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "store.h"
#include "uuid.h"

static char dir[] = "/tmp/test-store-XXXXXX";
static char path[64];
static struct store *store;

static inline int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

static inline void fresh_store(void)
{
	store_close(store);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	CHECK_INT(store_open(&store, path, STORE_CREATE), 0);
}

static inline struct store_txn *begin(bool write)
{
	struct store_txn *txn;

	CHECK_INT(store_begin(store, write, &txn), 0);
	return txn;
}

static inline struct uuid id_of(const char *name)
{
	struct uuid id;

	uuid_derive(&id, "session", name, strlen(name));
	return id;
}
