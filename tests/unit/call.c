/* SPDX-License-Identifier: MIT */
/*
 * A call's record does not depend on the order its messages come in, nor on how often: every
 * permutation through the real writer and store gives the same JSON.
 */
#include "call.h"

#include <inttypes.h>

#include "assemble.h"
#include "cleanup.h"
#include "clock.h"
#include "deliver.h"

#define INPUTS 5

static struct functions *functions;
static struct request *requests[INPUTS];

static const char started[] = "{\"event\":\"call_started\",\"call\":{\"call_id\":\"" CALL_ID
			      "\",\"call_status\":\"ongoing\",\"start_timestamp\":1772442000137,"
			      "\"metadata\":{\"company_id\":15,\"customer_id\":\"c7\"}}}";

#define SAID                                                                                          \
	"{\"role\":\"agent\",\"content\":\"Guten Tag\",\"words\":[{\"word\":\"Guten\",\"start\":0.5," \
	"\"end\":0.9},{\"word\":\"Tag\",\"start\":1,\"end\":1.2}]},"                                  \
	"{\"role\":\"node_transition\",\"former_node_name\":\"a\",\"new_node_name\":\"b\"},"          \
	"{\"role\":\"user\",\"content\":\"Ich bin Käthe Öttinger\",\"words\":[{\"word\":\"Ich\","   \
	"\"start\":2,\"end\":19}]},"                                                                  \
	"{\"role\":\"tool_call_invocation\",\"tool_call_id\":\"t1\",\"name\":"                        \
	"\"book_appointment_v17\",\"arguments\":\"{\\\"customer_name\\\":\\\"Käthe Öttinger\\\","   \
	"\\\"date\\\":\\\"2026-03-04\\\",\\\"call_id\\\":\\\"1\\\"}\"},"                              \
	"{\"role\":\"tool_call_result\",\"tool_call_id\":\"t1\",\"content\":\"no\"}"

static const char updated[] =
	"{\"event\":\"transcript_updated\",\"call\":{\"call_id\":\"" CALL_ID
	"\",\"call_status\":\"ongoing\",\"transcript_with_tool_calls\":[" SAID "]}}";

static const char ended[] =
	"{\"event\":\"call_ended\",\"call\":{\"call_id\":\"" CALL_ID
	"\",\"call_status\":\"ended\",\"start_timestamp\":1772442000137,"
	"\"end_timestamp\":1772442082579,\"duration_ms\":82442,"
	"\"disconnection_reason\":\"user_hangup\",\"transcript_with_tool_calls\":[" SAID
	",{\"role\":\"tool_call_invocation\",\"tool_call_id\":\"t2\",\"name\":\"other\","
	"\"arguments\":\"{}\"},{\"role\":\"dtmf\",\"digit\":\"1\"}]}}";

static struct request *event(uint64_t seq, uint64_t at, uint64_t sent_ms, const char *body)
{
	struct request *request;
	char signature[32];
	struct frames f;

	snprintf(signature, sizeof(signature), "v=%" PRIu64, sent_ms);
	frames_init(&f);
	add_request(&f, seq, at);
	add_params(&f, "POST", "/webhook", signature);
	add_body(&f, body);
	add_output(&f, "\r\n\r\n{}");
	add_end(&f, CT_END_DONE);
	request = assemble(&f, functions);
	frames_deinit(&f);
	return request;
}

static struct request *booking(uint64_t seq, uint64_t at)
{
	struct request *request;
	struct frames f;

	frames_init(&f);
	add_functions(&f);
	add_failing_booking(&f, seq, at);
	request = assemble(&f, functions);
	frames_deinit(&f);
	return request;
}

/* The first one once more, as after a collector that died before it released the ring. */
static json_t *record_in_order(const struct profile *profile, const unsigned int *order)
{
	unsigned int again[INPUTS + 1];

	memcpy(again, order, INPUTS * sizeof(*order));
	again[INPUTS] = order[0];
	return deliver(profile, functions, requests, again, INPUTS + 1, CALL_ID);
}

static const char *string(const json_t *json, const char *path)
{
	return json_string_value(json_at(json, path));
}

static void check_record(const json_t *all)
{
	const json_t *session = json_object_get(all, "session"), *event;
	const json_t *events = json_object_get(all, "events");
	const json_t *trace = json_array_get(json_object_get(all, "functions"), 0);
	const json_t *errors = json_object_get(all, "errors"), *error = json_array_get(errors, 0);
	const json_t *said = json_array_get(json_object_get(all, "segments"), 1);
	double before = -1;
	size_t i;

	CHECK_STR(string(session, "/call_status"), "completed");
	CHECK_STR(string(session, "/company_id"), "15");
	CHECK_STR(string(session, "/metadata/clock/source"), "signature");
	CHECK_INT(json_integer_value(json_at(session, "/function_call_count")), 1);
	CHECK_INT(json_integer_value(json_at(session, "/transcript_segment_count")), 3);
	CHECK_STR(string(trace, "/metadata/tool_call_id"), "t1");
	CHECK_STR(string(trace, "/metadata/base_name"), "book_appointment");
	CHECK_STR(string(error, "/error_code"), "HTTP_503");
	CHECK_INT(json_array_size(errors), 1);
	CHECK(json_is_true(json_at(error, "/booking_failed")));
	/* started, two utterances, transition, call, its error, unseen call, dtmf, ended once
	 * though delivered twice */
	CHECK_INT(json_array_size(events), 9);
	json_array_foreach (events, i, event) {
		double at = json_number_value(json_at(event, "/call_offset_ms"));

		CHECK(at >= before);
		before = at;
		CHECK_INT(json_integer_value(json_at(event, "/event_sequence")), i + 1);
	}
	CHECK_STR(string(json_array_get(events, 8), "/metadata/event"), "call_ended");
	CHECK_INT(json_integer_value(json_at(json_array_get(events, 8), "/metadata/deliveries")),
		  2);
	CHECK_STR(string(said, "/text"), "Ich bin [NAME_REDACTED]");
	CHECK_STR(string(said, "/related_function_trace_id"), string(trace, "/id"));
	CHECK_STR(string(trace, "/metadata/segment_id"), string(said, "/id"));
}

static void test_permutations(const struct profile *profile)
{
	unsigned int order[INPUTS] = {0, 1, 2, 3, 4};
	json_t *first = record_in_order(profile, order);

	check_record(first);
	while (next_permutation(order, INPUTS)) {
		json_t *other = record_in_order(profile, order);

		check_same(other, first, "another order");
		json_decref(other);
	}
	json_decref(first);
}

/* Two signed requests, as many milliseconds after the first as they say. */
static void clock_is(const struct profile *profile, json_int_t came_after_ms,
		     json_int_t sent_after_ms, const char *source, json_int_t place_ms)
{
	const json_int_t start = 1772442000137, sent = 1772442000437, came = 1795000000000;
	_cleanup_(json_decrefp) json_t *inputs =
		json_pack("[{s:I, s:I}, {s:I, s:I}]", "started_at", came * 1000000, "signature_ms",
			  sent, "started_at", (came + came_after_ms) * 1000000, "signature_ms",
			  sent + sent_after_ms);
	_cleanup_(json_decrefp) json_t *call = json_pack("{s:I}", "start_timestamp", start);
	const json_t *second = json_array_get(inputs, 1);
	struct call_clock clock;

	clock_estimate(&clock, profile, inputs, call);
	CHECK_STR(clock.source, source);
	CHECK_INT(clock_place(&clock, second,
			      json_integer_value(json_object_get(second, "started_at"))) /
			  1000000,
		  place_ms);
}

static void test_clock(const struct profile *profile)
{
	clock_is(profile, 20000, 20010, "signature", 20310); /* the second was the quicker */
	clock_is(profile, 20000, 20000, "signature", 20300);
	clock_is(profile, 24000, 20000, "signature", 24300); /* and waited for four seconds */
	clock_is(profile, 500, 83042, "replayed", 83342);
}

static void test_booking(const struct profile *p)
{
	CHECK(profile_booking(p, "book_appointment_v17"));
	CHECK(profile_booking(p, "termin_buchen"));
	CHECK(!profile_booking(p, "notebook_order"));
}

int main(void)
{
	struct profile *profile;

	CHECK_INT(functions_new(&functions), 0);
	CHECK_INT(profile_open(&profile, NULL), 0);
	test_booking(profile);
	test_clock(profile);
	requests[0] = event(1, 1772442000440000000, 1772442000437, started);
	requests[1] = booking(2, 1772442020200000000);
	requests[2] = event(3, 1772442030200000000, 1772442030137, updated);
	requests[3] = event(4, 1772442083200000000, 1772442083137, ended);
	requests[4] = event(5, 1772442085200000000, 1772442085137, ended);
	test_permutations(profile);
	for (unsigned int i = 0; i < INPUTS; i++)
		request_free(requests[i]);
	profile_close(profile);
	functions_free(functions);
	return 0;
}
