/* SPDX-License-Identifier: MIT */
/*
 * Call trees: chunks of bytes, each compressed on its own, so that one can be read without the
 * others.
 */
#include <errno.h>
#include <zstd.h>

#include "store-table.h"

/* Above 3 the gain is a few percent for several times the work. */
#define LEVEL 3

static void chunk_key(struct key *key, const struct uuid *request, uint32_t chunk)
{
	key->size = 0;
	key_add(key, request->bytes, sizeof(request->bytes));
	key_add_u32(key, chunk);
}

int store_put_tree(struct store_txn *txn, const struct uuid *request, uint32_t chunk,
		   const void *data, size_t size)
{
	_cleanup_(freep) void *packed = NULL;
	size_t packed_size;
	struct key key;

	if (size > STORE_CHUNK_MAX)
		return -E2BIG;
	packed = malloc(ZSTD_compressBound(size));
	if (!packed)
		return -ENOMEM;
	packed_size = ZSTD_compress(packed, ZSTD_compressBound(size), data, size, LEVEL);
	if (ZSTD_isError(packed_size))
		return -ENOMEM;
	chunk_key(&key, request, chunk);
	return table_put(txn, TABLE_TREES, &key, packed, packed_size);
}

int store_get_tree(struct store_txn *txn, const struct uuid *request, uint32_t chunk, void **ret,
		   size_t *ret_size)
{
	_cleanup_(freep) void *data = NULL;
	struct bytes packed;
	unsigned long long size;
	struct key key;
	int r;

	chunk_key(&key, request, chunk);
	r = table_get(txn, TABLE_TREES, &key, &packed);
	if (r)
		return r;
	/* The two error values of this function are larger than any size. */
	size = ZSTD_getFrameContentSize(packed.data, packed.size);
	if (size > STORE_CHUNK_MAX)
		return -EBADMSG;
	data = malloc(size ? size : 1);
	if (!data)
		return -ENOMEM;
	if (ZSTD_decompress(data, size, packed.data, packed.size) != size)
		return -EBADMSG;
	*ret = steal(&data);
	*ret_size = size;
	return 0;
}

int store_drop_tree(struct store_txn *txn, const struct uuid *request)
{
	struct key prefix = {0};

	key_add(&prefix, request->bytes, sizeof(request->bytes));
	return table_delete_all(txn, TABLE_TREES, &prefix);
}
