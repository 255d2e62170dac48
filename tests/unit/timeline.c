/* SPDX-License-Identifier: MIT */
/*
 * The documents that readers get, from the fixture's call.
 */
#include "timeline.h"

#include <errno.h>

#include "calltree.h"
#include "check.h"
#include "cleanup.h"
#include "fixture.h"
#include "present.h"
#include "query.h"

static struct store_txn *txn;

static struct uuid call(const char *written)
{
	struct uuid id;

	CHECK_INT(store_find_call(txn, written, &id), 0);
	return id;
}

static const char *text_at(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field));
}

static void test_times(void)
{
	static const struct {
		int64_t ns;
		const char *text;
	} times[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{1795393617123456789, "2026-11-23T00:26:57.123456Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{INT64_MAX, "2262-04-11T23:47:16.854775Z"},
		{INT64_MIN, "1677-09-21T00:12:43.145224Z"},
	};
	char text[PRESENT_TIME];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		present_time(times[i].ns, text);
		CHECK_STR(text, times[i].text);
	}
}

static void test_only_the_records_own_times(void)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	struct uuid id = call("call_9f3a1c77d2");
	const json_t *metadata;

	CHECK_INT(timeline_session(txn, &id, &session), 0);
	CHECK_STR(text_at(session, "started_at"), "2026-11-23T00:26:57.000000Z");
	metadata = json_object_get(json_object_get(session, "metadata"), "provider_metadata");
	CHECK(json_is_integer(json_object_get(metadata, "booked_at")));
}

static void test_timeline(void)
{
	static const char *const first[] = {"offset_ms", "occurred_at", "type", "id"};
	_cleanup_(json_decrefp) json_t *document = NULL;
	struct uuid id = call("@latest");
	const json_t *entries, *entry;
	void *iter;

	CHECK_INT(timeline_build(txn, &id, &document), 0);
	CHECK_STR(text_at(json_object_get(document, "call"), "call_id"), "call_9f3a1c77d2");
	entries = json_object_get(document, "timeline");
	CHECK_INT(json_array_size(entries), 21);
	entry = json_array_get(entries, 0);
	iter = json_object_iter((json_t *)entry);
	for (size_t i = 0; i < 4; i++) {
		CHECK_STR(json_object_iter_key(iter), first[i]);
		iter = json_object_iter_next((json_t *)entry, iter);
	}
	CHECK_STR(text_at(entry, "type"), "lifecycle");
	CHECK_STR(text_at(entry, "occurred_at"), "2026-11-23T00:26:56.987500Z");
	CHECK(json_real_value(json_object_get(entry, "offset_ms")) == -12.5);
	CHECK(json_is_null(json_object_get(json_array_get(entries, 20), "offset_ms")));
	CHECK_INT(json_integer_value(
			  json_object_get(json_object_get(document, "completeness"), "cut_off")),
		  1);
}

static void test_show(void)
{
	_cleanup_(json_decrefp) json_t *document = NULL;
	struct uuid id = call("call_9f");
	const json_t *debug, *errors, *performance;

	CHECK_INT(timeline_show(txn, &id, &document), 0);
	debug = json_object_get(document, "debug");
	CHECK_STR(text_at(debug, "highest_error_severity"), "critical");
	CHECK(json_real_value(json_object_get(debug, "slowest_function_ms")) == 112.402);
	CHECK_INT(json_integer_value(json_object_get(debug, "traced_functions")), 5);
	performance = json_object_get(document, "performance");
	CHECK_STR(text_at(performance, "slowest_function"), "book_appointment_v17");
	CHECK_INT(json_integer_value(json_object_get(performance, "db_query_count")), 7);
	errors = json_object_get(document, "errors");
	CHECK_INT(json_integer_value(json_object_get(errors, "total")), 4);
	CHECK_INT(json_integer_value(json_object_get(errors, "critical")), 2);
	CHECK_INT(json_integer_value(json_object_get(errors, "booking_failures")), 1);
	CHECK_INT(json_integer_value(json_object_get(errors, "call_terminating")), 1);
}

static void test_tree_of_a_function(void)
{
	_cleanup_(json_decrefp) json_t *functions = NULL, *document = NULL, *none = NULL;
	struct uuid id = call("call_9f");
	const json_t *calls, *create;

	CHECK_INT(timeline_records(txn, STORE_FUNCTIONS, &id, &functions), 0);
	CHECK_INT(calltree_of_function(txn, json_array_get(functions, 1), &document), 0);
	calls = json_object_get(document, "calls");
	CHECK_INT(json_array_size(calls), 8);
	create = json_array_get(calls, 4);
	CHECK_STR(text_at(create, "function"), "createBooking");
	CHECK_INT(json_integer_value(json_object_get(create, "parent")), 3);
	CHECK_STR(text_at(json_object_get(create, "exception"), "class"),
		  "Illuminate\\Http\\Client\\RequestException");
	CHECK_STR(text_at(create, "left"), "exception");
	/* Nothing was recorded of this one. */
	CHECK_INT(calltree_of_function(txn, json_array_get(functions, 0), &none), 0);
	CHECK_INT(json_array_size(json_object_get(none, "calls")), 0);
}

static size_t count_calls(struct query query)
{
	_cleanup_(json_decrefp) json_t *found = NULL;

	CHECK_INT(query_calls(txn, &query, &found), 0);
	return json_array_size(found);
}

static size_t count_functions(struct query query)
{
	_cleanup_(json_decrefp) json_t *found = NULL;

	CHECK_INT(query_functions(txn, &query, &found), 0);
	return json_array_size(found);
}

static size_t count_errors(struct query query)
{
	_cleanup_(json_decrefp) json_t *found = NULL;

	CHECK_INT(query_errors(txn, &query, &found), 0);
	return json_array_size(found);
}

static void test_queries(void)
{
	struct uuid id = call("call_9f");

	CHECK_INT(count_calls((struct query){0}), 3);
	CHECK_INT(count_calls((struct query){.kind = STORE_ONLY_CALLS}), 2);
	CHECK_INT(count_calls((struct query){.kind = STORE_ONLY_REQUESTS}), 1);
	CHECK_INT(count_calls((struct query){.limit = 1}), 1);
	CHECK_INT(count_calls((struct query){.with_errors = true}), 1);
	CHECK_INT(count_calls((struct query){.status = "in_progress"}), 1);
	CHECK_INT(count_calls((struct query){.company = "salon-schoenwald"}), 1);
	CHECK_INT(count_calls((struct query){.customer = "nobody"}), 0);
	CHECK_INT(count_functions((struct query){.function = "book_appointment"}), 2);
	CHECK_INT(count_functions((struct query){.function = "book_appointment_v17"}), 2);
	CHECK_INT(count_functions((struct query){.session = &id, .status = "error"}), 3);
	CHECK_INT(count_functions((struct query){.slow_ms = 98.75}), 2);
	CHECK_INT(count_functions((struct query){.since = 1795393650000000000}), 3);
	CHECK_INT(count_errors((struct query){.severity = "critical"}), 2);
	CHECK_INT(count_errors((struct query){.booking_failures = true}), 1);
	CHECK_INT(count_errors((struct query){.session = &id, .terminating = true}), 1);
	CHECK_INT(count_errors((struct query){.type = "api_error", .unresolved = true}), 1);
	CHECK_INT(count_errors((struct query){.code = "PHP_WARNING"}), 1);
	CHECK_INT(count_errors((struct query){.until = 1795393668000000000}), 1);
}

static void test_nothing_there(void)
{
	struct uuid nobody = {{1}};
	json_t *document = NULL;

	CHECK_INT(timeline_build(txn, &nobody, &document), STORE_NONE);
	CHECK_INT(timeline_show(txn, &nobody, &document), STORE_NONE);
	CHECK(!document);
}

int main(int argc, char **argv)
{
	struct store *store;

	CHECK(argc > 1);
	CHECK_INT(store_open(&store, fixture_store(argv[1]), STORE_CREATE), 0);
	CHECK_INT(store_begin(store, false, &txn), 0);
	test_times();
	test_only_the_records_own_times();
	test_timeline();
	test_show();
	test_tree_of_a_function();
	test_queries();
	test_nothing_there();
	store_abort(txn);
	store_close(store);
	fixture_remove();
	return 0;
}
