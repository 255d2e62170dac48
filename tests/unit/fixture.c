/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <ftw.h>

#include "check.h"
#include "cleanup.h"
#include "given.h"
#include "store.h"

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

/* Of every session its own. */
static void put_records(struct store_txn *txn, enum store_kind kind, const json_t *sessions,
			const json_t *records)
{
	json_t *session, *record;
	size_t i, k;

	json_array_foreach (sessions, i, session) {
		_cleanup_(json_decrefp) json_t *own = json_array();
		struct uuid id = id_of(session, "id");

		json_array_foreach (records, k, record)
			if (json_equal(json_object_get(record, "call_session_id"),
				       json_object_get(session, "id")))
				json_array_append(own, record);
		CHECK_INT(store_put_records(txn, kind, &id, own), 0);
	}
}

/* The record, a function trace or a session, whose metadata names this request. */
static const json_t *owner_of(const json_t *records, const char *request)
{
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		const json_t *metadata = json_object_get(record, "metadata");
		const char *id = json_string_value(json_object_get(metadata, "request_id"));

		if (id && strcmp(id, request) == 0)
			return record;
	}
	return NULL;
}

static struct uuid session_of_request(const json_t *fixture, const char *request)
{
	const json_t *function = owner_of(json_object_get(fixture, "functions"), request);

	return function ? id_of(function, "call_session_id")
			: id_of(owner_of(json_object_get(fixture, "sessions"), request), "id");
}

static void put_tree(struct store_txn *txn, const json_t *fixture, const char *request,
		     const json_t *calls)
{
	struct uuid id, session = session_of_request(fixture, request);

	CHECK(uuid_parse(&id, request));
	given_put(txn, &session, &id, calls);
}

static void fill(struct store_txn *txn, const json_t *fixture)
{
	static const uint8_t ring[16] = {1};
	const json_t *sessions = json_object_get(fixture, "sessions");
	const char *request;
	json_t *calls;

	put_sessions(txn, sessions);
	put_records(txn, STORE_EVENTS, sessions, json_object_get(fixture, "events"));
	put_records(txn, STORE_FUNCTIONS, sessions, json_object_get(fixture, "functions"));
	put_records(txn, STORE_SEGMENTS, sessions, json_object_get(fixture, "segments"));
	put_records(txn, STORE_ERRORS, sessions, json_object_get(fixture, "errors"));
	json_object_foreach (json_object_get(fixture, "trees"), request, calls)
		put_tree(txn, fixture, request, calls);
	CHECK_INT(store_put_ring(txn, ring, json_object_get(fixture, "rings")), 0);
}

const char *fixture_store(const char *file)
{
	_cleanup_(json_decrefp) json_t *fixture = json_load_file(file, 0, NULL);
	struct store_txn *txn;
	struct store *store;

	CHECK(fixture);
	CHECK(mkdtemp(dir));
	CHECK_INT(store_open(&store, dir, STORE_CREATE), 0);
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
