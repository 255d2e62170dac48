/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "error.h"
#include "record.h"

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
			       json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
					 "request_id", get_copy(input, "request_id"), "base_name",
					 base_name(get_text(input, "function")), "http_status",
					 get_copy(input, "status"), "http_method",
					 get_copy(input, "method"), "path", get_copy(input, "path"),
					 "argument_call_id", get_copy(input, "argument_call_id"),
					 "call_count", get_copy(summary, "call_count"), "handler",
					 get_copy(summary, "handler"), "outbound",
					 get_copy(summary, "outbound_kinds"), "completeness",
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
	const char *id = get_text(input, "id"), *status = d->findings[i].status;
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
		"error_details", error_details(d, &d->findings[i]), "db_query_count",
		get_copy(summary, "db_query_count"), "db_query_time_ms",
		get_copy(summary, "db_query_time_ms"), "external_api_calls",
		get_copy(summary, "external_api_calls"), "external_api_time_ms",
		get_copy(summary, "external_api_time_ms"), "metadata", metadata_of(d, input, i));
}

void trace_derive(struct derivation *d)
{
	json_t *input;
	size_t i;

	json_array_foreach (d->functions, i, input)
		json_array_append_new(d->traces, trace_of(d, input, i));
}
