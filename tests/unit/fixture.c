/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <ftw.h>
#include <msgpack.h>

#include "check.h"
#include "cleanup.h"
#include "store.h"
#include "value.h"

static char dir[] = "/tmp/test-fixture-XXXXXX";

static struct uuid id_of(const json_t *record, const char *field)
{
	struct uuid id;

	CHECK(uuid_parse(&id, json_string_value(json_object_get(record, field))));
	return id;
}

static void put_sessions(struct store_txn *txn, const json_t *sessions)
{
	json_t *session;
	size_t i;

	json_array_foreach (sessions, i, session)
		CHECK_INT(store_put_session(txn, session), 0);
}

static void put_records(struct store_txn *txn, enum store_kind kind, const json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		struct uuid session = id_of(record, "call_session_id");

		CHECK_INT(store_put_record(txn, kind, &session, i + 1, record), 0);
	}
}

static void put_tree(struct store_txn *txn, const char *request, const json_t *chunks)
{
	struct uuid id;
	json_t *chunk;
	size_t i;

	CHECK(uuid_parse(&id, request));
	json_array_foreach (chunks, i, chunk) {
		msgpack_sbuffer buffer;
		msgpack_packer packer;

		msgpack_sbuffer_init(&buffer);
		msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
		CHECK_INT(value_pack(&packer, chunk), 0);
		CHECK_INT(store_put_tree(txn, &id, (uint32_t)i, buffer.data, buffer.size), 0);
		msgpack_sbuffer_destroy(&buffer);
	}
}

static void fill(struct store_txn *txn, const json_t *fixture)
{
	static const uint8_t ring[16] = {1};
	const char *request;
	json_t *chunks;

	put_sessions(txn, json_object_get(fixture, "sessions"));
	put_records(txn, STORE_EVENTS, json_object_get(fixture, "events"));
	put_records(txn, STORE_FUNCTIONS, json_object_get(fixture, "functions"));
	put_records(txn, STORE_SEGMENTS, json_object_get(fixture, "segments"));
	put_records(txn, STORE_ERRORS, json_object_get(fixture, "errors"));
	json_object_foreach (json_object_get(fixture, "trees"), request, chunks)
		put_tree(txn, request, chunks);
	CHECK_INT(store_put_ring(txn, ring, json_object_get(fixture, "rings")), 0);
}

const char *fixture_store(const char *file)
{
	_cleanup_(json_decrefp) json_t *fixture = json_load_file(file, 0, NULL);
	struct store_txn *txn;
	struct store *store;

	CHECK(fixture);
	CHECK(mkdtemp(dir));
	CHECK_INT(store_open(&store, dir, true), 0);
	CHECK_INT(store_begin(store, true, &txn), 0);
	fill(txn, fixture);
	CHECK_INT(store_commit(txn), 0);
	store_close(store);
	return dir;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

void fixture_remove(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
