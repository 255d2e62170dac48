/* SPDX-License-Identifier: MIT */
#include "traffic.h"

#include <ftw.h>

#include "check.h"
#include "cleanup.h"
#include "given.h"
#include "record.h"

static char dir[32];
static struct store *store;

struct store_txn *traffic_begin(void)
{
	struct store_txn *txn;

	strcpy(dir, "/tmp/test-traffic-XXXXXX");
	CHECK(mkdtemp(dir));
	CHECK_INT(store_open(&store, dir, STORE_CREATE), 0);
	CHECK_INT(store_begin(store, true, &txn), 0);
	return txn;
}

const char *traffic_dir(void)
{
	return dir;
}

struct uuid traffic_id(const char *call)
{
	struct uuid id;

	uuid_derive(&id, "session", call, strlen(call));
	return id;
}

static json_t *json_of(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	CHECK(json);
	return json;
}

static void put_tree(struct store_txn *txn, const char *call, const struct uuid *request,
		     const char *tree)
{
	_cleanup_(json_decrefp) json_t *calls = json_of(tree);
	struct uuid session = traffic_id(call);

	given_put(txn, &session, request, calls);
}

static json_t *record_of(struct store_txn *txn, const char *call, const char *session,
			 const struct invocation *invocation, int sequence)
{
	static const char *const statuses[] = {"pending", "success", "error", "timeout"};
	bool pending = invocation->status == STORE_PENDING;
	char name[128], text[UUID_TEXT];
	struct uuid request;

	snprintf(name, sizeof(name), "%s/%d", call, sequence);
	uuid_derive(&request, "request", name, strlen(name));
	uuid_format(&request, text);
	if (invocation->tree)
		put_tree(txn, call, &request, invocation->tree);
	return json_pack(
		"{s:s, s:s, s:s, s:i, s:I, s:o, s:s, s:o, s:o, s:i, s:f, s:i, s:f, s:{s:s, s:o}}",
		"id", text, "call_session_id", session, "function_name", invocation->function,
		"execution_sequence", sequence, "started_at", (json_int_t)invocation->at,
		"duration_ms", pending ? json_null() : json_real(invocation->duration_ms), "status",
		statuses[invocation->status], "input_params", json_of(invocation->params ?: "{}"),
		"output_result", json_of(invocation->result ?: "null"), "db_query_count", 2,
		"db_query_time_ms", invocation->duration_ms / 4, "external_api_calls", 1,
		"external_api_time_ms", invocation->duration_ms / 2, "metadata", "request_id", text,
		"base_name", base_name(invocation->function));
}

void traffic_add(struct store_txn *txn, const char *call, const char *company,
		 const struct invocation *invocations)
{
	_cleanup_(json_decrefp) json_t *session = NULL, *functions = json_array();
	struct uuid id = traffic_id(call);
	char text[UUID_TEXT];

	uuid_format(&id, text);
	session = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I, s:I}", "id", text, "call_id", call,
			    "kind", "call", "company_id", company, "call_status", "completed",
			    "started_at", (json_int_t)invocations->at, "first_seen_at",
			    (json_int_t)invocations->at);
	CHECK_INT(store_put_session(txn, session), 0);
	for (int i = 0; invocations[i].function; i++) {
		json_t *record = record_of(txn, call, text, &invocations[i], i + 1);

		CHECK(record);
		json_array_append_new(functions, record);
	}
	CHECK_INT(store_put_records(txn, STORE_FUNCTIONS, &id, functions), 0);
}

void traffic_say(struct store_txn *txn, const char *call, uint64_t at, const char *text,
		 const char *node)
{
	struct uuid id = traffic_id(call);
	_cleanup_(json_decrefp) json_t *events = json_pack(
		"[{s:I, s:s, s:s}, {s:I, s:s, s:s, s:s, s:f}]", "occurred_at", (json_int_t)at,
		"event_type", "flow_transition", "to_node", node, "occurred_at", (json_int_t)at,
		"event_type", "transcript", "transcript_role", "user", "transcript_text", text,
		"call_offset_ms", 1500.0);

	CHECK_INT(store_put_records(txn, STORE_EVENTS, &id, events), 0);
}

struct store_txn *traffic_read(struct store_txn *txn)
{
	CHECK_INT(store_commit(txn), 0);
	CHECK_INT(store_begin(store, false, &txn), 0);
	return txn;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

void traffic_end(struct store_txn *txn)
{
	store_abort(txn);
	store_close(store);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
