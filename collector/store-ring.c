/* SPDX-License-Identifier: MIT */
/*
 * Rings: how far each was consumed, and the frames that define what later frames of it mean.
 */
#include <errno.h>

#include "store-table.h"

#define RING_ID_SIZE 16

static void ring_key(struct key *key, const uint8_t ring_id[16])
{
	key->size = 0;
	key_add(key, ring_id, RING_ID_SIZE);
}

int store_put_ring(struct store_txn *txn, const uint8_t ring_id[16], const json_t *state)
{
	struct key key;

	ring_key(&key, ring_id);
	return table_put_json(txn, TABLE_RINGS, &key, state);
}

int store_get_ring(struct store_txn *txn, const uint8_t ring_id[16], json_t **ret)
{
	struct bytes value;
	struct key key;
	int r;

	ring_key(&key, ring_id);
	r = table_get(txn, TABLE_RINGS, &key, &value);
	return r ? r : json_from_bytes(value, ret);
}

int store_each_ring(struct store_txn *txn,
		    int (*each)(const uint8_t ring_id[16], const json_t *state, void *userdata),
		    void *userdata)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	int r = walk_init(&walk, txn, TABLE_RINGS, &all, false);

	while (!r && !(r = walk_next(&walk))) {
		_cleanup_(json_decrefp) json_t *state = NULL;

		if (walk.key.size != RING_ID_SIZE)
			return -EBADMSG;
		r = json_from_bytes(walk.value, &state);
		if (!r)
			r = each(walk.key.data, state, userdata);
		if (r)
			return r;
	}
	return r == STORE_NONE ? 0 : r;
}

int store_drop_ring(struct store_txn *txn, const uint8_t ring_id[16])
{
	struct key key;
	int r;

	ring_key(&key, ring_id);
	r = table_delete(txn, TABLE_RINGS, key.data, key.size);
	return r ? r : table_delete_all(txn, TABLE_DEFS, &key);
}

int store_put_def(struct store_txn *txn, const uint8_t ring_id[16], uint32_t fn, const void *frame,
		  size_t size)
{
	struct key key;

	ring_key(&key, ring_id);
	key_add_u32(&key, fn);
	return table_put(txn, TABLE_DEFS, &key, frame, size);
}

int store_each_def(struct store_txn *txn, const uint8_t ring_id[16],
		   int (*each)(uint32_t fn, const void *frame, size_t size, void *userdata),
		   void *userdata)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key prefix;
	int r;

	ring_key(&prefix, ring_id);
	r = walk_init(&walk, txn, TABLE_DEFS, &prefix, false);
	if (r)
		return r;
	while (!(r = walk_next(&walk))) {
		if (walk.key.size != RING_ID_SIZE + 4)
			return -EBADMSG;
		r = each(bytes_u32((const uint8_t *)walk.key.data + RING_ID_SIZE), walk.value.data,
			 walk.value.size, userdata);
		if (r)
			return r;
	}
	return r == STORE_NONE ? 0 : r;
}
