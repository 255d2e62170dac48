/* SPDX-License-Identifier: MIT */
/* A crash as a producer tells it, a hostile one too: what is kept of it, and when it was one. */
#include "crash.h"

#include "assemble.h"
#include "cleanup.h"
#include "source.h"
#include "value.h"

CLEANUP_DEFINE(struct redact *, redact_free);

static struct functions *functions;
static struct frames f;

static void begin(void)
{
	msgpack_sbuffer_clear(&f.out);
	add_functions(&f);
	add_request(&f, 1, 1772442020200000000);
	add_enter(&f, 1, NULL);
	add_enter(&f, 2, NULL);
}

static void add_crash(const char *map)
{
	_cleanup_(json_decrefp) json_t *json = json_loads(map, 0, NULL);
	msgpack_packer *pk = frame_timed(&f, CT_FRAME_CRASH, 3);

	CHECK(json);
	CHECK_INT(value_pack(pk, json), 0);
	frame_end(&f);
}

static json_t *built(const struct request *request, struct redact *redact)
{
	json_t *crash = crash_build(request, redact);

	CHECK(crash);
	return crash;
}

static json_t *crash_of(const char *map)
{
	_cleanup_(redact_freep) struct redact *redact = NULL;
	_cleanup_(json_decrefp) json_t *learned =
		json_pack("{s:s}", "customer_phone", "+4915012345678");
	struct request *request;
	json_t *crash;

	begin();
	add_crash(map);
	add_end(&f, CT_END_CRASHED);
	request = assemble(&f, functions);
	CHECK_INT(redact_new(&redact), 0);
	CHECK_INT(redact_learn(redact, learned, REDACT_PAYLOAD), 0);
	crash = built(request, redact);
	request_free(request);
	return crash;
}

static void check_text(const json_t *json, const char *path, const char *wanted)
{
	CHECK_STR(json_string_value(json_at(json, path)), wanted);
}

static void test_what_is_told(void)
{
	_cleanup_(json_decrefp) json_t *title = NULL, *innermost = NULL;
	_cleanup_(json_decrefp) json_t *crash = crash_of(
		"{\"signal\":\"SIGSEGV\",\"code\":1,\"address\":8,\"sender\":null,\"thread\":null,"
		"\"stack_overflow\":false,\"native\":[[\"libc.so.6\",1401369,\"strlen\",25],"
		"[null,140000000000000,null,0]],\"native_cut\":true,"
		"\"modules\":{\"libc.so.6\":\"93ac61ec5a8eb1396f9fbd350e3169a558528a40\"},"
		"\"php\":[[\"/srv/app/x.php\",3,null,null],17,[null,0,\"App\\\\Booking\",\"book\"]],"
		"\"in_agent\":false}");

	check_text(crash, "/signal", "SIGSEGV");
	check_text(crash, "/reason", "address not mapped");
	check_text(crash, "/address", "0x8");
	check_text(crash, "/native/0/offset", "0x156219");
	check_text(crash, "/native/0/symbol_offset", "0x19");
	CHECK(!json_at(crash, "/native/1/module"));
	check_text(crash, "/modules/libc.so.6", "93ac61ec5a8eb1396f9fbd350e3169a558528a40");
	CHECK_INT(json_integer_value(json_at(crash, "/php/1/left_out")), 17);
	check_text(crash, "/php/2/class", "App\\Booking");
	CHECK(json_is_true(json_at(crash, "/native_cut")));
	CHECK(json_is_false(json_at(crash, "/in_agent")));
	title = crash_title(crash);
	CHECK_STR(json_string_value(title), "SIGSEGV, address not mapped: 0x8");
	innermost = crash_innermost(crash);
	check_text(innermost, "/0", "libc.so.6+0x156219 strlen+0x19");
	check_text(innermost, "/1", "(no module)+0x7f544a44c000");
}

static void check_reason(const char *signal, int code, const char *sender, const char *wanted)
{
	_cleanup_(json_decrefp) json_t *crash = NULL;
	char map[160];

	snprintf(map, sizeof(map), "{\"signal\":\"%s\",\"code\":%d,\"sender\":%s}", signal, code,
		 sender);
	crash = crash_of(map);
	check_text(crash, "/reason", wanted);
	CHECK_INT(json_array_size(json_at(crash, "/native")), 0);
}

static void test_reasons(void)
{
	check_reason("SIGSEGV", 2, "null", "no permission for the address");
	check_reason("SIGSEGV", 77, "null", "code 77");
	check_reason("SIGFPE", 1, "null", "integer division by zero");
	check_reason("SIGABRT", -6, "null", "raised by the process itself");
	check_reason("SIGBUS", 0, "4711", "sent by process 4711");
}

/* Only the signals that there are: a code is made of the name. */
static void test_no_signal(void)
{
	static const char *const maps[] = {
		"{}",
		"{\"signal\":\"SIGHUP\",\"code\":1}",
		"{\"signal\":\"+4915012345678\"}",
		"{\"signal\":[\"SIGSEGV\"]}",
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		_cleanup_(json_decrefp) json_t *crash = crash_of(maps[i]);

		CHECK(json_is_null(crash));
	}
}

static void test_every_text_is_redacted(void)
{
	_cleanup_(json_decrefp) json_t *crash = crash_of(
		"{\"signal\":\"SIGSEGV\",\"code\":1,\"address\":\"+4915012345678\",\"sender\":\"+4915012345678\","
		"\"thread\":\"+4915012345678\",\"native\":[[\"+4915012345678\",\"+4915012345678\","
		"\"+4915012345678\",\"+4915012345678\"]],\"modules\":{\"+4915012345678\":\"93ac\","
		"\"libc.so.6\":\"+4915012345678\",\"x\":[\"+4915012345678\"]},"
		"\"php\":[[\"/eval/+4915012345678\",\"+4915012345678\",\"C+4915012345678\",\"f+4915012345678\"],"
		"{\"+4915012345678\":\"+4915012345678\"}],\"in_agent\":\"+4915012345678\","
		"\"native_cut\":\"+4915012345678\",\"code\":\"+4915012345678\",\"+4915012345678\":1}");
	_cleanup_(freep) char *text = json_dumps(crash, 0);

	CHECK(json_is_object(crash));
	CHECK(!strstr(text, "4915012345678"));
	check_text(crash, "/thread", "[PHONE_REDACTED]");
}

/* No more than a producer of ours has, and no fault over shapes. */
static void test_bounds(void)
{
	_cleanup_(json_decrefp) json_t *crash = NULL, *map = json_pack("{s:s}", "signal", "SIGBUS");
	json_t *frames = json_array();
	_cleanup_(freep) char *text = NULL;

	for (unsigned int i = 0; i < 2000; i++)
		json_array_append_new(
			frames, json_pack("[s, i, n, s]", "/srv/app/a/long/path.php", i, "f"));
	json_object_set(map, "native", frames);
	json_object_set_new(map, "php", frames);
	text = json_dumps(map, 0);
	crash = crash_of(text);
	CHECK_INT(json_array_size(json_at(crash, "/native")), 100);
	CHECK_INT(json_array_size(json_at(crash, "/php")), 100);
	json_decref(crash);
	crash = crash_of(
		"{\"signal\":\"SIGILL\",\"native\":{\"a\":1},\"php\":7,\"modules\":[1,2]}");
	CHECK_INT(json_array_size(json_at(crash, "/native")), 0);
	CHECK_INT(json_object_size(json_at(crash, "/modules")), 0);
}

#define CRASH "{\"signal\":\"SIGSEGV\",\"code\":1}"

/* Of what there is so far. */
static enum request_state state(bool gone, bool *ret_crashed, uint8_t *ret_left)
{
	struct request *request = assemble(&f, functions);
	enum request_state found;

	if (gone)
		request_cut_off(request, 0);
	found = request->state;
	*ret_crashed = request->crash.map_size;
	*ret_left = request->calls[1].left;
	request_free(request);
	return found;
}

static void test_when_it_was_one(void)
{
	bool crashed;
	uint8_t left;

	begin();
	add_crash(CRASH);
	add_lost(&f, "calls", 3);
	add_end(&f, CT_END_CRASHED);
	CHECK_INT(state(false, &crashed, &left), REQUEST_CUT_OFF);
	CHECK(crashed && left == CALL_OPEN);

	begin();
	add_output(&f, "Status: 200 OK\r\n\r\n{}");
	add_crash(CRASH);
	add_end(&f, CT_END_CRASHED);
	CHECK_INT(state(false, &crashed, &left), REQUEST_DONE);
	CHECK(crashed && left == CALL_OPEN);

	/* A handler of somebody else's ended the process… */
	begin();
	add_crash(CRASH);
	CHECK_INT(state(true, &crashed, &left), REQUEST_CUT_OFF);
	CHECK(crashed && left == CALL_OPEN);
	begin();
	add_crash(CRASH);
	add_leave_how(&f, CT_LEAVE_UNWOUND, 0);
	add_leave_how(&f, CT_LEAVE_UNWOUND, 0);
	add_end(&f, CT_END_EXIT);
	CHECK_INT(state(false, &crashed, &left), REQUEST_EXIT);
	CHECK(crashed && left == CALL_UNWOUND);

	/* … or saved it. */
	begin();
	add_crash(CRASH);
	add_leave(&f);
	add_leave(&f);
	add_end(&f, CT_END_DONE);
	CHECK_INT(state(false, &crashed, &left), REQUEST_DONE);
	CHECK(!crashed && left == CALL_DISCARDED);
}

int main(void)
{
	frames_init(&f);
	CHECK_INT(functions_new(&functions), 0);
	test_what_is_told();
	test_reasons();
	test_no_signal();
	test_every_text_is_redacted();
	test_bounds();
	test_when_it_was_one();
	functions_free(functions);
	frames_deinit(&f);
	return 0;
}
