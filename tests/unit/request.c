/* SPDX-License-Identifier: MIT */
/* Assembly: pairing, how calls are left, exceptions, bounds; and what a request says as HTTP. */
#include "request.h"

#include "assemble.h"
#include "cleanup.h"
#include "http.h"
#include "note.h"
#include "source.h"
#include "summary.h"

static struct functions *functions;
static struct frames f;

static void begin(void)
{
	msgpack_sbuffer_clear(&f.out);
	add_functions(&f);
	add_request(&f, 1, 1772442020200000000);
}

static void test_pairing(void)
{
	struct request *r;

	begin();
	add_enter(&f, 1, "a");
	add_enter(&f, 2, NULL);
	add_leave(&f);
	add_enter(&f, 2, NULL);
	add_leave_how(&f, CT_LEAVE_YIELD, 0);
	add_leave(&f);
	add_enter(&f, 3, NULL);
	add_end(&f, CT_END_DONE);
	r = assemble(&f, functions);
	CHECK_INT(r->call_count, 4);
	CHECK_INT(r->calls[0].parent, 0);
	CHECK_INT(r->calls[1].parent, 1);
	CHECK_INT(r->calls[2].parent, 1);
	CHECK_INT(r->calls[2].left, CALL_YIELD);
	CHECK_INT(r->calls[3].parent, 0);
	CHECK_INT(r->calls[3].left, CALL_UNWOUND);
	CHECK_INT(r->calls[0].left, CALL_DISCARDED);
	CHECK_INT(r->calls[0].start_ns, 1000);
	CHECK_INT(r->calls[0].duration_ns, 5000);
	CHECK_INT(r->calls[0].inside_ns, 2000);
	CHECK_INT(r->state, REQUEST_DONE);
	request_free(r);
}

static void test_cut_off(void)
{
	struct request *r;

	begin();
	add_enter(&f, 1, "a");
	add_enter(&f, 2, NULL);
	r = assemble(&f, functions);
	request_cut_off(r, 0);
	CHECK_INT(r->calls[0].left, CALL_OPEN);
	CHECK_INT(r->calls[1].left, CALL_OPEN);
	CHECK_INT(r->state, REQUEST_CUT_OFF);
	request_free(r);

	add_output(&f, "\r\n\r\nok");
	r = assemble(&f, functions);
	request_cut_off(r, 0);
	CHECK_INT(r->state, REQUEST_DONE);
	request_free(r);
}

static void test_stray_leave(void)
{
	struct request *r;

	begin();
	add_leave(&f);
	add_end(&f, CT_END_DONE);
	r = assemble(&f, functions);
	CHECK_INT(r->call_count, 0);
	CHECK_INT(r->lost[CT_LOST_CALLS], 1);
	request_free(r);
}

/* caught, then it turns out that it was only passing a finally; thrown again and really caught */
static void test_exceptions(void)
{
	struct request *r;

	begin();
	add_enter(&f, 1, "a");
	add_enter(&f, 2, NULL);
	add_throw(&f, 5, "RuntimeException", "no");
	add_catch(&f, 5, 2);
	add_leave_how(&f, CT_LEAVE_EXCEPTION, 5);
	r = assemble(&f, functions);
	CHECK_INT(r->thrown_count, 1);
	CHECK(!r->thrown[0].caught);
	CHECK_INT(r->calls[1].left, CALL_EXCEPTION);
	CHECK_INT(r->calls[1].thrown, 1);
	request_free(r);

	add_throw(&f, 5, "RuntimeException", "no");
	add_catch(&f, 5, 1);
	add_throw(&f, 5, "LogicException", "another one with a number that is free again");
	add_end(&f, CT_END_DONE);
	r = assemble(&f, functions);
	CHECK_INT(r->thrown_count, 2);
	CHECK(r->thrown[0].caught);
	CHECK_INT(r->thrown[0].caught_fn, 1);
	CHECK(!r->thrown[1].caught);
	CHECK_INT(r->calls[0].left, CALL_UNWOUND);
	request_free(r);
}

static void test_bounds(void)
{
	struct request *r;

	begin();
	for (unsigned int i = 0; i < REQUEST_CALLS_MAX + 10; i++) {
		add_enter(&f, 2, NULL);
		add_leave(&f);
	}
	add_end(&f, CT_END_DONE);
	r = assemble(&f, functions);
	CHECK_INT(r->call_count, REQUEST_CALLS_MAX);
	CHECK_INT(r->lost[CT_LOST_CALLS], 10);
	CHECK_INT(lanes_depth(&r->lanes), 0);
	request_free(r);
}

static void body_is(const char *type, const char *body, const char *want)
{
	_cleanup_(exchange_deinit) struct exchange x = {0};
	_cleanup_(freep) char *text = NULL;
	msgpack_packer *pk;
	struct request *r;

	begin();
	pk = frame_timed(&f, CT_FRAME_PARAMS, 3);
	msgpack_pack_map(pk, 3);
	text_pair(pk, "REQUEST_URI", "/a/b?x=1&y=%C3%A4+z&x=2");
	text_pair(pk, "CONTENT_TYPE", type);
	text_pair(pk, "HTTP_X_Retell_Call_Id", "c");
	frame_end(&f);
	add_body(&f, body);
	add_output(&f, "Status: 422 Unprocessable\r\nX: y\r\n\r\n{\"a\":[1]}");
	r = assemble(&f, functions);
	CHECK_INT(exchange_read(&x, r), 0);
	text = x.body ? json_dumps(x.body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	CHECK_STR(text, want);
	CHECK_STR(json_string_value(x.path), "/a/b");
	CHECK_STR(json_string_value(json_object_get(x.query, "x")), "2");
	CHECK_STR(json_string_value(json_object_get(x.query, "y")), "ä z");
	CHECK_STR(json_string_value(json_object_get(x.headers, "x-retell-call-id")), "c");
	CHECK_INT(x.status, 422);
	CHECK(x.response_json);
	request_free(r);
}

static void test_http(void)
{
	char deep[400];

	body_is("application/json", "{\"a\":1}", "{\"a\":1}");
	body_is("application/json", "{\"a\":", NULL);
	body_is("application/x-www-form-urlencoded", "a=b%20c&d", "{\"a\":\"b c\",\"d\":\"\"}");
	body_is("application/x-www-form-urlencoded", "%=%4&&=%zz", "{\"%\":\"%4\",\"\":\"%zz\"}");
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = 0;
	body_is("application/json", deep, NULL);
}

/* The cause is what the application caught, the outbound call is the failing one. */
static void test_summary(void)
{
	_cleanup_(json_decrefp) json_t *summary = NULL;
	struct redact *redact;
	struct request *r;

	msgpack_sbuffer_clear(&f.out);
	add_functions(&f);
	add_failing_booking(&f, 1, 1);
	r = assemble(&f, functions);
	CHECK_INT(redact_new(&redact), 0);
	CHECK_INT(summary_build(&summary, r, functions, redact), 0);
	CHECK_INT(json_integer_value(json_object_get(summary, "cause")), 0);
	CHECK_INT(json_array_size(json_object_get(summary, "outbound")), 1);
	CHECK_INT(json_integer_value(json_object_get(summary, "external_api_calls")), 1);
	CHECK_STR(json_string_value(json_object_get(summary, "handler")), "App\\Handler::handle");
	redact_free(redact);
	request_free(r);
}

#define STACK                                                                                       \
	"{\"class\":null,\"file\":\"/srv/app/Booking.php\",\"function\":\"curl_exec\",\"line\":0}," \
	"{\"omitted\":5},"                                                                          \
	"{\"class\":\"App\\\\Handler\",\"file\":\"/srv/app/Booking.php\",\"function\":\"handle\","  \
	"\"line\":7}"

static void note_is(const struct request *r, size_t i, const char *want)
{
	_cleanup_(json_decrefp) json_t *note = note_json(r, functions, i);
	_cleanup_(freep) char *text = note ? json_dumps(note, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	CHECK_STR(text ?: "(goes on)", want);
}

/* Pieces of overlapping transfers, of which one ends in another function, and of a call. */
static void test_notes(void)
{
	_cleanup_(json_decrefp) json_t *summary = NULL;
	struct redact *redact;
	struct request *r;

	msgpack_sbuffer_clear(&f.out);
	add_functions(&f);
	add_request(&f, 1, 1);
	add_enter(&f, 1, NULL);
	add_note_begun(&f, "http://a/", 1);
	add_note_begun(&f, "http://b/", 2);
	add_enter(&f, 3, NULL);
	add_note_more(&f, 2, "status", 502);
	add_note_http(&f, "http://c/", 200);
	add_note_more(&f, 0, "status", 404);
	add_note_more(&f, 2, "total_us", 2500);
	add_leave(&f);
	add_leave(&f);
	add_end(&f, CT_END_DONE);
	r = assemble(&f, functions);
	CHECK_INT(r->note_count, 6);
	note_is(r, 0, "{\"id\":1,\"kind\":\"http\",\"stack\":[" STACK "],\"url\":\"http://a/\"}");
	note_is(r, 1,
		"{\"id\":2,\"kind\":\"http\",\"stack\":[" STACK
		"],\"status\":502,\"total_us\":2500,\"url\":\"http://b/\"}");
	note_is(r, 2, "(goes on)");
	note_is(r, 3,
		"{\"kind\":\"http\",\"method\":\"POST\",\"status\":404,\"total_us\":1500,"
		"\"url\":\"http://c/\"}");
	CHECK_INT(redact_new(&redact), 0);
	CHECK_INT(summary_build(&summary, r, functions, redact), 0);
	CHECK_INT(json_integer_value(json_at(summary, "/outbound_kinds/http/count")), 3);
	CHECK_INT(json_array_size(json_object_get(summary, "outbound")), 2);
	redact_free(redact);
	request_free(r);
}

int main(void)
{
	frames_init(&f);
	CHECK_INT(functions_new(&functions), 0);
	test_pairing();
	test_cut_off();
	test_stray_leave();
	test_exceptions();
	test_bounds();
	test_http();
	test_summary();
	test_notes();
	functions_free(functions);
	frames_deinit(&f);
	return 0;
}
