/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <string.h>

#include "classify.h"
#include "cleanup.h"
#include "clock.h"
#include "record.h"

#define HANGUP_NS 10000000000ll /* a call that ends so soon after a failure ended over it */

static json_t *tool_call_id(const struct derivation *d, size_t i)
{
	ssize_t entry = d->transcript->bindings[i].entry;

	/* The transcript that has it may be yet to come. */
	return entry < 0 ? get_copy(json_array_get(d->functions, i), "tool_call_id")
			 : get_copy(d->transcript->entries[entry].json, "tool_call_id");
}

static json_t *completeness_of(const json_t *input)
{
	const char *state = get_text(input, "state");
	bool cut_off = strcmp(state, "cut_off") == 0, pending = strcmp(state, "pending") == 0;
	json_t *holes = json_object_get(input, "holes");

	return json_pack("{s:b, s:O?, s:i, s:i}", "complete",
			 !cut_off && !pending && !json_array_size(holes), "holes", holes, "cut_off",
			 cut_off, "pending", pending);
}

json_t *trace_provider_duration(const struct derivation *d, ssize_t invocation)
{
	int64_t ns = transcript_tool_time(d->transcript, invocation);

	return ns == TIME_UNKNOWN ? json_null() : record_ms(ns);
}

json_t *trace_successful(const struct derivation *d, ssize_t invocation)
{
	const struct entry *entries = d->transcript->entries;
	json_t *successful = NULL;

	if (invocation >= 0 && entries[invocation].other >= 0)
		successful = json_object_get(entries[entries[invocation].other].json, "successful");
	return json_is_boolean(successful) ? json_incref(successful) : json_null();
}

/* Network and queues: what the provider waited beyond what all attempts took here. */
static json_t *overhead(const struct derivation *d, ssize_t invocation)
{
	int64_t ns = transcript_tool_time(d->transcript, invocation), served;

	served = invocation < 0 ? 0 : d->transcript->entries[invocation].served_ns;
	return ns == TIME_UNKNOWN || served == TIME_UNKNOWN ? json_null() : record_ms(ns - served);
}

static json_t *segment_id(const struct derivation *d, const struct binding *binding)
{
	char name[32];

	if (binding->segment < 0)
		return json_null();
	snprintf(name, sizeof(name), "%zd", binding->segment);
	return record_id("segment", d->session, name);
}

/* How the provider saw its tool call. */
static json_t *tool_call_of(const struct derivation *d, size_t i)
{
	const struct binding *binding = &d->transcript->bindings[i];

	return json_pack("{s:o, s:i, s:i, s:o, s:o, s:o, s:o}", "tool_call_id", tool_call_id(d, i),
			 "attempt", (int)binding->attempt, "attempts", (int)binding->attempts,
			 "provider_duration_ms", trace_provider_duration(d, binding->entry),
			 "overhead_ms", overhead(d, binding->entry), "result_successful",
			 trace_successful(d, binding->entry), "segment_id", segment_id(d, binding));
}

static json_t *metadata_of(const struct derivation *d, const json_t *input, size_t i)
{
	const json_t *summary = json_object_get(input, "summary");
	json_t *metadata = tool_call_of(d, i);

	json_object_update_new(metadata,
			       json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
					 "request_id", get_copy(input, "id"), "base_name",
					 base_name(get_text(input, "function")), "http_status",
					 get_copy(input, "status"), "http_method",
					 get_copy(input, "method"), "path", get_copy(input, "path"),
					 "argument_call_id", get_copy(input, "argument_call_id"),
					 "call_count", get_copy(summary, "call_count"), "handler",
					 get_copy(summary, "handler"), "completeness",
					 completeness_of(input)));
	return metadata;
}

static json_t *arguments_of(const json_t *input)
{
	json_t *args = json_object_get(input, "args");

	/* An object by the provider's rules; a list or a text is shown as it came. */
	return args && !json_is_null(args) ? json_incref(args) : json_object();
}

static json_t *trace_of(const struct derivation *d, const json_t *input, size_t i)
{
	const json_t *summary = json_object_get(input, "summary");
	const char *id = get_text(input, "id"), *status = classify_status(d->profile, input);
	bool finished = strcmp(status, "pending") != 0;
	int64_t start = get_int(input, "started_at");

	return json_pack(
		"{s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o, "
		"s:o, s:o, s:o, s:o, s:o}",
		"id", record_id("function", d->session, id), "call_session_id", d->session,
		"event_id", record_id("event", d->session, id), "correlation_id",
		get_copy(input, "correlation_id"), "function_name", get_copy(input, "function"),
		"execution_sequence", (json_int_t)i + 1, "started_at", (json_int_t)start,
		"completed_at", finished ? json_integer(input_end(input)) : json_null(),
		"duration_ms", finished ? record_ms(get_int(input, "duration_ns")) : json_null(),
		"call_offset_ms", record_ms(clock_place_in(d, input, start)), "input_params",
		arguments_of(input), "output_result", get_copy(input, "response"), "status", status,
		"error_details", classify_details(d->profile, input), "db_query_count",
		get_copy(summary, "db_query_count"), "db_query_time_ms",
		get_copy(summary, "db_query_time_ms"), "external_api_calls",
		get_copy(summary, "external_api_calls"), "external_api_time_ms",
		get_copy(summary, "external_api_time_ms"), "metadata", metadata_of(d, input, i));
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
static bool call_terminated(const struct derivation *d, const json_t *input)
{
	const char *reason = json_string_value(
		profile_lookup(d->profile, "session", "disconnection_reason", d->call));
	json_int_t end_ms =
		json_integer_value(profile_lookup(d->profile, "session", "end_ms", d->call));
	int64_t end = end_ms * 1000000 - d->clock.offset_ns;
	int64_t at = d->clock.start_ns + clock_place_in(d, input, input_end(input));

	if (!reason || !end_ms || d->succeeded > transcript_sequence(d->transcript, input))
		return false;
	if (strncmp(reason, "error_", 6) == 0)
		return true;
	return strstr(reason, "hangup") && end >= at - HANGUP_NS && end <= at + HANGUP_NS &&
	       !user_spoke_after(d, at - d->clock.start_ns);
}

static json_t *error_context(const json_t *input)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "request_id", get_copy(input, "id"), "path",
			 get_copy(input, "path"), "http_status", get_copy(input, "status"), "event",
			 get_copy(input, "event"));
}

static json_t *error_of(const struct derivation *d, const json_t *input, const json_t *details)
{
	const char *id = get_text(input, "id"), *function = get_text(input, "function");
	const char *type = get_text(details, "type");
	bool terminated = *function && call_terminated(d, input);
	bool booking = profile_booking(d->profile, function);
	int64_t at = clock_place_in(d, input, input_end(input));

	return json_pack(
		"{s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:b, s:n, "
		"s:n, s:o}",
		"id", record_id("error", d->session, id), "call_session_id", d->session, "event_id",
		record_id("error-event", d->session, id), "function_trace_id",
		*function ? record_id("function", d->session, id) : json_null(), "error_code",
		get_copy(details, "code"), "error_type", type, "severity",
		classify_severity(type, terminated, booking), "occurred_at",
		(json_int_t)(d->clock.start_ns + at), "call_offset_ms", record_ms(at),
		"error_message", get_copy(details, "message"), "stack_trace",
		classify_stack(details), "error_context", error_context(input), "call_terminated",
		terminated, "booking_failed", booking, "affected_function",
		*function ? get_copy(input, "function") : json_null(), "resolved", 0,
		"resolution_notes", "resolved_at", "metadata", json_object());
}

static void add_error(struct derivation *d, const json_t *input)
{
	_cleanup_(json_decrefp) json_t *details = classify_details(d->profile, input);

	if (json_is_object(details))
		json_array_append_new(d->errors, error_of(d, input, details));
}

/* The provider ended the call over an error of its own. */
static void add_disconnection(struct derivation *d)
{
	const char *reason = json_string_value(
		profile_lookup(d->profile, "session", "disconnection_reason", d->call));
	json_int_t end_ms =
		json_integer_value(profile_lookup(d->profile, "session", "end_ms", d->call));
	int64_t at = end_ms ? end_ms * 1000000 - d->clock.offset_ns
			    : input_end(json_array_get(d->inputs, json_array_size(d->inputs) - 1));

	if (!reason || strncmp(reason, "error_", 6) != 0)
		return;
	json_array_append_new(
		d->errors,
		json_pack("{s:o, s:s, s:o, s:n, s:s, s:s, s:s, s:I, s:o, s:s, s:n, s:{s:s}, s:b, "
			  "s:b, s:n, s:b, s:n, s:n, s:{}}",
			  "id", record_id("error", d->session, "disconnection"), "call_session_id",
			  d->session, "event_id",
			  record_id("error-event", d->session, "disconnection"),
			  "function_trace_id", "error_code", reason, "error_type", "system_error",
			  "severity", classify_severity("system_error", true, false), "occurred_at",
			  (json_int_t)at, "call_offset_ms", record_ms(at - d->clock.start_ns),
			  "error_message", "the provider ended the call over an error",
			  "stack_trace", "error_context", "disconnection_reason", reason,
			  "call_terminated", 1, "booking_failed", 0, "affected_function",
			  "resolved", 0, "resolution_notes", "resolved_at", "metadata"));
}

void trace_derive(struct derivation *d)
{
	json_t *input;
	size_t i;

	json_array_foreach (d->functions, i, input) {
		json_t *trace = trace_of(d, input, i);

		json_array_append_new(d->traces, trace);
		if (strcmp(get_text(trace, "status"), "success") == 0)
			d->succeeded = get_int(trace, "execution_sequence");
	}
	json_array_foreach (d->functions, i, input)
		add_error(d, input);
	json_array_foreach (d->inputs, i, input)
		if (strcmp(get_text(input, "kind"), "function") != 0)
			add_error(d, input);
	add_disconnection(d);
	record_sort_by_time(d->errors);
}
