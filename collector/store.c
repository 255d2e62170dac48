/* SPDX-License-Identifier: MIT */
/*
 * The environment and its transactions. This and store-table.c are all that knows LMDB.
 *
 * The map is reserved large, once: address space costs nothing, the file grows only as pages are
 * written, and so neither the writer nor the readers have to remap while they work. Where address
 * space is limited (RLIMIT_AS) half is tried, and half of that. A map that is nevertheless full is
 * doubled for the next write transaction.
 *
 * A commit syncs the data but not the page that points at it (MDB_NOMETASYNC): a crash of the
 * machine may undo the last transaction, never damage what was before. The rings that it consumed
 * are memory of the same machine and gone as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store-lmdb.h"

#define MAP_RESERVED (64ull << 30)
#define MAP_LEAST    (16ull << 20)
#define READERS_MAX  510

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_META] = "meta",	 [TABLE_SESSIONS] = "sessions", [TABLE_RECORDS] = "records",
	[TABLE_INDEX] = "index", [TABLE_TERMS] = "terms",	[TABLE_RESOLUTIONS] = "resolutions",
	[TABLE_TREES] = "trees", [TABLE_PACKS] = "packs",	[TABLE_PACKED] = "packed",
	[TABLE_RINGS] = "rings", [TABLE_DEFS] = "defs",
};

const char *table_name(enum table table)
{
	return table_names[table];
}

int error_from_lmdb(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return STORE_NONE;
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_READERS_FULL:
		return -EUSERS;
	case MDB_BAD_VALSIZE:
	case MDB_TXN_FULL:
		return -EINVAL;
	case MDB_VERSION_MISMATCH:
		return -EPROTO;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_PANIC:
	case MDB_INCOMPATIBLE:
	case MDB_CURSOR_FULL:
		return -EBADMSG;
	default:
		return rc > 0 ? -rc : -EIO;
	}
}

static int open_env(const char *dir, bool writable, size_t map_size, MDB_env **ret)
{
	unsigned flags = MDB_NOTLS | MDB_NOMETASYNC | (writable ? 0 : MDB_RDONLY);
	MDB_env *env;
	int dead, rc = mdb_env_create(&env);

	if (rc)
		return error_from_lmdb(rc);
	rc = mdb_env_set_maxdbs(env, TABLE_COUNT);
	if (!rc)
		rc = mdb_env_set_maxreaders(env, READERS_MAX);
	if (!rc && map_size)
		rc = mdb_env_set_mapsize(env, map_size);
	if (!rc)
		rc = mdb_env_open(env, dir, flags, 0640);
	if (!rc)
		rc = mdb_reader_check(env, &dead); /* slots of killed readers hold pages back */
	if (rc) {
		mdb_env_close(env);
		/* Into an empty file LMDB would write its first page. */
		return rc == EBADF && !writable ? -ENOENT : error_from_lmdb(rc);
	}
	*ret = env;
	return 0;
}

/* LMDB would make a store where there is none. */
static int require_store(const char *dir)
{
	_cleanup_(closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstatat(fd, "data.mdb", &st, 0) < 0)
		return -errno;
	return st.st_size ? 0 : -ENOENT;
}

/* Who does not make the store asks for 0, the size it was made with; then all take what they can
 * get. */
static int open_env_that_fits(const char *dir, enum store_mode mode, MDB_env **ret)
{
	bool writable = mode != STORE_READ;
	int r = mode == STORE_WRITE ? require_store(dir) : 0;

	if (r)
		return r;
	if (mode != STORE_CREATE) {
		r = open_env(dir, writable, 0, ret);
		if (r != -ENOMEM)
			return r;
	}
	for (size_t size = MAP_RESERVED; size >= MAP_LEAST; size /= 2) {
		r = open_env(dir, writable, size, ret);
		if (r != -ENOMEM)
			return r;
	}
	return -ENOMEM;
}

/* A reader needs to write its slot in the lock file: who may read the store, its group, may do
 * that. */
static int share_lock_file(const char *dir)
{
	_cleanup_(closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fchmodat(fd, "lock.mdb", 0660, 0) < 0 && errno != EPERM)
		return -errno;
	return 0;
}

static int make_dir(const char *dir)
{
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static int open_table(struct store *store, MDB_txn *txn, enum table table)
{
	return error_from_lmdb(mdb_dbi_open(
		txn, table_names[table], store->writable ? MDB_CREATE : 0, &store->tables[table]));
}

static int check_schema(struct store *store, MDB_txn *txn)
{
	static const char name[] = "schema";
	uint8_t schema = STORE_SCHEMA;
	MDB_val key = {sizeof(name) - 1, (void *)name}, value;
	int rc = mdb_get(txn, store->tables[TABLE_META], &key, &value);

	if (rc == MDB_NOTFOUND && store->writable) {
		value = (MDB_val){sizeof(schema), &schema};
		return error_from_lmdb(mdb_put(txn, store->tables[TABLE_META], &key, &value, 0));
	}
	if (rc)
		return error_from_lmdb(rc);
	if (value.mv_size != 1 || *(const uint8_t *)value.mv_data != STORE_SCHEMA)
		return -EPROTO;
	return 0;
}

/* The schema first: another one's tables are none of ours. */
static int open_tables(struct store *store, MDB_txn *txn)
{
	int r = open_table(store, txn, TABLE_META);

	if (!r)
		r = check_schema(store, txn);
	for (size_t i = TABLE_META + 1; !r && i < TABLE_COUNT; i++)
		r = open_table(store, txn, i);
	return r;
}

/* The handles live on only if the transaction that opened them is committed, a reader's as well. */
static int open_schema(struct store *store)
{
	MDB_txn *txn;
	int r, rc = mdb_txn_begin(store->env, NULL, store->writable ? 0 : MDB_RDONLY, &txn);

	if (rc)
		return error_from_lmdb(rc);
	r = open_tables(store, txn);
	if (r) {
		mdb_txn_abort(txn);
		return r == STORE_NONE ? -ENOENT : r;
	}
	return error_from_lmdb(mdb_txn_commit(txn));
}

CLEANUP_DEFINE(struct store *, store_close);

int store_open(struct store **ret, const char *dir, enum store_mode mode)
{
	_cleanup_(store_closep) struct store *store = calloc(1, sizeof(*store));
	MDB_envinfo info;
	int r;

	if (!store)
		return -ENOMEM;
	store->writable = mode != STORE_READ;
	r = mode == STORE_CREATE ? make_dir(dir) : 0;
	if (!r)
		r = pack_new(&store->pack);
	if (!r)
		r = open_env_that_fits(dir, mode, &store->env);
	if (!r && mode == STORE_CREATE)
		r = share_lock_file(dir);
	if (!r)
		r = open_schema(store);
	if (!r)
		r = error_from_lmdb(mdb_env_info(store->env, &info));
	if (r)
		return r;
	store->map_size = info.me_mapsize;
	*ret = steal(&store);
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->env)
		mdb_env_close(store->env);
	pack_free(store->pack);
	free(store);
}

static int grow_map(struct store *store)
{
	int r;

	if (!store->full || store->transactions)
		return 0;
	r = error_from_lmdb(mdb_env_set_mapsize(store->env, store->map_size * 2));
	if (r)
		return r == -ENOMEM ? -ENOSPC : r;
	store->map_size *= 2;
	store->full = false;
	return 0;
}

static int begin_txn(struct store *store, bool write, MDB_txn **ret)
{
	int rc = mdb_txn_begin(store->env, NULL, write ? 0 : MDB_RDONLY, ret);

	/* Another process made the map larger: 0 takes its size. */
	if (rc == MDB_MAP_RESIZED && !store->transactions) {
		rc = mdb_env_set_mapsize(store->env, 0);
		if (!rc)
			rc = mdb_txn_begin(store->env, NULL, write ? 0 : MDB_RDONLY, ret);
	}
	return rc == MDB_MAP_RESIZED ? -EAGAIN : error_from_lmdb(rc);
}

int store_begin(struct store *store, bool write, struct store_txn **ret)
{
	_cleanup_(freep) struct store_txn *txn = calloc(1, sizeof(*txn));
	int r;

	if (!txn)
		return -ENOMEM;
	if (write && !store->writable)
		return -EROFS;
	r = write ? grow_map(store) : 0;
	if (!r)
		r = begin_txn(store, write, &txn->txn);
	if (r)
		return r;
	txn->store = store;
	store->transactions++;
	*ret = steal(&txn);
	return 0;
}

int error_from_write(struct store_txn *txn, int rc)
{
	if (rc == MDB_MAP_FULL)
		txn->store->full = true;
	return error_from_lmdb(rc);
}

int store_commit(struct store_txn *txn)
{
	int r = error_from_write(txn, mdb_txn_commit(txn->txn));

	txn->store->transactions--;
	free(txn);
	return r;
}

void store_abort(struct store_txn *txn)
{
	if (!txn)
		return;
	mdb_txn_abort(txn->txn);
	txn->store->transactions--;
	free(txn);
}
