/* SPDX-License-Identifier: MIT */
/*
 * What is derived from given inputs: times, order, bindings, segments; and that a long call takes
 * no longer than its length explains.
 */
#include "call.h"

#include <stdarg.h>
#include <time.h>

#include "check.h"
#include "cleanup.h"
#include "record.h"
#include "wordcount.h"

#define START_MS 1772442000000ll
#define SECOND	 1000000000ll

static struct profile *profile;

/* A signed input at so many seconds of the call. */
static json_t *input(const char *id, const char *kind, double at, json_t *more)
{
	json_int_t ns = START_MS * 1000000 + (json_int_t)(at * 1e9);
	json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:i, s:s, s:I, s:{s:I}}", "id", id,
				 "kind", kind, "call_id", "call_1", "started_at", ns, "duration_ns",
				 (json_int_t)(SECOND / 10), "state", "done", "status", 200, "hash",
				 id, "signature_ms", (json_int_t)(ns / 1000000), "call",
				 "start_timestamp", (json_int_t)START_MS);

	json_object_update_new(json, more);
	return json;
}

static json_t *function(const char *id, double at, const char *name, const char *tool_call_id)
{
	return input(id, "function", at,
		     json_pack("{s:s, s:{}, s:s?, s:{s:b}}", "function", name, "args",
			       "tool_call_id", tool_call_id, "response", "success", 1));
}

static json_t *ended(double at, const char *entries)
{
	json_t *list = json_loads(entries, 0, NULL);

	CHECK(list);
	return input("ended", "event", at,
		     json_pack("{s:s, s:I, s:o, s:{s:I, s:I}}", "event", "call_ended", "entries",
			       (json_int_t)json_array_size(list), "transcript", list, "call",
			       "start_timestamp", (json_int_t)START_MS, "end_timestamp",
			       (json_int_t)(START_MS + (json_int_t)(at * 1000) - 500)));
}

/* Takes the inputs over; NULL ends them. */
static json_t *derive(json_t *first, ...)
{
	_cleanup_(json_decrefp) json_t *inputs = json_array();
	json_t *result, *next = first;
	va_list args;

	va_start(args, first);
	for (; next; next = va_arg(args, json_t *))
		json_array_append_new(inputs, next);
	va_end(args);
	CHECK_INT(call_derive(&result, profile, NULL, inputs), 0);
	return result;
}

static const json_t *at(const json_t *derived, const char *list, size_t i)
{
	return json_array_get(json_object_get(derived, list), i);
}

static const char *text(const json_t *json, const char *path)
{
	return json_string_value(json_at(json, path));
}

static double ms(const json_t *json, const char *path)
{
	json_t *number = json_at(json, path);

	return json_is_number(number) ? json_number_value(number) : -1;
}

#define CHECK_MS(a, b) CHECK_INT((a)*1000 + 0.5, (b)*1000 + 0.5)

/* What stands on the timeline, as one text. */
static void check_order(const json_t *derived, const char *wanted)
{
	_cleanup_(json_decrefp) json_t *found = json_string("");
	const json_t *events = json_object_get(derived, "events"), *event;
	json_int_t before = INT64_MIN;
	size_t i;

	json_array_foreach (events, i, event) {
		json_t *longer = json_sprintf(
			"%s%s%s", json_string_value(found), i ? " " : "",
			text(event, "/transcript_text")	 ?: text(event, "/to_node")
							 ?: text(event, "/function_name")
						 ?: text(event, "/metadata/event")
						 ?: "?");

		json_decref(found);
		found = longer;
		CHECK(get_int(event, "occurred_at") >= before);
		CHECK_INT(get_int(event, "event_sequence"), i + 1);
		before = get_int(event, "occurred_at");
	}
	CHECK_STR(json_string_value(found), wanted);
}

#define SAID(role, content, start, end) \
	"{\"role\":\"" role "\",\"content\":\"" content "\",\"start\":" #start ",\"end\":" #end "}"
#define INVOKED(id, name, more)                                                                 \
	"{\"role\":\"tool_call_invocation\",\"tool_call_id\":\"" id "\",\"name\":\"" name "\"," \
	"\"arguments\":\"{}\"" more "}"
#define RESULT(id, more)                                        \
	"{\"role\":\"tool_call_result\",\"tool_call_id\":\"" id \
	"\",\"content\":\"{\\\"success\\\":true,\\\"n\\\":1}\"" more "}"

/* The clock has the function behind the answer to it: it stands before, and what it was is kept. */
static void test_causes_come_first(void)
{
	_cleanup_(json_decrefp) json_t *d = derive(
		function("f1", 10.4, "check", "t1"),
		ended(60,
		      "[" SAID("agent", "hi", 0.5, 2) "," SAID("user", "please", 3, 5) "," INVOKED(
			      "t1", "check", "") "," RESULT("t1", "") "," SAID("agent", "done", 10,
									       12) "]"),
		NULL);
	const json_t *event = at(d, "events", 2);

	check_order(d, "hi please check done call_ended");
	CHECK_MS(ms(event, "/call_offset_ms"), 10000.0);
	CHECK_MS(ms(event, "/metadata/time_given_ms"), 10400.0);
	CHECK(json_is_true(json_at(event, "/metadata/time_derived")));
	CHECK_MS(ms(at(d, "functions", 0), "/call_offset_ms"), 10000.0);
	CHECK_MS(ms(at(d, "events", 4), "/call_offset_ms"), 59500.0);
	CHECK_MS(ms(at(d, "events", 4), "/metadata/delivery_delay_ms"), 500.0);
	CHECK_STR(text(at(d, "segments", 1), "/related_function_trace_id"),
		  text(at(d, "functions", 0), "/id"));
	CHECK_STR(text(at(d, "functions", 0), "/metadata/segment_id"),
		  text(at(d, "segments", 1), "/id"));
}

/* One time that does not fit moves, not all behind it. */
static void test_least_moves(void)
{
	_cleanup_(json_decrefp) json_t *d = derive(
		ended(60,
		      "[" SAID("agent", "a", 1, 2) "," SAID("user", "b", 4000, 4001) "," SAID(
			      "agent", "c", 5,
			      6) ",{\"role\":\"dtmf\",\"digit\":\"7\"}," SAID("user", "d", 8,
									      9) "," SAID("agent",
											  "e", 7.5,
											  9) "]"),
		NULL);

	check_order(d, "a b c 7 d e call_ended");
	CHECK_MS(ms(at(d, "segments", 1), "/call_offset_ms"), 5000.0);
	CHECK_MS(ms(at(d, "segments", 1), "/metadata/time_given_ms"), 4000000.0);
	CHECK_MS(ms(at(d, "segments", 1), "/duration_ms"), 1000.0);
	CHECK_MS(ms(at(d, "segments", 2), "/call_offset_ms"), 5000.0);
	CHECK(!json_at(at(d, "segments", 2), "/metadata/time_derived"));
	CHECK_MS(ms(at(d, "segments", 3), "/call_offset_ms"), 6000.0);
	CHECK(json_is_true(json_at(at(d, "segments", 3), "/metadata/time_derived")));
	CHECK(!json_at(at(d, "segments", 3), "/metadata/time_given_ms"));
	CHECK_STR(text(at(d, "segments", 3), "/role"), "dtmf");
	CHECK_STR(text(at(d, "segments", 3), "/text"), "7");
	CHECK_STR(text(at(d, "segments", 3), "/event_id"), text(at(d, "events", 3), "/id"));
	CHECK_STR(text(at(d, "events", 3), "/event_type"), "dtmf");
}

/* All requests within a second, in the wrong order: the transcript has when and in which order. */
static void test_sent_anew(void)
{
	_cleanup_(json_decrefp) json_t *d = derive(
		function("f2", 60.1, "book", "t2"), function("f1", 60.3, "check", "t1"),
		ended(60.6,
		      "[" SAID("user", "first", 1, 2) "," INVOKED("t1", "check", ",\"time_sec\":3") "," RESULT("t1", ",\"time_sec\":4,\"successful\":true") "," SAID(
			      "user", "second", 5,
			      6) "," INVOKED("t2", "book",
					     ",\"time_sec\":30") "," RESULT("t2",
									    ",\"time_sec\":30.5,\"successful\":false") "]"),
		NULL);
	const json_t *check = at(d, "functions", 0), *book = at(d, "functions", 1);

	check_order(d, "first check second book call_ended");
	CHECK_STR(text(check, "/function_name"), "check");
	CHECK_INT(get_int(check, "execution_sequence"), 1);
	CHECK_MS(ms(check, "/call_offset_ms"), 3000.0);
	CHECK_MS(ms(book, "/call_offset_ms"), 30000.0);
	CHECK(json_is_true(json_at(at(d, "events", 1), "/metadata/time_derived")));
	CHECK_MS(ms(check, "/metadata/provider_duration_ms"), 1000.0);
	CHECK_MS(ms(check, "/metadata/overhead_ms"), 900.0);
	CHECK(json_is_true(json_at(check, "/metadata/result_successful")));
	CHECK(json_is_false(json_at(book, "/metadata/result_successful")));
}

/* Told or by name and arguments: a request without a proper answer is followed by another attempt.
 */
static void test_attempts(void)
{
	json_t *failed = function("f1", 10, "book_v2", NULL);
	json_t *told = function("f3", 20, "check", "t2"),
	       *again = function("f4", 21, "check", "t2");
	_cleanup_(json_decrefp) json_t *d = NULL;

	json_object_set_new(failed, "status", json_integer(503));
	d = derive(
		failed, function("f2", 11, "book_v2", NULL), told, again,
		ended(60,
		      "[" INVOKED("t1", "book_v2", ",\"time_sec\":9.9") "," RESULT("t1", ",\"time_sec\":11.3") "," INVOKED(
			      "t2", "check",
			      "") "," INVOKED("t2", "check",
					      "") "," INVOKED("t3", "check",
							      "") "," RESULT("t3",
									     ",\"successful\":true") "]"),
		NULL);
	check_order(d, "book_v2 book_v2 book_v2 check check check call_ended");
	for (size_t i = 0; i < 4; i++) {
		const json_t *meta = json_object_get(at(d, "functions", i), "metadata");

		CHECK_STR(text(meta, "/tool_call_id"), i < 2 ? "t1" : "t2");
		CHECK_INT(get_int(meta, "attempt"), i % 2 + 1);
		CHECK_INT(get_int(meta, "attempts"), 2);
		CHECK_STR(text(meta, "/base_name"), i < 2 ? "book" : "check");
	}
	CHECK_MS(ms(at(d, "functions", 1), "/metadata/overhead_ms"), 1200.0);
	CHECK(json_is_null(json_object_get(json_object_get(at(d, "functions", 2), "metadata"),
					   "overhead_ms")));
	/* the error of the first attempt is between the attempts */
	CHECK_STR(text(at(d, "events", 1), "/event_type"), "error");
	/* nobody asked us for the last one */
	CHECK(json_is_true(json_at(at(d, "events", 5), "/metadata/not_seen")));
	CHECK_STR(text(at(d, "events", 5), "/function_status"), "success");
	CHECK_INT(json_integer_value(json_at(at(d, "events", 5), "/function_response/n")), 1);
}

/* Versions of one transcript: the most final one, and while there is none the longest, then the
 * latest. */
static void test_corrections(void)
{
	static const struct {
		const char *event, *said;
		int more;
		double at;
	} versions[] = {
		{"transcript_updated", "misheard", 0, 10},
		{"transcript_updated", "corrected", 0, 11},
		{NULL, "longer", 1, 9},
		{"call_ended", "final", 0, 30},
		{"transcript_updated", "straggler", 2, 40},
	};
	_cleanup_(json_decrefp) json_t *inputs = json_array();

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		_cleanup_(json_decrefp) json_t *d = NULL;
		json_t *list = json_pack("[{s:s, s:s, s:i, s:i}]", "role", "user", "content",
					 versions[i].said, "start", 1, "end", 2);

		for (int k = 0; k < versions[i].more; k++)
			json_array_append_new(
				list, json_pack("{s:s, s:s}", "role", "dtmf", "digit", "1"));
		json_array_append_new(
			inputs,
			input(versions[i].said, versions[i].event ? "event" : "function",
			      versions[i].at,
			      json_pack("{s:s?, s:s?, s:i, s:o}", "event", versions[i].event,
					"function", versions[i].event ? NULL : "f", "entries",
					1 + versions[i].more, "transcript", list)));
		call_keep_transcript(profile, inputs);
		CHECK_INT(call_derive(&d, profile, NULL, inputs), 0);
		CHECK_STR(text(at(d, "segments", 0), "/text"), versions[i < 3 ? i : 3].said);
	}
}

static void test_words(void)
{
	static const struct {
		const char *text;
		size_t words;
	} table[] = {
		{"", 0},
		{" …  – \n", 0},
		{"Käthe O'Neil-Weiß", 2},
		{"Grüß Gott, übermorgen um 15:30 Uhr?", 6},
		{"E-Mail-Adresse: k.o@example.com", 2},
		{"ja—nein…doch", 3},
		{"Färben & Föhnen", 2},
		{"p.m. 7b", 2},
		{"u\xcc\x88"
		 "bermorgen",
		 1},
		{"東京タワー", 3},
		{"안녕하세요 여러분", 2},
		{"\xff\xfe ok", 1},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		CHECK_INT(word_count(table[i].text), table[i].words);
}

/* `n` functions, each of an invocation with five entries around it; half of them have to be found
 * by their arguments, all of which are the same; and as many webhooks. */
static double time_of(size_t n)
{
	_cleanup_(json_decrefp) json_t *inputs = json_array(), *d = NULL;
	json_t *list = json_array();
	struct timespec before, after;
	char id[32], tool[32];

	for (size_t i = 0; i < n; i++) {
		double now = (double)i * 2;
		json_t *f, *event;

		snprintf(id, sizeof(id), "f%zu", i);
		snprintf(tool, sizeof(tool), "t%zu", i);
		f = function(id, now + 1, "check", i % 2 ? tool : NULL);
		if (i % 4 == 0)
			json_object_set_new(f, "status", json_integer(500));
		json_array_append_new(inputs, f);
		snprintf(id, sizeof(id), "e%zu", i);
		event = input(id, "event", now + 1.5,
			      json_pack("{s:s}", "event", "transfer_started"));
		json_array_append_new(inputs, event);
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:f, s:f}", "role", "user", "content",
						"ja bitte", "start", now, "end", now + 0.5));
		json_array_append_new(list, json_pack("{s:s}", "role", "node_transition"));
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "role",
						      "tool_call_invocation", "tool_call_id", tool,
						      "name", "check", "arguments", "{}"));
		json_array_append_new(list, json_pack("{s:s, s:s}", "role", "tool_call_result",
						      "tool_call_id", tool));
		json_array_append_new(list, json_pack("{s:s, s:s}", "role", "dtmf", "digit", "1"));
	}
	json_array_append_new(
		inputs,
		input("ended", "event", (double)n * 2,
		      json_pack("{s:s, s:I, s:o, s:{s:I, s:I, s:s}}", "event", "call_ended",
				"entries", (json_int_t)json_array_size(list), "transcript", list,
				"call", "start_timestamp", (json_int_t)START_MS, "end_timestamp",
				(json_int_t)(START_MS + (json_int_t)n * 2000),
				"disconnection_reason", "user_hangup")));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	CHECK_INT(call_derive(&d, profile, NULL, inputs), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	CHECK_INT(json_array_size(json_object_get(d, "functions")), n);
	CHECK_INT(json_array_size(json_object_get(d, "segments")), 2 * n);
	return (double)(after.tv_sec - before.tv_sec) +
	       (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

/* Eight times as much takes 64 times as long where something looks at everything for everything. */
static void test_growth(void)
{
	double small = time_of(500), large = time_of(4000);

	if (getenv("CALLTRACE_TIMES"))
		printf("500 functions: %.1f ms, 4000: %.1f ms\n", small * 1e3, large * 1e3);
	CHECK(large < 25 * small);
}

int main(void)
{
	CHECK_INT(profile_open(&profile, NULL), 0);
	test_words();
	test_causes_come_first();
	test_least_moves();
	test_sent_anew();
	test_attempts();
	test_corrections();
	test_growth();
	profile_close(profile);
	return 0;
}
