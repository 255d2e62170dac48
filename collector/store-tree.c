/* SPDX-License-Identifier: MIT */
/*
 * Call trees. A new one is written by itself, a value for each chunk. When there are many, or large
 * ones, all of them move into packs (treepack.h), and a list says in which packs a session's are.
 *
 * A tree is either out of packs or in packs as a whole, in as many that follow each other as its
 * size needs. Dropping one writes its packs anew without it.
 */
#include <errno.h>
#include <string.h>

#include "fold.h"
#include "store-tree.h"
#include "unfold.h"

/* Chunks that are waiting for a pack are written once more: with little. */
#define LEVEL_WAITING 1
/* A pack has some thirty thousand calls: more would hardly compress better, and whoever reads one
 * tree unpacks all of its pack. */
#define WAITING_ROWS  2048
#define WAITING_PAGES 1024
#define PACK_FULL     (6u << 20)

CLEANUP_DEFINE(struct fold *, fold_free);
CLEANUP_DEFINE(struct unfold *, unfold_free);

static void tree_prefix(struct key *key, const struct uuid *session, const struct uuid *request)
{
	key->size = 0;
	key_add(key, session->bytes, sizeof(session->bytes));
	if (request)
		key_add(key, request->bytes, sizeof(request->bytes));
}

static void pack_key(struct key *key, uint32_t number)
{
	key->size = 0;
	key_add_u32(key, number);
}

void packed_key(struct key *key, const uint8_t session[PACK_SESSION])
{
	key->size = 0;
	key_add(key, session, PACK_SESSION);
}

void chunk_row_deinit(struct chunk_row *row)
{
	buffer_deinit(&row->bytes);
	columns_deinit(&row->columns);
}

int chunk_row_read(struct chunk_row *ret, struct bytes value)
{
	int r = unzip((struct span){value.data, value.size}, COLUMNS_MAX, &ret->bytes);

	return r < 0 ? r
		     : columns_read(&ret->columns, (struct span){ret->bytes.data, ret->bytes.size});
}

struct target {
	struct store_txn *txn;
	const struct uuid *session, *request;
};

static int put_chunk(uint32_t chunk, const struct columns *columns, void *userdata)
{
	_cleanup_(buffer_deinit) struct buffer bytes = BUFFER_INIT, packed = BUFFER_INIT;
	const struct target *target = userdata;
	struct key key;
	int r = columns_write(columns, &bytes);

	if (r == 0)
		r = zip((struct span){bytes.data, bytes.size}, LEVEL_WAITING, &packed);
	if (r < 0)
		return r;
	tree_prefix(&key, target->session, target->request);
	key_add_u32(&key, chunk);
	return table_put(target->txn, TABLE_TREES, &key, packed.data, packed.size);
}

/* The packs that a session has trees in: `list`, borrowed, of 4 bytes each. */
static int packs_of(struct store_txn *txn, const uint8_t session[PACK_SESSION], struct bytes *list)
{
	struct key key;
	int r;

	packed_key(&key, session);
	r = table_get(txn, TABLE_PACKED, &key, list);
	return !r && list->size % 4 ? -EBADMSG : r;
}

static uint32_t pack_at(const struct bytes *list, size_t i)
{
	return bytes_u32((const uint8_t *)list->data + 4 * i);
}

bool is_packed(struct store_txn *txn, const uint8_t session[PACK_SESSION], uint32_t pack)
{
	struct bytes list;

	if (packs_of(txn, session, &list) != 0)
		return false;
	for (size_t i = 0; i < list.size / 4; i++)
		if (pack_at(&list, i) == pack)
			return true;
	return false;
}

static int list_pack(struct store_txn *txn, const uint8_t session[PACK_SESSION], uint32_t pack)
{
	_cleanup_(buffer_deinit) struct buffer more = BUFFER_INIT;
	struct bytes list = {NULL, 0};
	uint32_t number = htobe32(pack);
	struct key key;
	int r = packs_of(txn, session, &list);

	if (r && r != STORE_NONE)
		return r;
	if (r == 0 && is_packed(txn, session, pack))
		return 0;
	r = buffer_add(&more, list.data, list.size);
	if (r == 0)
		r = buffer_add(&more, &number, sizeof(number));
	if (r < 0)
		return r;
	packed_key(&key, session);
	return table_put(txn, TABLE_PACKED, &key, more.data, more.size);
}

static int unlist_pack(struct store_txn *txn, const uint8_t session[PACK_SESSION], uint32_t pack)
{
	_cleanup_(buffer_deinit) struct buffer rest = BUFFER_INIT;
	struct bytes list;
	struct key key;
	int r = packs_of(txn, session, &list);

	for (size_t i = 0; !r && i < list.size / 4; i++)
		if (pack_at(&list, i) != pack)
			r = buffer_add(&rest, (const uint8_t *)list.data + 4 * i, 4);
	if (r)
		return r;
	packed_key(&key, session);
	return rest.size ? table_put(txn, TABLE_PACKED, &key, rest.data, rest.size)
			 : table_delete(txn, TABLE_PACKED, key.data, key.size);
}

static int open_pack(struct store_txn *txn, uint32_t number, struct treepack *ret)
{
	struct bytes value;
	struct key key;
	int r;

	pack_key(&key, number);
	r = table_get(txn, TABLE_PACKS, &key, &value);
	if (r)
		return r == STORE_NONE ? -EBADMSG : r;
	return treepack_open(ret, (struct span){value.data, value.size});
}

static int put_pack(struct store_txn *txn, uint32_t number, const struct treepack_writer *writer)
{
	_cleanup_(buffer_deinit) struct buffer bytes = BUFFER_INIT;
	struct key key;
	int r = treepack_finish(writer, &bytes);

	pack_key(&key, number);
	return r < 0 ? r : table_put(txn, TABLE_PACKS, &key, bytes.data, bytes.size);
}

static int next_pack(struct store_txn *txn, uint32_t *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	int r = walk_init(&walk, txn, TABLE_PACKS, &all, true);

	if (!r)
		r = walk_next(&walk);
	if (r && r != STORE_NONE)
		return r;
	if (r == 0 && walk.key.size != 4)
		return -EBADMSG;
	*ret = r == STORE_NONE ? 1 : bytes_u32(walk.key.data) + 1;
	return *ret ? 0 : -EOVERFLOW;
}

/* Adds waiting chunks until the pack is full; `keys` become theirs. */
static int fill_pack(struct store_txn *txn, struct treepack_writer *writer, struct buffer *keys)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	int r = walk_init(&walk, txn, TABLE_TREES, &all, false);

	while (!r && treepack_size(writer) < PACK_FULL && !(r = walk_next(&walk))) {
		_cleanup_(chunk_row_deinit) struct chunk_row waiting = {0};
		const uint8_t *key = walk.key.data;
		struct treepack_row row;

		if (walk.key.size != CHUNK_KEY)
			return -EBADMSG;
		r = chunk_row_read(&waiting, walk.value);
		row = (struct treepack_row){.chunk = bytes_u32(key + 32),
					    .columns = waiting.columns};
		memcpy(row.session, key, PACK_SESSION);
		memcpy(row.request, key + 16, PACK_REQUEST);
		if (!r)
			r = treepack_add(writer, &row);
		if (!r)
			r = buffer_add(keys, key, CHUNK_KEY);
	}
	return r == STORE_NONE ? 0 : r;
}

static int move_listed(struct store_txn *txn, const struct buffer *keys, uint32_t number)
{
	int r = 0;

	for (size_t i = 0; i < keys->size && !r; i += CHUNK_KEY) {
		r = list_pack(txn, keys->data + i, number);
		if (!r)
			r = table_delete(txn, TABLE_TREES, keys->data + i, CHUNK_KEY);
	}
	return r;
}

/* Everything that is waiting. A chunk that cannot be read waits on, and all behind it. */
static int pack_waiting(struct store_txn *txn)
{
	for (;;) {
		_cleanup_(treepack_writer_deinit) struct treepack_writer writer = {0};
		_cleanup_(buffer_deinit) struct buffer keys = BUFFER_INIT;
		uint32_t number;
		int r = fill_pack(txn, &writer, &keys);

		if (r == -EBADMSG)
			r = 0;
		if (r || !keys.size)
			return r;
		r = next_pack(txn, &number);
		if (!r)
			r = put_pack(txn, number, &writer);
		if (!r)
			r = move_listed(txn, &keys, number);
		if (r)
			return r;
	}
}

static int pack_if_many(struct store_txn *txn)
{
	uint64_t entries, pages;
	int r = table_size(txn, TABLE_TREES, &entries, &pages);

	if (r || (entries < WAITING_ROWS && pages < WAITING_PAGES))
		return r;
	return pack_waiting(txn);
}

int store_put_tree(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
		   int (*next)(struct store_call *ret, void *userdata), void *userdata)
{
	_cleanup_(fold_freep) struct fold *fold = NULL;
	struct target target = {txn, session, request};
	struct store_call call;
	int r = store_drop_tree(txn, session, request);

	if (!r)
		r = fold_new(&fold, put_chunk, &target);
	while (!r && !(r = next(&call, userdata)))
		r = fold_add(fold, &call);
	if (r != STORE_NONE)
		return r;
	r = fold_finish(fold);
	return r ? r : pack_if_many(txn);
}

static int unfold_waiting(struct store_txn *txn, const struct key *prefix, struct unfold *unfold,
			  uint32_t *chunks)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	int r = walk_init(&walk, txn, TABLE_TREES, prefix, false);

	while (!r && !(r = walk_next(&walk))) {
		_cleanup_(chunk_row_deinit) struct chunk_row row = {0};
		const uint8_t *key = walk.key.data;

		if (walk.key.size != CHUNK_KEY || bytes_u32(key + 32) != (*chunks)++)
			return -EBADMSG;
		r = chunk_row_read(&row, walk.value);
		if (!r)
			r = unfold_add(unfold, &row.columns);
	}
	return r == STORE_NONE ? 0 : r;
}

static int unfold_pack(struct store_txn *txn, uint32_t number, const struct uuid *session,
		       const struct uuid *request, struct unfold *unfold, uint32_t *chunks)
{
	_cleanup_(treepack_close) struct treepack pack = {0};
	int r = open_pack(txn, number, &pack);

	if (!r)
		r = treepack_load(&pack);
	while (!r && !(r = treepack_next(&pack))) {
		if (!treepack_row_is(&pack.row, session, request))
			continue;
		r = pack.row.chunk == (*chunks)++ ? unfold_add(unfold, &pack.row.columns)
						  : -EBADMSG;
	}
	return r == STORE_NONE ? 0 : r;
}

int store_get_tree(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
		   json_t **ret)
{
	_cleanup_(unfold_freep) struct unfold *unfold = NULL;
	struct bytes list = {NULL, 0};
	uint32_t chunks = 0;
	struct key prefix;
	int r = unfold_new(&unfold);

	tree_prefix(&prefix, session, request);
	if (!r)
		r = unfold_waiting(txn, &prefix, unfold, &chunks);
	if (!r && !chunks)
		r = packs_of(txn, session->bytes, &list);
	for (size_t i = 0; !r && i < list.size / 4; i++)
		r = unfold_pack(txn, pack_at(&list, i), session, request, unfold, &chunks);
	return r && r != STORE_NONE ? r : unfold_finish(unfold, ret);
}

/* Which rows of a pack go, and what then is left of the session. */
struct drop {
	const struct uuid *session, *request;
	size_t dropped, others;
};

static int count_dropped(struct store_txn *txn, uint32_t number, struct drop *drop)
{
	_cleanup_(treepack_close) struct treepack pack = {0};
	int r = open_pack(txn, number, &pack);

	while (!r && !(r = treepack_next(&pack))) {
		if (treepack_row_is(&pack.row, drop->session, drop->request))
			drop->dropped++;
		else if (treepack_row_is(&pack.row, drop->session, NULL))
			drop->others++;
	}
	return r == STORE_NONE ? 0 : r;
}

static int write_without(struct store_txn *txn, uint32_t number, const struct drop *drop)
{
	_cleanup_(treepack_writer_deinit) struct treepack_writer writer = {0};
	_cleanup_(treepack_close) struct treepack pack = {0};
	struct key key;
	int r = open_pack(txn, number, &pack);

	if (!r)
		r = treepack_load(&pack);
	while (!r && !(r = treepack_next(&pack)))
		if (!treepack_row_is(&pack.row, drop->session, drop->request))
			r = treepack_add(&writer, &pack.row);
	if (r != STORE_NONE)
		return r;
	pack_key(&key, number);
	return writer.count ? put_pack(txn, number, &writer)
			    : table_delete(txn, TABLE_PACKS, key.data, key.size);
}

static int drop_from_pack(struct store_txn *txn, uint32_t number, const struct uuid *session,
			  const struct uuid *request)
{
	struct drop drop = {session, request, 0, 0};
	int r = count_dropped(txn, number, &drop);

	if (!r && drop.dropped)
		r = write_without(txn, number, &drop);
	if (!r && drop.dropped && !drop.others)
		r = unlist_pack(txn, session->bytes, number);
	return r;
}

static int drop(struct store_txn *txn, const struct uuid *session, const struct uuid *request)
{
	_cleanup_(buffer_deinit) struct buffer numbers = BUFFER_INIT;
	struct bytes list = {NULL, 0};
	struct key prefix;
	int r;

	tree_prefix(&prefix, session, request);
	r = table_delete_all(txn, TABLE_TREES, &prefix);
	if (!r)
		r = packs_of(txn, session->bytes, &list);
	if (r)
		return r == STORE_NONE ? 0 : r;
	/* The list changes with what is dropped. */
	r = buffer_add(&numbers, list.data, list.size);
	for (size_t i = 0; !r && i < numbers.size; i += 4)
		r = drop_from_pack(txn, bytes_u32(numbers.data + i), session, request);
	return r;
}

int store_drop_tree(struct store_txn *txn, const struct uuid *session, const struct uuid *request)
{
	return drop(txn, session, request);
}

int store_drop_trees(struct store_txn *txn, const struct uuid *session)
{
	return drop(txn, session, NULL);
}
