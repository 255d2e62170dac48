/* SPDX-License-Identifier: MIT */
/*
 * The store: what is put is got, indices follow, readers work beside a writer and without one, and
 * what is damaged is an error.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "scratch.h"
#include "store-record.h"

static void put_session(struct store_txn *txn, const char *call, const char *kind, json_int_t at)
{
	struct uuid id = id_of(call);
	char text[UUID_TEXT];
	_cleanup_(json_decrefp) json_t *session = NULL;

	uuid_format(&id, text);
	session = json_pack("{s:s, s:s, s:s?, s:n, s:I}", "id", text, "kind", kind, "call_id",
			    strcmp(kind, "call") == 0 ? call : NULL, "started_at", "first_seen_at",
			    at);
	CHECK_INT(store_put_session(txn, session), 0);
}

static int append_id(const json_t *record, void *userdata)
{
	json_t *name = json_object_get(record, "call_id");

	return json_array_append(userdata,
				 json_is_string(name) ? name : json_object_get(record, "id"));
}

static int append(const json_t *record, void *userdata)
{
	return json_array_append(userdata, (json_t *)record);
}

static void check_found(struct store_txn *txn, const char *written, const char *call)
{
	struct uuid found = {0}, id = id_of(call);

	CHECK_INT(store_find_call(txn, written, &found), 0);
	CHECK(memcmp(&found, &id, sizeof(id)) == 0);
}

/* Commits what `txn` wrote and gives a reader of it. */
static struct store_txn *read_back(struct store_txn *txn)
{
	CHECK_INT(store_commit(txn), 0);
	return begin(false);
}

static void check_problems(struct store_txn *txn, size_t problems)
{
	_cleanup_(json_decrefp) json_t *report = NULL;

	CHECK_INT(store_check(txn, NULL, &report), 0);
	if (json_array_size(json_object_get(report, "problems")) != problems)
		json_dumpf(report, stderr, JSON_INDENT(1));
	CHECK_INT(json_array_size(json_object_get(report, "problems")), problems);
}

static void test_sessions_in_order(void)
{
	static const struct store_filter range = {STORE_ONLY_CALLS, 15, 40}, all;
	_cleanup_(json_decrefp) json_t *seen = json_array(), *some = json_array();
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_session(txn, "call_a", "call", 10);
	put_session(txn, "call_b", "call", 30);
	put_session(txn, "page", "request", 20);
	put_session(txn, "call_c", "call", 40);
	/* It moves: the index must forget where it was. */
	put_session(txn, "call_a", "call", 35);

	txn = read_back(txn);
	CHECK_INT(store_each_session(txn, &all, append_id, seen), 0);
	CHECK_INT(json_array_size(seen), 4);
	CHECK_STR(json_string_value(json_array_get(seen, 0)), "call_c");
	CHECK_STR(json_string_value(json_array_get(seen, 1)), "call_a");
	CHECK_STR(json_string_value(json_array_get(seen, 2)), "call_b");
	CHECK_INT(store_each_session(txn, &range, append_id, some), 0);
	CHECK_INT(json_array_size(some), 2);
	CHECK_STR(json_string_value(json_array_get(some, 0)), "call_a");
	check_problems(txn, 0);
	store_abort(txn);
}

static void test_find_call(void)
{
	struct uuid id, untouched = {{7}};
	char text[UUID_TEXT];
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_find_call(txn, "@latest", &untouched), STORE_NONE);
	put_session(txn, "page", "request", 90);
	check_found(txn, "@latest", "page");
	put_session(txn, "call_12", "call", 10);
	put_session(txn, "call_123", "call", 20);
	put_session(txn, "call_4", "call", 5);
	check_found(txn, "@latest", "call_123");
	check_found(txn, "call_12", "call_12");
	check_found(txn, "call_123", "call_123");
	check_found(txn, "call_4", "call_4");
	CHECK_INT(store_find_call(txn, "call_1", &untouched), STORE_AMBIGUOUS);
	CHECK_INT(store_find_call(txn, "nope", &untouched), STORE_NONE);
	CHECK_INT(store_find_call(txn, "", &untouched), STORE_NONE);
	id = id_of("call_4");
	uuid_format(&id, text);
	check_found(txn, text, "call_4");
	text[13] = 0;
	for (char *p = text; *p; p++)
		*p = *p >= 'a' && *p <= 'f' ? *p - 32 : *p;
	check_found(txn, text, "call_4");
	CHECK_INT(untouched.bytes[0], 7);
	store_abort(txn);
}

static void test_long_call_ids(void)
{
	static char a[2000], b[2000];
	struct store_txn *txn;
	struct uuid id;

	memset(a, 'x', sizeof(a) - 1);
	memset(b, 'x', sizeof(b) - 1);
	b[1900] = 'y';
	fresh_store();
	txn = begin(true);
	put_session(txn, a, "call", 1);
	check_found(txn, a, a);
	put_session(txn, b, "call", 2);
	CHECK_INT(store_find_call(txn, a, &id), STORE_AMBIGUOUS);
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static void test_session_needs_an_id(void)
{
	_cleanup_(json_decrefp) json_t *session = json_pack("{s:i}", "first_seen_at", 1);
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_put_session(txn, session), -EINVAL);
	store_abort(txn);
}

static json_t *record(const char *name, json_int_t at)
{
	struct uuid id = id_of(name);
	char text[UUID_TEXT];

	uuid_format(&id, text);
	return json_pack("{s:s, s:s, s:I, s:I}", "id", text, "call_id", name, "occurred_at", at,
			 "started_at", at);
}

static void put_list(struct store_txn *txn, enum store_kind kind, const char *call, json_t *list)
{
	struct uuid session = id_of(call);

	CHECK_INT(store_put_records(txn, kind, &session, list), 0);
	json_decref(list);
}

static json_t *records(struct store_txn *txn, enum store_kind kind, const char *call)
{
	struct uuid session = id_of(call);
	json_t *array = json_array();

	CHECK_INT(store_each_record(txn, kind, &session, append_id, array), 0);
	return array;
}

static void check_names(json_t *found, const char *wanted)
{
	_cleanup_(json_decrefp) json_t *own = found, *names = json_loads(wanted, 0, NULL);

	if (!json_equal(own, names))
		json_dumpf(own, stderr, 0);
	CHECK(json_equal(own, names));
}

static void test_records(void)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	struct uuid session = id_of("a");
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_list(txn, STORE_EVENTS, "a", json_pack("[o]", record("replaced", 0)));
	put_list(txn, STORE_EVENTS, "a",
		 json_pack("[o, o]", record("first", 0), record("second", 0)));
	put_list(txn, STORE_EVENTS, "b", json_pack("[o]", record("of another", 0)));
	put_list(txn, STORE_REQUESTS, "a", json_pack("[o]", record("one", 0)));
	check_names(records(txn, STORE_EVENTS, "a"), "[\"first\", \"second\"]");
	check_names(records(txn, STORE_REQUESTS, "a"), "[\"one\"]");
	put_list(txn, STORE_EVENTS, "a", json_array());
	check_names(records(txn, STORE_EVENTS, "a"), "[]");
	check_names(records(txn, STORE_EVENTS, "b"), "[\"of another\"]");
	CHECK_INT(store_get_records(txn, STORE_SEGMENTS, &session, &list), 0);
	CHECK_INT(json_array_size(list), 0);
	store_abort(txn);
}

static json_t *errors(struct store_txn *txn, const struct store_error_filter *filter)
{
	json_t *array = json_array();

	CHECK_INT(store_each_error(txn, filter, append_id, array), 0);
	return array;
}

static json_t *error(const char *name, json_int_t at, const char *severity, bool booking)
{
	json_t *json = record(name, at);

	json_object_set_new(json, "severity", json_string(severity));
	json_object_set_new(json, "booking_failed", json_boolean(booking));
	json_object_set_new(json, "resolved", json_false());
	return json;
}

static void test_errors_by_question(void)
{
	static const struct store_error_filter all,
		range = {.since = 20, .until = 30}, high = {.severity = "high"},
		both = {.severity = "high", .booking_failures = true}, none = {.code = "X"};
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_session(txn, "a", "call", 1);
	put_session(txn, "b", "call", 1);
	put_list(txn, STORE_ERRORS, "b", json_pack("[o]", error("late", 30, "high", true)));
	put_list(txn, STORE_ERRORS, "a",
		 json_pack("[o, o]", error("early", 10, "low", true),
			   error("moved", 40, "low", false)));
	put_list(txn, STORE_ERRORS, "a",
		 json_pack("[o, o]", error("early", 10, "low", true),
			   error("moved", 20, "high", false)));
	check_names(errors(txn, &all), "[\"late\", \"moved\", \"early\"]");
	check_names(errors(txn, &range), "[\"moved\"]");
	check_names(errors(txn, &high), "[\"late\", \"moved\"]");
	check_names(errors(txn, &both), "[\"late\"]");
	check_names(errors(txn, &none), "[]");
	put_list(txn, STORE_ERRORS, "a", json_array());
	check_names(errors(txn, &all), "[\"late\"]");
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static void put_marked(struct store_txn *txn, unsigned int i, const char *status,
		       const char *company, json_int_t errors)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	char call[32], text[UUID_TEXT];
	struct uuid id;

	snprintf(call, sizeof(call), "call_%u", i);
	id = id_of(call);
	uuid_format(&id, text);
	session = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:{s:[s]}}", "id", text,
			    "kind", "call", "call_id", call, "started_at", (json_int_t)i,
			    "first_seen_at", (json_int_t)i, "call_status", status, "company_id",
			    company, "error_count", errors, "metadata", "correlation_ids",
			    i % 2 ? "odd" : "even");
	CHECK_INT(store_put_session(txn, session), 0);
}

/* Against a plain look at every one. */
static void test_sessions_by_question(void)
{
	static const char *const statuses[] = {"completed", "failed", "abandoned"};
	static const char *const companies[] = {"x", "xx"};
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	for (unsigned int i = 1; i <= 300; i++)
		put_marked(txn, i, statuses[i % 3], companies[i / 7 % 2], i % 11 == 0);
	for (unsigned int mask = 0; mask < 32; mask++) {
		struct store_filter filter = {
			.kind = STORE_ONLY_CALLS,
			.status = mask & 1 ? "failed" : NULL,
			.company = mask & 2 ? "x" : NULL,
			.with_errors = mask & 4,
			.correlation = mask & 8 ? "odd" : NULL,
			.since = mask & 16 ? 40 : 0,
			.until = mask & 16 ? 200 : 0,
		};
		_cleanup_(json_decrefp) json_t *wanted = json_array(), *found = json_array();

		for (unsigned int i = 300; i > 0; i--)
			if ((!(mask & 1) || i % 3 == 1) && (!(mask & 2) || i / 7 % 2 == 0) &&
			    (!(mask & 4) || i % 11 == 0) && (!(mask & 8) || i % 2) &&
			    (!(mask & 16) || (i >= 40 && i < 200)))
				json_array_append_new(wanted, json_sprintf("call_%u", i));
		CHECK_INT(store_each_session(txn, &filter, append_id, found), 0);
		CHECK(json_equal(wanted, found));
	}
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static json_t *function(const char *name, const char *base, json_int_t at, double ms,
			const char *status)
{
	return json_pack("{s:s, s:I, s:f, s:s, s:i, s:f, s:{s:s}}", "function_name", name,
			 "started_at", at, "duration_ms", ms, "status", status, "db_query_count", 3,
			 "db_query_time_ms", 1.25, "metadata", "base_name", base);
}

static int append_fact(const struct store_fact *fact, void *userdata)
{
	CHECK_INT(fact->db_query_count, 3);
	CHECK_INT(fact->db_query_us, 1250);
	CHECK_STR(fact->company_id, "acme");
	return json_array_append_new(userdata, json_sprintf("%s %llu %d", fact->function_name,
							    (unsigned long long)fact->duration_us,
							    fact->status));
}

static json_t *facts(struct store_txn *txn, const struct store_fact_filter *filter)
{
	json_t *array = json_array();

	CHECK_INT(store_each_fact(txn, filter, append_fact, array), 0);
	return array;
}

static void test_facts(void)
{
	struct uuid session = id_of("call_7");
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_marked(txn, 7, "completed", "none yet", 0);
	put_list(txn, STORE_FUNCTIONS, "call_7",
		 json_pack("[o, o]", function("book_v16", "book", 10, 12.345, "success"),
			   function("book_v17", "book", 30, 500, "error")));
	/* The company became known: the same functions are found under it. */
	put_marked(txn, 7, "completed", "acme", 0);
	put_list(txn, STORE_FUNCTIONS, "call_7",
		 json_pack("[o, o]", function("book_v16", "book", 10, 12.345, "success"),
			   function("book_v17", "book", 30, 500, "error")));
	check_names(facts(txn, &(struct store_fact_filter){0}),
		    "[\"book_v17 500000 2\", \"book_v16 12345 1\"]");
	check_names(facts(txn, &(struct store_fact_filter){.function = "book"}),
		    "[\"book_v17 500000 2\", \"book_v16 12345 1\"]");
	check_names(facts(txn, &(struct store_fact_filter){.function = "book_v16"}),
		    "[\"book_v16 12345 1\"]");
	check_names(facts(txn, &(struct store_fact_filter){.status = "error", .until = 31}),
		    "[\"book_v17 500000 2\"]");
	check_names(facts(txn, &(struct store_fact_filter){.slow_us = 12346}),
		    "[\"book_v17 500000 2\"]");
	check_names(facts(txn, &(struct store_fact_filter){.session = &session, .since = 5}),
		    "[\"book_v16 12345 1\", \"book_v17 500000 2\"]");
	check_names(facts(txn, &(struct store_fact_filter){.session = &session, .status = "error"}),
		    "[\"book_v17 500000 2\"]");
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static void test_resolutions(void)
{
	static const struct store_error_filter open = {.unresolved = true};
	_cleanup_(json_decrefp) json_t *resolved = NULL, *reopened = NULL;
	struct uuid id = id_of("one");
	struct store_place place;
	struct store_txn *txn;
	char text[UUID_TEXT];

	fresh_store();
	txn = begin(true);
	put_session(txn, "a", "call", 1);
	put_list(
		txn, STORE_ERRORS, "a",
		json_pack("[o, o]", error("one", 10, "low", true), error("two", 20, "low", false)));
	uuid_format(&id, text);
	text[9] = 0;
	CHECK_INT(store_find_error(txn, "none", &place), STORE_NONE);
	CHECK_INT(store_find_error(txn, "", &place), STORE_NONE);
	CHECK_INT(store_find_error(txn, text, &place), 0);
	CHECK_INT(place.seq, 1);
	CHECK_INT(store_resolve(txn, &place, true, "the route cache", 77, &resolved), 0);
	CHECK(json_is_true(json_object_get(resolved, "resolved")));
	check_names(errors(txn, &open), "[\"two\"]");
	/* Derived again, with one more in front. */
	put_list(txn, STORE_ERRORS, "a",
		 json_pack("[o, o, o]", error("zero", 5, "low", false),
			   error("one", 10, "low", true), error("two", 20, "low", false)));
	check_names(errors(txn, &open), "[\"two\", \"zero\"]");
	CHECK_INT(store_find_error(txn, text, &place), 0);
	CHECK_INT(place.seq, 2);
	CHECK_INT(store_resolve(txn, &place, false, NULL, 78, &reopened), 0);
	CHECK(json_is_false(json_object_get(reopened, "resolved")));
	CHECK(json_is_null(json_object_get(reopened, "resolved_at")));
	CHECK_INT(json_array_size(
			  json_object_get(json_object_get(reopened, "metadata"), "resolutions")),
		  2);
	check_names(errors(txn, &open), "[\"two\", \"one\", \"zero\"]");
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static int count_def(uint32_t fn, const void *frame, size_t size, void *userdata)
{
	CHECK_INT(size, 3);
	*(uint32_t *)userdata += fn;
	return 0;
}

static int count_ring(const uint8_t ring_id[16], const json_t *state, void *userdata)
{
	CHECK(json_is_object(state));
	++*(int *)userdata;
	return 0;
}

static void test_rings(void)
{
	static const uint8_t one[16] = {1}, two[16] = {2};
	_cleanup_(json_decrefp) json_t *state =
		json_pack("{s:i, s:{s:i}}", "position", 7, "lost", "calls", 3);
	_cleanup_(json_decrefp) json_t *back = NULL, *report = NULL;
	struct store_txn *txn;
	uint32_t sum = 0;
	int rings = 0;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_put_ring(txn, one, state), 0);
	CHECK_INT(store_put_ring(txn, two, state), 0);
	CHECK_INT(store_put_def(txn, one, 65535, "abc", 3), 0);
	CHECK_INT(store_put_def(txn, one, 1, "abc", 3), 0);
	CHECK_INT(store_get_ring(txn, one, &back), 0);
	CHECK(json_equal(state, back));
	CHECK_INT(store_each_def(txn, one, count_def, &sum), 0);
	CHECK_INT(sum, 65536);
	txn = read_back(txn);
	CHECK_INT(store_check(txn, NULL, &report), 0);
	store_abort(txn);
	txn = begin(true);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(report, "lost"), "calls")), 6);
	CHECK_INT(store_drop_ring(txn, one), 0);
	CHECK_INT(store_each_ring(txn, count_ring, &rings), 0);
	CHECK_INT(rings, 1);
	sum = 0;
	CHECK_INT(store_each_def(txn, one, count_def, &sum), 0);
	CHECK_INT(sum, 0);
	store_abort(txn);
}

static void damage(struct store_txn *txn, enum table table, const void *id, size_t id_size,
		   const void *tail, size_t tail_size)
{
	struct key key = {0};

	key_add(&key, id, id_size);
	key_add(&key, tail, tail_size);
	CHECK_INT(table_put(txn, table, &key, "\1{\"id\": [[[", 11), 0);
}

static void test_damage_is_an_error(void)
{
	static const struct store_filter all;
	static const struct store_error_filter errors;
	_cleanup_(json_decrefp) json_t *seen = json_array();
	struct uuid id = id_of("a"), other = id_of("b");
	json_t *session = NULL;
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_session(txn, "a", "call", 10);
	put_session(txn, "b", "call", 20);
	put_list(txn, STORE_ERRORS, "b", json_pack("[o]", error("one", 1, "low", false)));
	damage(txn, TABLE_SESSIONS, &id, 16, "", 0);
	damage(txn, TABLE_RECORDS, &other, 16, "", 0);
	damage(txn, TABLE_RECORDS, &other, 16, "?", 1);
	damage(txn, TABLE_INDEX, "", 1, "", 0);
	damage(txn, TABLE_TREES, &other, 16, "\0\0\0\0", 4);
	damage(txn, TABLE_PACKS, "", 0, "\0\0\0\1", 4);
	damage(txn, TABLE_PACKED, "", 0, "8 bytes!", 8);
	CHECK_INT(store_get_session(txn, &id, &session), -EBADMSG);
	CHECK_INT(store_each_session(txn, &all, append_id, seen), -EBADMSG);
	CHECK_INT(store_each_record(txn, STORE_EVENTS, &other, append, seen), -EBADMSG);
	CHECK_INT(store_each_error(txn, &errors, append, seen), -EBADMSG);
	CHECK(!session);
	txn = read_back(txn);
	/* A session, its lists, a key that is none, an index entry, a chunk, a pack, a list of
	 * packs, and entries that lead to nothing. */
	check_problems(txn, 8);
	store_abort(txn);
	txn = begin(true);

	/* Putting it again repairs it, index and all. */
	put_session(txn, "a", "call", 30);
	json_array_clear(seen);
	CHECK_INT(store_each_session(txn, &all, append_id, seen), 0);
	CHECK_INT(json_array_size(seen), 2);
	put_list(txn, STORE_ERRORS, "b", json_pack("[o]", error("two", 2, "low", false)));
	json_array_clear(seen);
	CHECK_INT(store_each_error(txn, &errors, append_id, seen), 0);
	CHECK_INT(json_array_size(seen), 1);
	store_abort(txn);
}

static int read_in_child(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(child());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int count_sessions(void)
{
	static const struct store_filter all;
	_cleanup_(json_decrefp) json_t *seen = json_array();
	struct store *reader;
	struct store_txn *txn;
	struct uuid id;

	CHECK_INT(store_open(&reader, path, STORE_READ), 0);
	CHECK_INT(store_begin(reader, true, &txn), -EROFS);
	CHECK_INT(store_begin(reader, false, &txn), 0);
	CHECK_INT(store_each_session(txn, &all, append_id, seen), 0);
	CHECK_INT(store_find_call(txn, "call_1", &id), 0);
	store_abort(txn);
	store_close(reader);
	return (int)json_array_size(seen);
}

static void test_readers(void)
{
	struct store_txn *txn, *uncommitted;
	struct store *none = NULL;
	struct stat st;
	char data[80];

	fresh_store();
	txn = begin(true);
	put_session(txn, "call_1", "call", 1);
	CHECK_INT(store_commit(txn), 0);
	uncommitted = begin(true);
	put_session(uncommitted, "call_2", "call", 2);
	CHECK_INT(read_in_child(count_sessions), 1);
	CHECK_INT(store_commit(uncommitted), 0);
	store_close(store);
	store = NULL;
	CHECK_INT(read_in_child(count_sessions), 2);

	snprintf(data, sizeof(data), "%s/lock.mdb", path);
	CHECK(stat(data, &st) == 0 && (st.st_mode & 0777) == 0660);
	snprintf(data, sizeof(data), "%s/data.mdb", path);
	CHECK(stat(data, &st) == 0 && (st.st_mode & 0777) == 0640);
	CHECK_INT(store_open(&none, "/nonexistent/store", STORE_READ), -ENOENT);
	CHECK_INT(store_open(&none, "/nonexistent/store", STORE_CREATE), -ENOENT);
	CHECK_INT(store_open(&none, "/nonexistent/store", STORE_WRITE), -ENOENT);
	CHECK_INT(store_open(&none, "/tmp", STORE_WRITE), -ENOENT);
	CHECK_INT(store_open(&none, data, STORE_READ), -ENOTDIR);
	CHECK_INT(store_open(&none, "/proc", STORE_READ), -ENOENT);
	CHECK(!none);
}

static void test_not_a_store(void)
{
	char data[80], garbage[8192];
	struct store *none = NULL;
	FILE *file;

	fresh_store();
	store_close(store);
	store = NULL;
	memset(garbage, 'g', sizeof(garbage));
	snprintf(data, sizeof(data), "%s/data.mdb", path);
	file = fopen(data, "w");
	CHECK(file && fwrite(garbage, sizeof(garbage), 1, file) == 1 && fclose(file) == 0);
	CHECK_INT(store_open(&none, path, STORE_READ), -EBADMSG);
	CHECK(truncate(data, 0) == 0);
	CHECK_INT(store_open(&none, path, STORE_READ), -ENOENT);
}

static void test_other_schema(void)
{
	struct key key = {0};
	struct store_txn *txn;
	struct store *none = NULL;

	fresh_store();
	txn = begin(true);
	key_add(&key, "schema", 6);
	CHECK_INT(table_put(txn, TABLE_META, &key, "\x63", 1), 0);
	CHECK_INT(store_commit(txn), 0);
	store_close(store);
	store = NULL;
	CHECK_INT(store_open(&none, path, STORE_READ), -EPROTO);
	CHECK_INT(store_open(&none, path, STORE_CREATE), -EPROTO);
}

#ifndef __SANITIZE_ADDRESS__ /* it needs address space without end */
static size_t address_space(void)
{
	_cleanup_(fclosep) FILE *statm = fopen("/proc/self/statm", "r");
	size_t pages;

	CHECK(statm && fscanf(statm, "%zu", &pages) == 1);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int fill(const char *chunk, size_t size)
{
	static const uint8_t ring[16];
	struct store_txn *txn = begin(true);
	int r = 0;

	for (uint32_t fn = 0; !r && fn < 24; fn++)
		r = store_put_def(txn, ring, fn, chunk, size);
	if (!r)
		return store_commit(txn);
	store_abort(txn);
	return r;
}

/* Little address space gives a small map; when it is full, the next transaction has a larger one.
 */
static void test_full_map_grows(void)
{
	_cleanup_(freep) char *chunk = calloc(1, 1 << 20);
	struct rlimit before, little;

	fresh_store();
	store_close(store);
	store = NULL;
	CHECK(chunk && getrlimit(RLIMIT_AS, &before) == 0);
	little = before;
	little.rlim_cur = address_space() + (28 << 20);
	CHECK(setrlimit(RLIMIT_AS, &little) == 0);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	CHECK_INT(store_open(&store, path, STORE_CREATE), 0);
	CHECK(setrlimit(RLIMIT_AS, &before) == 0);
	CHECK_INT(fill(chunk, 1 << 20), -ENOSPC);
	CHECK_INT(fill(chunk, 1 << 20), 0);
}
#else
static void test_full_map_grows(void)
{
}
#endif

int main(void)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	test_sessions_in_order();
	test_find_call();
	test_long_call_ids();
	test_session_needs_an_id();
	test_records();
	test_errors_by_question();
	test_sessions_by_question();
	test_facts();
	test_resolutions();
	test_rings();
	test_damage_is_an_error();
	test_readers();
	test_not_a_store();
	test_other_schema();
	test_full_map_grows();
	store_close(store);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
