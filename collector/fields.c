/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <stdbool.h>
#include <string.h>

const char *const session_fields[] = {
	"id",
	"call_id",
	"kind",
	"provider",
	"company_id",
	"customer_id",
	"agent_id",
	"agent_version",
	"started_at",
	"ended_at",
	"first_seen_at",
	"last_seen_at",
	"call_status",
	"disconnection_reason",
	"duration_ms",
	"conversation_flow_id",
	"current_flow_node",
	"flow_state",
	"total_events",
	"function_call_count",
	"transcript_segment_count",
	"error_count",
	"avg_response_time_ms",
	"max_response_time_ms",
	"min_response_time_ms",
	"metadata",
	"completeness",
	NULL,
};

const char *const event_fields[] = {
	"id",
	"call_session_id",
	"event_sequence",
	"correlation_id",
	"event_type",
	"occurred_at",
	"call_offset_ms",
	"function_name",
	"function_arguments",
	"function_response",
	"response_time_ms",
	"function_status",
	"transcript_text",
	"transcript_role",
	"from_node",
	"to_node",
	"transition_trigger",
	"error_code",
	"error_message",
	"error_context",
	"metadata",
	NULL,
};

const char *const function_fields[] = {
	"id",
	"call_session_id",
	"event_id",
	"correlation_id",
	"function_name",
	"execution_sequence",
	"started_at",
	"completed_at",
	"duration_ms",
	"call_offset_ms",
	"input_params",
	"output_result",
	"status",
	"error_details",
	"db_query_count",
	"db_query_time_ms",
	"external_api_calls",
	"external_api_time_ms",
	"metadata",
	NULL,
};

const char *const segment_fields[] = {
	"id",
	"call_session_id",
	"event_id",
	"occurred_at",
	"call_offset_ms",
	"segment_sequence",
	"role",
	"text",
	"word_count",
	"duration_ms",
	"related_function_trace_id",
	"sentiment",
	"metadata",
	NULL,
};

const char *const error_fields[] = {
	"id",
	"call_session_id",
	"event_id",
	"function_trace_id",
	"error_code",
	"error_type",
	"severity",
	"occurred_at",
	"call_offset_ms",
	"error_message",
	"stack_trace",
	"error_context",
	"call_terminated",
	"booking_failed",
	"affected_function",
	"resolved",
	"resolution_notes",
	"resolved_at",
	"metadata",
	NULL,
};

const struct record_shape record_shapes[RECORDS] = {
	[RECORD_SESSION] = {"session", "calls", "retell_call_sessions", session_fields},
	[RECORD_EVENT] = {"event", "events", "retell_call_events", event_fields, STORE_EVENTS},
	[RECORD_FUNCTION] = {"function", "functions", "retell_function_traces", function_fields,
			     STORE_FUNCTIONS},
	[RECORD_SEGMENT] = {"segment", "segments", "retell_transcript_segments", segment_fields,
			    STORE_SEGMENTS},
	[RECORD_ERROR] = {"error", "errors", "retell_error_log", error_fields, STORE_ERRORS},
};

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

enum field_type field_type(const char *name)
{
	static const struct {
		const char *name;
		enum field_type type;
	} types[] = {
		{"agent_version", FIELD_INTEGER},
		{"flow_state", FIELD_JSON},
		{"total_events", FIELD_INTEGER},
		{"function_call_count", FIELD_INTEGER},
		{"transcript_segment_count", FIELD_INTEGER},
		{"error_count", FIELD_INTEGER},
		{"metadata", FIELD_JSON},
		{"completeness", FIELD_JSON},
		{"event_sequence", FIELD_INTEGER},
		{"function_arguments", FIELD_JSON},
		{"function_response", FIELD_JSON},
		{"error_context", FIELD_JSON},
		{"execution_sequence", FIELD_INTEGER},
		{"input_params", FIELD_JSON},
		{"output_result", FIELD_JSON},
		{"error_details", FIELD_JSON},
		{"db_query_count", FIELD_INTEGER},
		{"external_api_calls", FIELD_INTEGER},
		{"segment_sequence", FIELD_INTEGER},
		{"word_count", FIELD_INTEGER},
		{"call_terminated", FIELD_BOOLEAN},
		{"booking_failed", FIELD_BOOLEAN},
		{"resolved", FIELD_BOOLEAN},
	};

	if (ends_with(name, "_at"))
		return FIELD_TIME;
	if (ends_with(name, "_ms"))
		return FIELD_REAL;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	return FIELD_TEXT;
}
