/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "cleanup.h"
#include "clock.h"
#include "crash.h"
#include "record.h"

#define HANGUP_NS 10000000000ll /* a call that ends so soon after a failure ended over it */

int error_find(struct derivation *d)
{
	json_t *input;
	size_t i;

	d->findings = calloc(json_array_size(d->functions) + 1, sizeof(*d->findings));
	if (!d->findings)
		return -ENOMEM;
	json_array_foreach (d->functions, i, input) {
		classify(&d->findings[i], d, input, (ssize_t)i);
		if (strcmp(d->findings[i].status, "success") == 0)
			d->succeeded = (json_int_t)i + 1;
	}
	return 0;
}

static const char *disconnection_reason(const struct derivation *d)
{
	return json_string_value(
		profile_lookup(d->profile, "session", "disconnection_reason", d->call));
}

static int64_t end_ms(const struct derivation *d)
{
	return json_integer_value(profile_lookup(d->profile, "session", "end_ms", d->call));
}

/* A caller who goes on talking did not hang up over what failed before. */
static bool user_spoke_after(const struct derivation *d, int64_t at_ns)
{
	for (size_t i = d->transcript->count; i > 0; i--)
		if (d->transcript->entries[i - 1].role == ROLE_USER)
			return d->transcript->entries[i - 1].at_ns > at_ns;
	return false;
}

/* Did the call end over it? Only when no later function succeeded. */
static bool call_terminated(const struct derivation *d, const struct finding *finding)
{
	const char *reason = disconnection_reason(d);
	int64_t end = end_ms(d) * 1000000 - d->clock.offset_ns;
	int64_t at =
		d->clock.start_ns + clock_place_in(d, finding->input, input_end(finding->input));

	if (!*get_text(finding->input, "function") || finding->handled || !reason || !end_ms(d) ||
	    d->succeeded > transcript_sequence(d->transcript, finding->input))
		return false;
	if (profile_reason(d->profile, "failed", reason))
		return true;
	return profile_reason(d->profile, "hangup", reason) && end >= at - HANGUP_NS &&
	       end <= at + HANGUP_NS && !user_spoke_after(d, at - d->clock.start_ns);
}

/* What the answer says of its failure; of a success, nothing. */
static json_t *response_error(const struct derivation *d, const struct finding *finding)
{
	json_t *said = finding->handled
			       ? NULL
			       : profile_first(d->profile, "failure_message",
					       json_object_get(finding->input, "response"));

	return said ? json_incref(said) : json_null();
}

/* The innermost call that was open at the end; NULL. */
static const char *open_call(const json_t *input)
{
	const json_t *open = json_object_get(json_object_get(input, "summary"), "open_calls");

	return json_string_value(json_array_get(open, json_array_size(open) - 1));
}

static json_t *died_message(const json_t *input)
{
	const char *in = open_call(input);

	return json_sprintf("the worker died after %.3f ms%s%s",
			    (double)get_int(input, "duration_ns") / 1e6, in ? " in " : "",
			    in ? in : "");
}

static json_t *crash_message(const json_t *input)
{
	const json_t *crash = classify_crash(input);
	_cleanup_(json_decrefp) json_t *title = crash_title(crash);
	const char *in = open_call(input);

	return json_sprintf("the worker crashed: %s, after %.3f ms%s%s", json_string_value(title),
			    json_number_value(json_object_get(crash, "offset_ms")),
			    in ? " in " : "", in ? in : "");
}

static json_t *timeout_message(const struct finding *finding)
{
	double seconds = (double)finding->gave_up_ns / 1e9;

	if (finding->gave_up == GAVE_UP_RETRY)
		return json_sprintf("the provider called it again %.3f s before it answered",
				    seconds);
	if (finding->gave_up == GAVE_UP_RESULT)
		return json_sprintf("the provider had a result %.3f s before it answered", seconds);
	return json_string("the provider hung up before the answer");
}

static json_t *outbound_message(const json_t *input)
{
	const json_t *list = json_object_get(json_object_get(input, "summary"), "outbound");
	const json_t *last = json_array_get(list, json_array_size(list) - 1);
	json_int_t status = get_int(last, "status"), error = get_int(last, "error");

	if (error)
		return json_sprintf("%s %s failed: curl error %lld", get_text(last, "method"),
				    get_text(last, "url"), (long long)error);
	return json_sprintf("%s %s answered %lld", get_text(last, "method"), get_text(last, "url"),
			    (long long)status);
}

/* Of what began it. */
static json_t *message_of(const struct finding *finding, const json_t *said)
{
	const json_t *input = finding->input, *cause = classify_cause(input);
	const char *source = finding->source;

	if (strcmp(source, "crash") == 0)
		return crash_message(input);
	if (strcmp(source, "worker_died") == 0)
		return died_message(input);
	if (strcmp(source, "timeout") == 0)
		return timeout_message(finding);
	if (strcmp(source, "exception") == 0)
		return get_copy(cause, "message");
	if (strcmp(source, "fatal") == 0 || strcmp(source, "php_error") == 0)
		return get_copy(classify_php_error(input), "message");
	if (json_is_string(said))
		return json_incref((json_t *)said);
	if (strcmp(source, "outbound") == 0)
		return outbound_message(input);
	if (strcmp(source, "exit") == 0)
		return json_sprintf("exit status %lld", (long long)get_int(input, "exit_status"));
	return get_int(input, "status") >= 400
		       ? json_sprintf("HTTP status %lld", (long long)get_int(input, "status"))
		       : json_string("the answer says that it failed");
}

static json_t *verdict_of(const struct derivation *d, const struct finding *finding,
			  const json_t *message)
{
	const json_t *input = finding->input, *summary = json_object_get(input, "summary");
	const json_t *response = json_object_get(input, "response");
	const char *function = get_text(input, "function");
	struct failure failure = {
		.provider = json_string_value(json_object_get(input, "provider")),
		.function = *function ? function : NULL,
		.source = finding->source,
		.disconnection_reason = disconnection_reason(d),
		.message = json_string_value(message),
		.response_code =
			json_string_value(profile_first(d->profile, "failure_code", response)),
		.response = response,
		.signal = json_string_value(json_object_get(classify_crash(input), "signal")),
		.cause = classify_cause(input),
		.outbound = json_object_get(summary, "outbound"),
		.php_errors = json_object_get(summary, "php_errors"),
		.http_status = get_int(input, "status"),
		.exit_status = get_int(input, "exit_status"),
		.handled = finding->handled,
		.booking = profile_booking(d->profile, function),
		.terminated = call_terminated(d, finding),
	};

	return rules_judge(d->rules ?: rules_builtin(), &failure);
}

static json_t *cut_off_of(const json_t *input)
{
	json_t *open = json_object_get(json_object_get(input, "summary"), "open_calls");

	if (strcmp(get_text(input, "state"), "cut_off") != 0)
		return json_null();
	return json_pack("{s:o, s:o}", "after_ms", record_ms(get_int(input, "duration_ns")),
			 "open_calls", open ? json_incref(open) : json_array());
}

json_t *error_details(const struct derivation *d, const struct finding *finding)
{
	const json_t *input = finding->input, *summary = json_object_get(input, "summary");
	_cleanup_(json_decrefp) json_t *message = NULL, *said = NULL, *verdict = NULL;

	if (!finding->source || finding->handled)
		return json_null();
	said = response_error(d, finding);
	message = message_of(finding, said);
	verdict = verdict_of(d, finding, message);
	return json_pack("{s:o, s:o, s:O, s:o, s:O, s:O?, s:o, s:o, s:o, s:o, s:o}", "code",
			 get_copy(verdict, "code"), "type", get_copy(verdict, "type"), "message",
			 message, "http_status", get_copy(input, "status"), "response_error", said,
			 "cause", classify_cause(input), "exceptions",
			 get_copy(summary, "exceptions"), "php_errors",
			 get_copy(summary, "php_errors"), "outbound", get_copy(summary, "outbound"),
			 "cut_off", cut_off_of(input), "crash", get_copy(summary, "crash"));
}

static json_t *context_of(const struct finding *finding, json_t *said)
{
	const json_t *input = finding->input, *summary = json_object_get(input, "summary");
	size_t left_out = 0;
	json_t *chain = chain_build(finding, said, &left_out);

	json_t *dropped = json_object_get(summary, "dropped");
	json_t *context = json_pack(
		"{s:o, s:o, s:o, s:o, s:s, s:o}", "request_id", get_copy(input, "request_id"),
		"path", get_copy(input, "path"), "http_status", get_copy(input, "status"), "event",
		get_copy(input, "event"), "source", finding->source, "chain", chain);

	if (left_out)
		json_object_set_new(context, "chain_left_out", json_integer((json_int_t)left_out));
	if (get_int(dropped, "exceptions") || get_int(dropped, "php_errors") ||
	    get_int(dropped, "outbound"))
		json_object_set(context, "dropped", dropped);
	return context;
}

static json_t *error_of(const struct derivation *d, const struct finding *finding)
{
	const json_t *input = finding->input;
	const char *id = get_text(input, "id"), *function = get_text(input, "function");
	_cleanup_(json_decrefp) json_t *said = response_error(d, finding);
	_cleanup_(json_decrefp) json_t *message = message_of(finding, said);
	_cleanup_(json_decrefp) json_t *verdict = verdict_of(d, finding, message);
	int64_t at = clock_place_in(d, input, input_end(input));

	return json_pack(
		"{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:O, s:o, s:o, s:o, s:o, s:o, s:b, s:n, "
		"s:n, s:{s:b}}",
		"id", record_id("error", d->session, id), "call_session_id", d->session, "event_id",
		record_id("error-event", d->session, id), "function_trace_id",
		*function ? record_id("function", d->session, id) : json_null(), "error_code",
		get_copy(verdict, "code"), "error_type", get_copy(verdict, "type"), "severity",
		get_copy(verdict, "severity"), "occurred_at", (json_int_t)(d->clock.start_ns + at),
		"call_offset_ms", record_ms(at), "error_message", message, "stack_trace",
		chain_stack(finding), "error_context", context_of(finding, said), "call_terminated",
		get_copy(verdict, "call_terminated"), "booking_failed",
		get_copy(verdict, "booking_failed"), "affected_function",
		*function ? get_copy(input, "function") : json_null(), "resolved", 0,
		"resolution_notes", "resolved_at", "metadata", "handled", finding->handled);
}

static void add_error(struct derivation *d, const struct finding *finding)
{
	if (finding->source)
		json_array_append_new(d->errors, error_of(d, finding));
}

/* The provider ended the call over an error of its own. */
static void add_disconnection(struct derivation *d)
{
	const char *reason = disconnection_reason(d);
	int64_t at = end_ms(d)
			     ? end_ms(d) * 1000000 - d->clock.offset_ns
			     : input_end(json_array_get(d->inputs, json_array_size(d->inputs) - 1));
	struct failure failure = {
		.provider = json_string_value(profile_get(d->profile, "provider")),
		.source = "disconnection",
		.disconnection_reason = reason,
		.message = "the provider ended the call over an error",
		.terminated = true,
	};
	json_t *verdict;

	if (!profile_reason(d->profile, "failed", reason))
		return;
	verdict = rules_judge(d->rules ?: rules_builtin(), &failure);
	json_array_append_new(
		d->errors,
		json_pack(
			"{s:o, s:s, s:o, s:n, s:o, s:o, s:o, s:I, s:o, s:s, s:n, s:{s:s, s:s, s:[]}, "
			"s:o, s:o, s:n, s:b, s:n, s:n, s:{s:b}}",
			"id", record_id("error", d->session, "disconnection"), "call_session_id",
			d->session, "event_id",
			record_id("error-event", d->session, "disconnection"), "function_trace_id",
			"error_code", get_copy(verdict, "code"), "error_type",
			get_copy(verdict, "type"), "severity", get_copy(verdict, "severity"),
			"occurred_at", (json_int_t)at, "call_offset_ms",
			record_ms(at - d->clock.start_ns), "error_message", failure.message,
			"stack_trace", "error_context", "disconnection_reason", reason, "source",
			failure.source, "chain", "call_terminated",
			get_copy(verdict, "call_terminated"), "booking_failed",
			get_copy(verdict, "booking_failed"), "affected_function", "resolved", 0,
			"resolution_notes", "resolved_at", "metadata", "handled", 0));
	json_decref(verdict);
}

void error_derive(struct derivation *d)
{
	json_t *input;
	size_t i;

	json_array_foreach (d->functions, i, input)
		add_error(d, &d->findings[i]);
	json_array_foreach (d->inputs, i, input) {
		struct finding finding;

		if (strcmp(get_text(input, "kind"), "function") == 0)
			continue;
		classify(&finding, d, input, -1);
		add_error(d, &finding);
	}
	add_disconnection(d);
	record_sort_by_time(d->errors);
}
