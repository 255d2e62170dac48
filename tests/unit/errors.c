/* SPDX-License-Identifier: MIT */
/*
 * Errors, derived from hand-written inputs: what each source comes to, the chain, what was handled,
 * how it is known that a provider gave up, and rules.
 */
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "cleanup.h"
#include "record.h"

#define START_MS  1772442000000ll
#define SECOND_NS 1000000000ll

CLEANUP_DEFINE(struct rules *, rules_close);

static struct profile *profile;

static const char *text(const json_t *json, const char *path)
{
	return json_string_value(json_at(json, path));
}

/* An input as text, of a call, at so many seconds of it. */
static json_t *input(const char *id, double at, const char *more)
{
	json_int_t ns = START_MS * 1000000 + (json_int_t)(at * 1e9);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:i, s:s, s:I, s:s, s:b}",
				 "id", id, "kind", "function", "call_id", "call_1", "function",
				 "check", "started_at", ns, "duration_ns", SECOND_NS, "state",
				 "done", "status", 200, "hash", id, "signature_ms",
				 (json_int_t)(ns / 1000000), "provider", "retell", "answered", 1);
	json_error_t error;
	json_t *given = json_loads(more, 0, &error);

	if (!given)
		fprintf(stderr, "%s: %s\n", error.text, more);
	CHECK(given);
	json_object_update_new(json, given);
	return json;
}

static json_t *derive_by(const struct rules *rules, json_t *inputs)
{
	json_t *result;

	CHECK_INT(call_derive(&result, profile, rules, inputs), 0);
	json_decref(inputs);
	return result;
}

/* Of one request. */
static json_t *derive(const char *more)
{
	return derive_by(NULL, json_pack("[o]", input("f1", 10, more)));
}

static const json_t *error_of(const json_t *derived, size_t i)
{
	return json_array_get(json_object_get(derived, "errors"), i);
}

static size_t errors_in(const json_t *derived)
{
	return json_array_size(json_object_get(derived, "errors"));
}

static const json_t *trace_of(const json_t *derived, size_t i)
{
	return json_array_get(json_object_get(derived, "functions"), i);
}

#define APP_EXCEPTION                                                                         \
	"{\"class\":\"App\\\\Gone\",\"message\":\"gone\",\"code\":7,\"file\":\"/srv/a.php\"," \
	"\"line\":5,\"trace\":[{\"file\":\"/srv/b.php\",\"line\":9,\"class\":\"App\\\\B\","   \
	"\"function\":\"run\"}],\"previous\":{\"class\":\"GuzzleHttp\\\\Exception\\\\"        \
	"ServerException\",\"message\":\"503\\nno\",\"file\":\"/srv/g.php\",\"line\":3,"      \
	"\"trace\":[]},\"offset_ms\":20,\"caught\":{\"function\":\"App\\\\H::handle\","       \
	"\"file\":\"/srv/h.php\",\"line\":12,\"offset_ms\":21}}"
#define CAUGHT "\"cause\":0,\"telling\":[0],\"exceptions\":[" APP_EXCEPTION "]"
#define OUTBOUND(method, status, error, recovered)                                        \
	"\"outbound\":[{\"method\":\"" method "\",\"url\":\"https://api.example.com/b\"," \
	"\"status\":" #status ",\"error\":" #error ",\"duration_ms\":3,\"offset_ms\":10," \
	"\"recovered\":" #recovered "}]"
#define PHP_ERROR(type, message)                                           \
	"\"php_errors\":[{\"type\":" #type ",\"message\":\"" message "\"," \
	"\"file\":\"/srv/w.php\",\"line\":4,\"offset_ms\":5,\"count\":1}]"
#define FAILED	"\"response\":{\"success\":false,\"error\":\"no\"}"
#define OK	"\"response\":{\"success\":true}"
#define BOOKED	"\"response\":{\"success\":true,\"booked\":true}"
#define BOOKING "\"function\":\"book_appointment_v17\""

/* What one request comes to. "-": there is no error. */
static const struct {
	const char *input, *status, *code, *type, *severity;
	bool handled, booking_failed;
} sources[] = {
	/* not failures */
	{"{" OK "}", "success", "-"},
	{"{\"response\":{\"success\":true,\"available\":false}}", "success", "-"},
	{"{\"response\":{\"error\":\"\",\"ok\":1}}", "success", "-"},
	{"{\"state\":\"pending\",\"answered\":false}", "pending", "-"},
	{"{\"state\":\"pending\",\"answered\":true," OK "}", "success", "-"},
	{"{" OK ",\"summary\":{" PHP_ERROR(8192, "old") "}}", "success", "-"},
	{"{" OK ",\"summary\":{" PHP_ERROR(8, "undefined") "}}", "success", "-"},
	/* by the answer */
	{"{\"response\":{\"booked\":false}}", "error", "FUNCTION_FAILED", "function_error",
	 "medium"},
	{"{\"response\":{\"status\":\"error\"}}", "error", "FUNCTION_FAILED", "function_error",
	 "medium"},
	{"{\"response\":{\"error\":{\"code\":\"SLOT_TAKEN\"}}}", "error", "SLOT_TAKEN",
	 "function_error", "medium"},
	{"{\"status\":404}", "error", "HTTP_404", "function_error", "medium"},
	{"{\"status\":422}", "error", "VALIDATION", "validation_error", "medium"},
	{"{\"state\":\"pending\",\"status\":500}", "error", "HTTP_500", "function_error", "medium"},
	{"{\"status\":null,\"exit_status\":3}", "error", "EXIT_3", "function_error", "medium"},
	/* by what went before */
	{"{" FAILED ",\"summary\":{" CAUGHT "}}", "error", "Gone", "api_error", "high"},
	{"{" FAILED ",\"summary\":{" OUTBOUND("POST", 503, 0, false) "," CAUGHT "}}", "error",
	 "HTTP_503", "api_error", "high"},
	{"{" FAILED ",\"summary\":{" OUTBOUND("POST", 0, 28, false) "}}", "error",
	 "OUTBOUND_TIMEOUT", "api_error", "high"},
	{"{" FAILED ",\"summary\":{" OUTBOUND("POST", 0, 7, false) "}}", "error", "OUTBOUND_FAILED",
	 "api_error", "high"},
	{"{\"status\":500,\"summary\":{" PHP_ERROR(1, "Allowed memory size") "}}", "error",
	 "PHP_FATAL", "system_error", "high"},
	/* it had begun to answer, and then died */
	{"{\"response\":null,\"summary\":{" PHP_ERROR(1, "Allowed memory size") "}}", "error",
	 "PHP_FATAL", "system_error", "high"},
	{"{\"state\":\"cut_off\"}", "error", "WORKER_DIED", "system_error", "high"},
	{"{\"state\":\"aborted\"}", "timeout", "PROVIDER_GAVE_UP", "api_error", "high"},
	/* a code in the answer replaces the code, but for what the answer cannot know */
	{"{\"response\":{\"success\":false,\"code\":\"X9\"},\"summary\":{" CAUGHT "}}", "error",
	 "X9", "api_error", "high"},
	{"{\"state\":\"cut_off\",\"response\":{\"error_code\":\"X9\"}}", "error", "WORKER_DIED",
	 "system_error", "high"},
	/* handled: the answer is a success */
	{"{" OK ",\"summary\":{" CAUGHT "}}", "success", "Gone", "api_error", "medium", true},
	{"{" OK ",\"summary\":{" OUTBOUND("GET", 503, 0, false) "}}", "success", "HTTP_503",
	 "api_error", "medium", true},
	{"{" OK ",\"summary\":{" OUTBOUND("GET", 503, 0, true) "}}", "success",
	 "OUTBOUND_RECOVERED", "api_error", "medium", true},
	{"{" OK ",\"summary\":{" PHP_ERROR(2, "Undefined array key") "}}", "success", "PHP_WARNING",
	 "function_error", "low", true},
	{"{" OK
	 ",\"summary\":{\"cause\":0,\"telling\":[0],\"exceptions\":[{\"class\":\"App\\\\X\",\"message\":\"m\"}]}}",
	 "success", "X", "function_error", "low", true},
	/* bookings */
	{"{" BOOKING "," FAILED "}", "error", "FUNCTION_FAILED", "function_error", "critical",
	 false, true},
	{"{" BOOKING ",\"state\":\"cut_off\"}", "error", "WORKER_DIED", "system_error", "critical",
	 false, true},
	{"{" BOOKING "," BOOKED ",\"summary\":{" CAUGHT "," OUTBOUND("POST", 503, 0, false) "}}",
	 "success", "HTTP_503", "api_error", "medium", true, false},
	{"{" BOOKING "," OK ",\"summary\":{" CAUGHT "," OUTBOUND("POST", 503, 0, false) "}}",
	 "success", "HTTP_503", "api_error", "critical", true, true},
	{"{" BOOKING "," OK ",\"summary\":{" CAUGHT "," OUTBOUND("POST", 503, 0, true) "}}",
	 "success", "Gone", "api_error", "medium", true, false},
	{"{" BOOKING "," OK ",\"summary\":{" CAUGHT "," OUTBOUND("GET", 404, 0, false) "}}",
	 "success", "HTTP_404", "api_error", "medium", true, false},
	{"{" BOOKING "," OK ",\"summary\":{" PHP_ERROR(2, "Undefined array key") "}}", "success",
	 "PHP_WARNING", "function_error", "low", true, false},
	{"{\"function\":\"check_availability\",\"response\":{\"available\":false,\"success\":true}}",
	 "success", "-"},
};

static void test_sources(void)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		_cleanup_(json_decrefp) json_t *d = derive(sources[i].input);
		const json_t *error = error_of(d, 0), *trace = trace_of(d, 0);
		bool none = strcmp(sources[i].code, "-") == 0;

		fprintf(stderr, "%s\n", sources[i].input);
		CHECK_STR(text(trace, "/status"), sources[i].status);
		CHECK_INT(errors_in(d), !none);
		CHECK_INT(json_is_null(json_object_get(trace, "error_details")),
			  none || sources[i].handled);
		if (none)
			continue;
		CHECK_STR(text(error, "/error_code"), sources[i].code);
		CHECK_STR(text(error, "/error_type"), sources[i].type);
		CHECK_STR(text(error, "/severity"), sources[i].severity);
		CHECK_INT(json_is_true(json_at(error, "/metadata/handled")), sources[i].handled);
		CHECK_INT(json_is_true(json_at(error, "/booking_failed")),
			  sources[i].booking_failed);
		CHECK(*text(error, "/error_message"));
	}
}

static void check_kinds(const json_t *error, const char *wanted)
{
	const json_t *chain = json_at(error, "/error_context/chain"), *link;
	_cleanup_(json_decrefp) json_t *found = json_string("");
	double before = 0;
	size_t i;

	json_array_foreach (chain, i, link) {
		json_t *longer = json_sprintf("%s%s%s", json_string_value(found), i ? " " : "",
					      text(link, "/kind"));

		json_decref(found);
		found = longer;
		CHECK(json_number_value(json_at(link, "/offset_ms")) >= before);
		before = json_number_value(json_at(link, "/offset_ms"));
	}
	CHECK_STR(json_string_value(found), wanted);
}

static const json_t *link_of(const json_t *error, size_t i)
{
	return json_array_get(json_at(error, "/error_context/chain"), i);
}

/* One failure is one error, whatever it went through. */
static void test_chain(void)
{
	_cleanup_(json_decrefp) json_t *d = derive("{" BOOKING "," FAILED ",\"summary\":{" OUTBOUND(
		"POST", 503, 0, false) "," CAUGHT "," PHP_ERROR(2, "fopen") "}}");
	const json_t *error = error_of(d, 0);

	CHECK_INT(errors_in(d), 1);
	check_kinds(error, "php_error outbound exception exception caught answer");
	CHECK_STR(text(link_of(error, 0), "/type"), "E_WARNING");
	CHECK_STR(text(link_of(error, 1), "/url"), "https://api.example.com/b");
	CHECK_INT(json_integer_value(json_at(link_of(error, 1), "/status")), 503);
	CHECK_STR(text(link_of(error, 2), "/class"), "GuzzleHttp\\Exception\\ServerException");
	CHECK_STR(text(link_of(error, 3), "/class"), "App\\Gone");
	CHECK_STR(text(link_of(error, 4), "/function"), "App\\H::handle");
	CHECK_INT(json_integer_value(json_at(link_of(error, 4), "/line")), 12);
	CHECK_INT(json_integer_value(json_at(link_of(error, 5), "/http_status")), 200);
	CHECK_STR(text(link_of(error, 5), "/error"), "no");
	CHECK_STR(text(error, "/stack_trace"),
		  "/srv/a.php:5\n/srv/b.php:9 App\\B::run\n"
		  "Caused by: GuzzleHttp\\Exception\\ServerException: 503 no\n/srv/g.php:3");
	CHECK_STR(text(error, "/error_message"), "gone");
	CHECK_STR(text(error, "/error_context/source"), "exception");
}

/* PHP says of an exception that nobody caught once more that it is a fatal error. */
static void test_uncaught(void)
{
	_cleanup_(json_decrefp) json_t *d = derive(
		"{\"status\":500,\"summary\":{\"cause\":0,\"telling\":[0],\"exceptions\":[{"
		"\"class\":\"App\\\\X\",\"message\":\"m\",\"file\":\"/srv/w.php\",\"line\":4,"
		"\"caught\":null,\"offset_ms\":4}]," PHP_ERROR(1, "Uncaught App\\\\X: m") "}}");

	CHECK_INT(errors_in(d), 1);
	check_kinds(error_of(d, 0), "exception answer");
	CHECK_STR(text(error_of(d, 0), "/stack_trace"), "/srv/w.php:4");
}

static void test_worker_died(void)
{
	_cleanup_(json_decrefp) json_t *d = derive(
		"{\"state\":\"cut_off\",\"summary\":{\"open_calls\":[\"App\\\\H::handle\"]}}");

	check_kinds(error_of(d, 0), "worker_died");
	CHECK_STR(text(error_of(d, 0), "/error_message"),
		  "the worker died after 1000.000 ms in App\\H::handle");
}

/* Thousands of links: the first and the last tell. */
static void test_long_chain(void)
{
	_cleanup_(json_decrefp) json_t *one = input("f1", 10, "{" FAILED "}");
	json_t *outbound = json_array(), *d;

	for (int i = 0; i < 100; i++)
		json_array_append_new(outbound, json_pack("{s:s, s:i, s:i}", "method", "GET",
							  "status", 500 + i, "offset_ms", i));
	json_object_set_new(one, "summary", json_pack("{s:o}", "outbound", outbound));
	d = derive_by(NULL, json_pack("[O]", one));
	CHECK_INT(json_array_size(json_at(error_of(d, 0), "/error_context/chain")), 40);
	CHECK_INT(json_integer_value(json_at(error_of(d, 0), "/error_context/chain_left_out")), 61);
	CHECK_INT(json_integer_value(json_at(link_of(error_of(d, 0), 0), "/status")), 500);
	CHECK_STR(text(link_of(error_of(d, 0), 39), "/kind"), "answer");
	json_decref(d);
}

#define LONG "\"duration_ns\":4000000000,\"args\":{\"a\":1}"

/* Statuses of the functions of a call, as one text. */
static void check_statuses(json_t *inputs, const char *wanted)
{
	_cleanup_(json_decrefp) json_t *d = derive_by(NULL, inputs);
	_cleanup_(json_decrefp) json_t *found = json_string("");
	const json_t *trace;
	size_t i;

	json_array_foreach (json_object_get(d, "functions"), i, trace) {
		json_t *longer = json_sprintf("%s%s%s", json_string_value(found), i ? " " : "",
					      text(trace, "/status"));

		json_decref(found);
		found = longer;
	}
	CHECK_STR(json_string_value(found), wanted);
}

static void test_tried_again(void)
{
	check_statuses(json_pack("[o, o]", input("f1", 10, "{" OK "," LONG "}"),
				 input("f2", 12, "{" OK "," LONG "}")),
		       "timeout success");
	/* one after the other, or another one */
	check_statuses(json_pack("[o, o]", input("f1", 10, "{" OK "," LONG "}"),
				 input("f2", 14.5, "{" OK "," LONG "}")),
		       "success success");
	check_statuses(json_pack("[o, o]", input("f1", 10, "{" OK "," LONG "}"),
				 input("f2", 12, "{" OK ",\"args\":{\"a\":2}}")),
		       "success success");
	check_statuses(json_pack("[o, o]",
				 input("f1", 10, "{" OK "," LONG ",\"tool_call_id\":\"t1\"}"),
				 input("f2", 12, "{" OK "," LONG ",\"tool_call_id\":\"t2\"}")),
		       "success success");
	check_statuses(json_pack("[o, o]",
				 input("f1", 10, "{" OK "," LONG ",\"tool_call_id\":\"t1\"}"),
				 input("f2", 12, "{" OK "," LONG ",\"tool_call_id\":\"t1\"}")),
		       "timeout success");
	/* while it runs nothing is said of it yet */
	check_statuses(
		json_pack("[o, o]",
			  input("f1", 10, "{\"state\":\"pending\",\"answered\":false," LONG "}"),
			  input("f2", 12, "{" OK "," LONG "}")),
		"pending success");
}

static json_t *ended(double at, double result_at, const char *more)
{
	json_t *json = input("ended", at, more);
	json_t *list =
		json_pack("[{s:s, s:s, s:s, s:s, s:f}, {s:s, s:s, s:s, s:f}]", "role",
			  "tool_call_invocation", "tool_call_id", "t1", "name", "check",
			  "arguments", "{\"a\":1}", "time_sec", 9.9, "role", "tool_call_result",
			  "tool_call_id", "t1", "content", "timed out", "time_sec", result_at);

	json_object_update_new(
		json, json_pack("{s:s, s:s, s:i, s:o, s:n, s:{s:I, s:I}}", "kind", "event", "event",
				"call_ended", "entries", 2, "transcript", list, "function", "call",
				"start_timestamp", (json_int_t)START_MS, "end_timestamp",
				(json_int_t)(START_MS + (json_int_t)(at * 1000) - 500)));
	return json;
}

static void test_had_result(void)
{
	/* it answered at 14 s */
	check_statuses(
		json_pack("[o, o]", input("f1", 10, "{" OK "," LONG "}"), ended(40, 12, "{}")),
		"timeout");
	check_statuses(
		json_pack("[o, o]", input("f1", 10, "{" OK "," LONG "}"), ended(40, 13.5, "{}")),
		"success");
	/* the messages are sent anew: their times tell nothing */
	check_statuses(
		json_pack("[o, o]",
			  input("f1", 10, "{" OK "," LONG ",\"signature_ms\":1772441000000}"),
			  ended(40, 12, "{\"signature_ms\":1772442030000}")),
		"success");
}

/* Bodies that are arguments alone tell no tool_call_id: they are attempts at one call all the same,
 * unless there were two. */
static void test_attempts_that_overlap(void)
{
	_cleanup_(json_decrefp) json_t *d = derive_by(
		NULL, json_pack("[o, o, o]", input("f1", 10, "{" OK "," LONG "}"),
				input("f2", 12, "{" OK "," LONG "}"), ended(40, 17, "{}")));

	CHECK_STR(text(trace_of(d, 0), "/status"), "timeout");
	CHECK_STR(text(trace_of(d, 1), "/status"), "success");
	CHECK_STR(text(trace_of(d, 1), "/metadata/tool_call_id"), "t1");
	CHECK_INT(json_integer_value(json_at(trace_of(d, 1), "/metadata/attempt")), 2);
	CHECK_INT(json_integer_value(json_at(trace_of(d, 1), "/metadata/attempts")), 2);
}

static void test_gave_up_error(void)
{
	_cleanup_(json_decrefp) json_t *d = derive_by(
		NULL, json_pack("[o, o]", input("f1", 10, "{" BOOKING "," BOOKED "," LONG "}"),
				input("f2", 12, "{" BOOKING "," BOOKED "," LONG "}")));

	CHECK_INT(errors_in(d), 1);
	CHECK_STR(text(error_of(d, 0), "/error_code"), "PROVIDER_GAVE_UP");
	CHECK_STR(text(error_of(d, 0), "/error_message"),
		  "the provider called it again 2.000 s before it answered");
	CHECK(json_is_false(json_at(error_of(d, 0), "/booking_failed")));
	check_kinds(error_of(d, 0), "gave_up answer");
	CHECK_STR(text(trace_of(d, 0), "/error_details/code"), "PROVIDER_GAVE_UP");
}

/* An error keeps its id whatever else comes to be known. */
static void test_stable(void)
{
	_cleanup_(json_decrefp) json_t *before = derive("{" FAILED "," LONG "}");
	_cleanup_(json_decrefp) json_t *after = derive_by(
		NULL, json_pack("[o, o, o]", input("f0", 1, "{\"status\":500,\"args\":{}}"),
				input("f1", 10, "{" FAILED "," LONG "}"), ended(40, 12, "{}")));

	CHECK_INT(errors_in(after), 2);
	CHECK_STR(text(error_of(after, 1), "/id"), text(error_of(before, 0), "/id"));
	CHECK_STR(text(error_of(before, 0), "/error_code"), "FUNCTION_FAILED");
	CHECK_STR(text(error_of(after, 1), "/error_code"), "PROVIDER_GAVE_UP");
}

static void test_events(void)
{
	_cleanup_(json_decrefp) json_t *d = derive(
		"{\"kind\":\"event\",\"event\":\"call_analyzed\",\"function\":null,\"status\":500}");
	_cleanup_(json_decrefp) json_t *fine =
		derive("{\"kind\":\"event\",\"event\":\"call_analyzed\",\"function\":null,"
		       "\"summary\":{" CAUGHT "}}");
	_cleanup_(json_decrefp) json_t *gone =
		derive("{\"kind\":\"event\",\"event\":\"call_ended\",\"function\":null,\"call\":{"
		       "\"disconnection_reason\":\"error_llm_websocket_open\"}}");

	CHECK_INT(errors_in(d), 1);
	CHECK_STR(text(error_of(d, 0), "/error_code"), "HTTP_500");
	CHECK_INT(errors_in(fine), 0);
	CHECK_INT(errors_in(gone), 1);
	CHECK_STR(text(error_of(gone, 0), "/error_code"), "error_llm_websocket_open");
	CHECK_STR(text(error_of(gone, 0), "/error_type"), "system_error");
	CHECK_STR(text(error_of(gone, 0), "/severity"), "critical");
	CHECK(json_is_true(json_at(error_of(gone, 0), "/call_terminated")));
}

/* Opens rules from a text; `problem` NULL: they are good. Otherwise what is said of them. */
static struct rules *rules_from(const char *json, const char *problem)
{
	char path[] = "/tmp/calltrace-rules-XXXXXX";
	_cleanup_(freep) char *said = NULL, *wanted = NULL;
	int fd = mkstemp(path), r;
	struct rules *rules = NULL;

	CHECK(fd >= 0);
	CHECK(write(fd, json, strlen(json)) == (ssize_t)strlen(json));
	close(fd);
	r = rules_open(&rules, path, &said);
	unlink(path);
	if (!problem) {
		CHECK_STR(said, NULL);
		CHECK_INT(r, 0);
		return rules;
	}
	CHECK_INT(r, -22);
	CHECK(asprintf(&wanted, "%s: %s", path, problem) > 0);
	if (strncmp(said, wanted, strlen(wanted)) != 0)
		fprintf(stderr, "said: %s\nnot:  %s\n", said, wanted);
	CHECK(strncmp(said, wanted, strlen(wanted)) == 0);
	return NULL;
}

#define RULE(when, then) "{\"rules\":[{\"when\":{" when "},\"then\":{" then "}}]}"
#define CODE		 "\"code\":\"X\""

/* Each condition fits this failure, and its opposite does not. */
static void test_conditions(void)
{
	static const struct {
		const char *when;
		bool fits;
	} table[] = {
		{"", true},
		{"\"function\":\"book_*\"", true},
		{"\"function\":\"book_appointment\"", true},
		{"\"function\":[\"check\",\"book_appointment_v1?\"]", true},
		{"\"function\":\"book\"", false},
		{"\"provider\":\"retell\"", true},
		{"\"provider\":\"vapi\"", false},
		{"\"source\":\"exception\"", true},
		{"\"source\":[\"timeout\",\"answer\"]", false},
		{"\"exception\":\"app\\\\*\"", true},
		{"\"exception\":\"*\\\\ServerException\"", true},
		{"\"exception\":\"ServerException\"", false},
		{"\"message\":\"^g.n[e]$\"", true},
		{"\"message\":\"^one\"", false},
		{"\"message\":\"(?:(?:(?:x*)*)*)*(?:(?:g|o|n|e)*)*!\"", false},
		{"\"http_status\":200", true},
		{"\"http_status\":[\"100-199\",\"201-299\"]", false},
		{"\"outbound_status\":\"500-599\"", true},
		{"\"outbound_status\":503,\"outbound_url\":\"https://api.example.com/*\"", true},
		{"\"outbound_status\":503,\"outbound_url\":\"https://other.example.com/*\"", false},
		{"\"outbound_method\":\"post\"", true},
		{"\"outbound_error\":28", false},
		{"\"recovered\":true", false},
		{"\"php_error\":\"warning\"", true},
		{"\"php_error\":[\"fatal\",\"E_NOTICE\"]", false},
		{"\"disconnection_reason\":\"*\"", false},
		{"\"response\":{\"/success\":false,\"/error\":\"no\",\"/booked\":null}", true},
		{"\"response\":{\"/success\":null}", false},
		{"\"response_code\":\"*\"", false},
		{"\"handled\":false,\"booking\":true,\"terminated\":false", true},
		{"\"handled\":true", false},
		{"\"booking_failed\":true,\"type\":\"api_error\",\"call_terminated\":false", true},
		{"\"type\":\"system_error\"", false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		_cleanup_(freep) char *json = NULL;
		_cleanup_(rules_closep) struct rules *rules = NULL;
		_cleanup_(json_decrefp) json_t *d = NULL;

		CHECK(asprintf(&json, RULE("%s", CODE), table[i].when) > 0);
		fprintf(stderr, "%s\n", json);
		rules = rules_from(json, NULL);
		d = derive_by(
			rules,
			json_pack("[o]",
				  input("f1", 10,
					"{" BOOKING "," FAILED ",\"summary\":{" OUTBOUND(
						"POST", 503, 0,
						false) "," CAUGHT "," PHP_ERROR(2, "fopen") "}}")));
		CHECK_STR(text(error_of(d, 0), "/error_code"), table[i].fits ? "X" : "HTTP_503");
	}
}

/* A rule decides only what it sets; the rest is left to the next. */
static void test_fields_apart(void)
{
	_cleanup_(rules_closep) struct rules *rules = rules_from(
		"{\"rules\":[{\"comment\":\"c\",\"when\":{\"function\":\"book_*\"},\"then\":{"
		"\"booking_failed\":false}},{\"then\":{\"code\":\"{exception}_{outbound_error}\"}},"
		"{\"then\":{\"code\":\"{exception}/{outbound_status}\",\"type\":\"system_error\"}},"
		"{\"when\":{\"code\":\"Gone/*\"},\"then\":{\"severity\":\"low\"}}]}",
		NULL);
	_cleanup_(json_decrefp) json_t *d = derive_by(
		rules, json_pack("[o]", input("f1", 10,
					      "{" BOOKING "," FAILED ",\"summary\":{" OUTBOUND(
						      "POST", 503, 0, false) "," CAUGHT "}}")));
	const json_t *error = error_of(d, 0);

	CHECK(json_is_false(json_at(error, "/booking_failed")));
	CHECK_STR(text(error, "/error_code"), "Gone/503");
	CHECK_STR(text(error, "/error_type"), "system_error");
	CHECK_STR(text(error, "/severity"), "low");
	CHECK_STR(text(trace_of(d, 0), "/error_details/code"), "Gone/503");
	CHECK_STR(text(trace_of(d, 0), "/error_details/type"), "system_error");
}

static void test_wrong_rules(void)
{
	static const struct {
		const char *json, *problem;
	} table[] = {
		{"{\n\"rules\":[}", "line 2 is no JSON: "},
		{"[]", "must be {\"rules\": […]}"},
		{"{\"rule\":[]}", "beside \"rules\" nothing may stand in it"},
		{"{\"rules\":[{\"then\":{" CODE "}},3]}", "rule 2: it: must be an object"},
		{"{\"rules\":[{\"if\":{},\"then\":{" CODE "}}]}",
		 "rule 1: if: is no part of a rule"},
		{"{\"rules\":[{\"when\":{}}]}",
		 "rule 1: then: must be an object that sets something"},
		{"{\"rules\":[{\"when\":[],\"then\":{" CODE "}}]}",
		 "rule 1: when: must be an object of conditions"},
		{RULE("\"functions\":\"x\"", CODE),
		 "rule 1: when.functions: is no condition; these are: function, provider"},
		{RULE("\"function\":7", CODE), "rule 1: when.function: must be a text"},
		{RULE("\"function\":[]", CODE), "rule 1: when.function: must be a text"},
		{RULE("\"http_status\":\"5xx\"", CODE),
		 "rule 1: when.http_status: must be a number, a range such as \"500-599\""},
		{RULE("\"http_status\":\"599-500\"", CODE), "rule 1: when.http_status: must be"},
		{RULE("\"source\":\"exceptions\"", CODE),
		 "rule 1: when.source: must be one of, or a list of worker_died, timeout"},
		{RULE("\"php_error\":\"E_ALL\"", CODE),
		 "rule 1: when.php_error: must be one of, or a list of fatal, warning"},
		{RULE("\"handled\":\"yes\"", CODE), "rule 1: when.handled: must be true or false"},
		{RULE("\"message\":\"(\"", CODE),
		 "rule 1: when.message: is no regular expression: missing closing parenthesis, at byte 1"},
		{RULE("\"response\":{\"error\":1}", CODE),
		 "rule 1: when.response: must be an object"},
		{RULE("\"type\":\"api_error\"", "\"booking_failed\":true"),
		 "rule 1: when.type: is decided after what this rule sets; the order is "},
		{RULE("", "\"code\":\"{klass}\""), "rule 1: then.code: must be a text"},
		{RULE("", "\"code\":\"{exception\""), "rule 1: then.code: must be a text"},
		{RULE("", "\"type\":\"error\""),
		 "rule 1: then.type: must be one of function_error, api_error"},
		{RULE("", "\"severity\":\"fatal\""),
		 "rule 1: then.severity: must be one of low, medium, high, critical"},
		{RULE("", "\"booking_failed\":1"),
		 "rule 1: then.booking_failed: must be true or false"},
		{RULE("", "\"resolved\":true"),
		 "rule 1: then.resolved: is nothing that a rule sets"},
	};
	_cleanup_(freep) char *said = NULL;
	struct rules *rules = NULL;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		CHECK(!rules_from(table[i].json, table[i].problem));
	CHECK_INT(rules_open(&rules, "/nonexistent/rules.json", &said), -2);
}

int main(void)
{
	CHECK_INT(profile_open(&profile, NULL), 0);
	test_sources();
	test_chain();
	test_uncaught();
	test_worker_died();
	test_long_chain();
	test_tried_again();
	test_had_result();
	test_attempts_that_overlap();
	test_gave_up_error();
	test_stable();
	test_events();
	test_conditions();
	test_fields_apart();
	test_wrong_rules();
	profile_close(profile);
	return 0;
}
