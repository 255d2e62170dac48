/* SPDX-License-Identifier: MIT */
/*
 * Everything that a store holds, unpacked, to be searched for what must not be in it: the file
 * itself holds it compressed. usage: dump-store DIR
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "cleanup.h"
#include "store.h"

static void print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}

static void print_tree(struct store_txn *txn, const json_t *session, const json_t *request)
{
	_cleanup_(json_decrefp) json_t *calls = NULL;
	struct uuid owner, id;

	if (!json_is_string(request) || !uuid_parse(&id, json_string_value(request)) ||
	    !uuid_parse(&owner, json_string_value(session)))
		return;
	CHECK_INT(store_get_tree(txn, &owner, &id, &calls), 0);
	print_json(calls);
}

struct session {
	struct store_txn *txn;
	const json_t *id;
};

static int print_record(const json_t *record, void *userdata)
{
	const struct session *session = userdata;

	print_json(record);
	print_tree(session->txn, session->id, json_object_get(record, "id"));
	return 0;
}

static int print_session(const json_t *json, void *userdata)
{
	struct session session = {userdata, json_object_get(json, "id")};
	struct uuid id;

	print_json(json);
	print_tree(userdata, session.id,
		   json_object_get(json_object_get(json, "metadata"), "request_id"));
	CHECK(uuid_parse(&id, json_string_value(session.id)));
	for (int kind = STORE_EVENTS; kind <= STORE_REQUESTS; kind++)
		CHECK_INT(store_each_record(userdata, kind, &id, print_record, &session), 0);
	return 0;
}

static int print_def(uint32_t fn, const void *frame, size_t size, void *userdata)
{
	fwrite(frame, 1, size, stdout);
	return 0;
}

static int print_ring(const uint8_t ring_id[16], const json_t *state, void *userdata)
{
	print_json(state);
	return store_each_def(userdata, ring_id, print_def, NULL);
}

int main(int argc, char **argv)
{
	static const struct store_filter all;
	struct store_txn *txn;
	struct store *store;

	CHECK_INT(argc, 2);
	CHECK_INT(store_open(&store, argv[1], STORE_READ), 0);
	CHECK_INT(store_begin(store, false, &txn), 0);
	CHECK_INT(store_each_session(txn, &all, print_session, txn), 0);
	CHECK_INT(store_each_ring(txn, print_ring, txn), 0);
	store_abort(txn);
	store_close(store);
	return 0;
}
