/* SPDX-License-Identifier: MIT */
#include "classify.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "record.h"

#define PREVIOUS_MAX 32

/* E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_USER_ERROR, E_RECOVERABLE_ERROR */
#define PHP_FATAL (1 | 4 | 16 | 64 | 256 | 4096)

struct verdict {
	const char *type;
	json_t *code;
};

static bool cut_off(const json_t *input)
{
	return strcmp(get_text(input, "state"), "cut_off") == 0;
}

const char *classify_status(const struct profile *profile, const json_t *input)
{
	const char *state = get_text(input, "state");

	/* Behind its answer a worker may go on for long; the answer counts. */
	if (input_running(input))
		return "pending";
	if (cut_off(input))
		return "error";
	if (strcmp(state, "aborted") == 0)
		return "timeout";
	if (get_int(input, "status") >= 400 || get_int(input, "exit_status") ||
	    json_is_true(json_object_get(input, "uncaught")) ||
	    profile_failed(profile, json_object_get(input, "response")))
		return "error";
	return "success";
}

static const json_t *fatal_of(const json_t *summary)
{
	const json_t *error, *found = NULL;
	size_t i;

	json_array_foreach (json_object_get(summary, "php_errors"), i, error)
		if (get_int(error, "type") & PHP_FATAL)
			found = error;
	return found;
}

static const json_t *cause_of(const json_t *summary)
{
	const json_t *at = json_object_get(summary, "cause");

	return json_is_integer(at) ? json_array_get(json_object_get(summary, "exceptions"),
						    json_integer_value(at))
				   : NULL;
}

/* Is one of the chain's classes called like this? */
static bool chain_has(const json_t *exception, const char *const *words, size_t count)
{
	for (unsigned int depth = 0; json_is_object(exception) && depth < PREVIOUS_MAX; depth++) {
		for (size_t i = 0; i < count; i++)
			if (strstr(get_text(exception, "class"), words[i]))
				return true;
		exception = json_object_get(exception, "previous");
	}
	return false;
}

static bool is_validation(const json_t *input, const json_t *cause)
{
	static const char *const words[] = {"ValidationException", "InvalidArgumentException"};

	return get_int(input, "status") == 422 || chain_has(cause, words, 2);
}

static bool is_api(const json_t *summary, const json_t *cause)
{
	static const char *const words[] = {"GuzzleHttp\\", "Http\\Client\\", "ConnectException",
					    "RequestException", "HttpClient\\"};

	return json_array_size(json_object_get(summary, "outbound")) || chain_has(cause, words, 5);
}

static json_t *outbound_code(const json_t *summary)
{
	const json_t *outbound = json_object_get(summary, "outbound");
	const json_t *last = json_array_get(outbound, json_array_size(outbound) - 1);
	json_int_t status = get_int(last, "status");

	if (status >= 400)
		return json_sprintf("HTTP_%lld", (long long)status);
	/* libcurl's CURLE_OPERATION_TIMEDOUT */
	return json_string(get_int(last, "error") == 28 ? "OUTBOUND_TIMEOUT" : "OUTBOUND_FAILED");
}

static json_t *class_code(const json_t *cause)
{
	const char *class = get_text(cause, "class"), *last = strrchr(class, '\\');

	return json_string(last ? last + 1 : class);
}

/* First match wins. */
static struct verdict judge(const struct profile *profile, const json_t *input)
{
	const json_t *summary = json_object_get(input, "summary"), *cause = cause_of(summary);
	const json_t *said =
		profile_first(profile, "failure_code", json_object_get(input, "response"));
	json_int_t status = get_int(input, "status");
	struct verdict v = {.type = "function_error"};

	if (cut_off(input)) {
		v = (struct verdict){"system_error", json_string("WORKER_DIED")};
	} else if (strcmp(get_text(input, "state"), "aborted") == 0) {
		v = (struct verdict){"api_error", json_string("PROVIDER_GAVE_UP")};
	} else if (fatal_of(summary)) {
		v = (struct verdict){"system_error", json_string("PHP_FATAL")};
	} else if (is_validation(input, cause)) {
		v = (struct verdict){"validation_error", json_string("VALIDATION")};
	} else if (is_api(summary, cause)) {
		v.type = "api_error";
		v.code = json_array_size(json_object_get(summary, "outbound"))
				 ? outbound_code(summary)
				 : class_code(cause);
	} else if (cause) {
		v.code = class_code(cause);
	} else if (status >= 400) {
		v.code = json_sprintf("HTTP_%lld", (long long)status);
	} else if (get_int(input, "exit_status")) {
		v.code = json_sprintf("EXIT_%lld", (long long)get_int(input, "exit_status"));
	} else {
		v.code = json_string("FUNCTION_FAILED");
	}
	if (json_is_string(said) && !cut_off(input)) {
		json_decref(v.code);
		v.code = json_incref((json_t *)said);
	}
	return v;
}

static json_t *response_error(const struct profile *profile, const json_t *input)
{
	json_t *said =
		profile_first(profile, "failure_message", json_object_get(input, "response"));

	return said ? json_incref(said) : json_null();
}

static json_t *open_call_names(const json_t *summary)
{
	const json_t *open = json_object_get(summary, "open_calls");

	return open ? json_incref((json_t *)open) : json_array();
}

static json_t *cut_off_of(const json_t *input)
{
	if (!cut_off(input))
		return json_null();
	return json_pack("{s:o, s:o}", "after_ms", record_ms(get_int(input, "duration_ns")),
			 "open_calls", open_call_names(json_object_get(input, "summary")));
}

static json_t *died_message(const json_t *input)
{
	const json_t *open = json_object_get(json_object_get(input, "summary"), "open_calls");
	const char *in = json_string_value(json_array_get(open, json_array_size(open) - 1));

	return json_sprintf("the worker died after %.3f ms%s%s",
			    (double)get_int(input, "duration_ns") / 1e6, in ? " in " : "",
			    in ? in : "");
}

static json_t *message_of(const json_t *input, const json_t *said)
{
	const json_t *summary = json_object_get(input, "summary"), *cause = cause_of(summary);

	if (cut_off(input))
		return died_message(input);
	if (cause)
		return get_copy(cause, "message");
	if (fatal_of(summary))
		return get_copy(fatal_of(summary), "message");
	if (json_is_string(said))
		return json_incref((json_t *)said);
	if (strcmp(get_text(input, "state"), "aborted") == 0)
		return json_string("the provider hung up before the answer");
	if (get_int(input, "exit_status"))
		return json_sprintf("exit status %lld", (long long)get_int(input, "exit_status"));
	return get_int(input, "status") >= 400
		       ? json_sprintf("HTTP status %lld", (long long)get_int(input, "status"))
		       : json_string("the answer says that it failed");
}

json_t *classify_details(const struct profile *profile, const json_t *input)
{
	const json_t *summary = json_object_get(input, "summary"), *cause = cause_of(summary);
	const char *status = classify_status(profile, input);
	json_t *said, *message;
	struct verdict v;

	if (strcmp(status, "success") == 0 || strcmp(status, "pending") == 0)
		return json_null();
	v = judge(profile, input);
	said = response_error(profile, input);
	message = message_of(input, said);
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:O?, s:o, s:o, s:o, s:o}", "code", v.code,
			 "type", v.type, "message", message, "http_status",
			 get_copy(input, "status"), "response_error", said, "cause", cause,
			 "exceptions", get_copy(summary, "exceptions"), "php_errors",
			 get_copy(summary, "php_errors"), "outbound", get_copy(summary, "outbound"),
			 "cut_off", cut_off_of(input));
}

const char *classify_severity(const char *type, bool call_terminated, bool booking_failed)
{
	static const char *const table[][2] = {
		{"system_error", "high"},
		{"api_error", "high"},
		{"validation_error", "medium"},
		{"function_error", "medium"},
	};

	if (call_terminated || booking_failed)
		return "critical";
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i][0], type) == 0)
			return table[i][1];
	return "low";
}

static int add_frame(struct buffer *out, const json_t *frame)
{
	_cleanup_(freep) char *line = NULL;
	const char *class = get_text(frame, "class"), *function = get_text(frame, "function");

	if (asprintf(&line, "%s:%lld%s%s%s%s\n", get_text(frame, "file"),
		     (long long)get_int(frame, "line"), *function ? " " : "", class,
		     *class ? "::" : "", function) < 0)
		return -1;
	return buffer_add_text(out, line);
}

json_t *classify_stack(const json_t *details)
{
	_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;
	const json_t *cause = json_object_get(details, "cause"), *frame;
	const json_t *errors = json_object_get(details, "php_errors");
	size_t i;

	if (json_is_object(cause)) {
		add_frame(&out, json_object_get(cause, "file") ? cause : NULL);
		json_array_foreach (json_object_get(cause, "trace"), i, frame)
			add_frame(&out, frame);
	} else if (json_array_size(errors)) {
		add_frame(&out, json_array_get(errors, json_array_size(errors) - 1));
	}
	return out.size ? json_stringn((char *)out.data, out.size - 1) : json_null();
}
