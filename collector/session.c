/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <string.h>

#include "call.h"
#include "cleanup.h"
#include "correlation.h"
#include "record.h"

static json_t *field(const struct derivation *d, const char *name)
{
	json_t *value = profile_lookup(d->profile, "session", name, d->call);

	return value ? json_incref(value) : json_null();
}

/* Ids are text, whatever the customer's own metadata has them as. */
static json_t *text_field(const struct derivation *d, const char *name)
{
	json_t *value = profile_lookup(d->profile, "session", name, d->call);

	if (json_is_integer(value))
		return json_sprintf("%lld", (long long)json_integer_value(value));
	return json_is_string(value) ? json_incref(value) : json_null();
}

/* The most final of the inputs that have one from this source: whatever order they came in. */
static const json_t *id_from(const struct derivation *d, const char *name, const char *source)
{
	const json_t *best = NULL, *found = NULL;
	json_t *input;
	size_t i;

	json_array_foreach (d->inputs, i, input) {
		const json_t *ids = json_object_get(json_object_get(input, "ids"), name);
		const json_t *id = json_object_get(ids, source);

		if (!id || (best && input_compare(d->profile, best, input) > 0))
			continue;
		best = input;
		found = id;
	}
	return found;
}

/* company_id, customer_id: the first source that gives one in any input. */
static json_t *id_field(const struct derivation *d, const char *name)
{
	_cleanup_(json_decrefp) json_t *sources = profile_sources(d->profile, name);
	const json_t *found = NULL;
	json_t *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		found = id_from(d, name, json_string_value(source));
		if (found)
			break;
	}
	return found ? json_incref((json_t *)found) : json_null();
}

/* Where the last transition led; before the first, what the provider says. */
static json_t *flow_node(const struct derivation *d)
{
	for (size_t i = d->transcript->count; i > 0; i--) {
		const json_t *entry = d->transcript->entries[i - 1].json;
		json_t *node = json_object_get(entry, "new_node_name");

		if (!entry_is(&d->transcript->entries[i - 1], "node_transition"))
			continue;
		if (!json_string_length(node))
			node = json_object_get(entry, "new_node_id");
		if (json_string_length(node))
			return json_incref(node);
	}
	return field(d, "current_flow_node");
}

static bool is_call(const struct derivation *d)
{
	return *get_text(json_array_get(d->inputs, 0), "call_id") != 0;
}

/* Of the last request that was seen. */
static int64_t last_activity(const struct derivation *d)
{
	int64_t last = 0;
	json_t *input;
	size_t i;

	json_array_foreach (d->inputs, i, input)
		if (input_end(input) > last)
			last = input_end(input);
	return last;
}

static const char *request_status(const json_t *input)
{
	const char *state = get_text(input, "state");

	if (strcmp(state, "pending") == 0)
		return "in_progress";
	return get_int(input, "status") >= 500 || get_int(input, "exit_status") ||
			       json_is_true(json_object_get(input, "uncaught")) ||
			       strcmp(state, "cut_off") == 0
		       ? "failed"
		       : "completed";
}

/* As the provider, or the request, tells: why it ended, how it is, or that it ended at all. */
static const char *told_status(const struct derivation *d)
{
	const char *said =
		json_string_value(profile_lookup(d->profile, "session", "call_status", d->call));
	const char *reason = json_string_value(
		profile_lookup(d->profile, "session", "disconnection_reason", d->call));
	const char *status = said ? json_string_value(json_object_get(
					    profile_get(d->profile, "call_status"), said))
				  : NULL;
	const json_t *input;
	size_t i;

	if (!is_call(d))
		return request_status(json_array_get(d->inputs, 0));
	/* The narrower first: a call that never came about did not break off. */
	if (profile_reason(d->profile, "not_connected", reason))
		return "not_connected";
	if (profile_reason(d->profile, "failed", reason))
		return "failed";
	/* A status may be older than the message that says that the call ended. */
	if (status && strcmp(status, "in_progress") != 0)
		return status;
	json_array_foreach (d->inputs, i, input) {
		const char *by_event =
			json_string_value(profile_event(d->profile, "event_status", input));

		if (by_event)
			return by_event;
	}
	return "in_progress";
}

static const char *status_of(const struct derivation *d)
{
	const char *told = told_status(d);

	return strcmp(told, "in_progress") == 0 && d->abandoned_at > last_activity(d) ? "abandoned"
										      : told;
}

static json_t *completeness_of(const struct derivation *d)
{
	json_t *holes = json_array(), *input, *hole;
	int cut_off = 0, pending = 0;
	size_t i, k;

	json_array_foreach (d->inputs, i, input) {
		/* Calls of one request share what happened to it. */
		if (get_int(input, "part"))
			continue;
		cut_off += strcmp(get_text(input, "state"), "cut_off") == 0;
		pending += strcmp(get_text(input, "state"), "pending") == 0;
		json_array_foreach (json_object_get(input, "holes"), k, hole)
			json_array_append_new(
				holes, json_pack("{s:o, s:o, s:o}", "kind", get_copy(hole, "kind"),
						 "count", get_copy(hole, "count"), "request_id",
						 get_copy(input, "request_id")));
	}
	return json_pack("{s:b, s:o, s:i, s:i}", "complete",
			 !cut_off && !pending && !json_array_size(holes), "holes", holes, "cut_off",
			 cut_off, "pending", pending);
}

static json_t *clock_of(const struct derivation *d)
{
	return json_pack("{s:o, s:s}", "offset_ms", record_ms(d->clock.offset_ns), "source",
			 d->clock.source);
}

static json_t *analysis_of(const struct derivation *d)
{
	static const char *const names[] = {
		"call_summary",	  "call_successful",	  "in_voicemail",
		"user_sentiment", "custom_analysis_data",
	};
	_cleanup_(json_decrefp) json_t *whole = field(d, "call_analysis"), *parts = NULL;

	if (!json_is_null(whole))
		return steal(&whole);
	parts = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		_cleanup_(json_decrefp) json_t *value = field(d, names[i]);

		if (!json_is_null(value))
			json_object_set(parts, names[i], value);
	}
	return json_object_size(parts) ? steal(&parts) : json_null();
}

static json_t *request_metadata(const struct derivation *d)
{
	const json_t *first = json_array_get(d->inputs, 0);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "request_id",
			 get_copy(first, "id"), "method", get_copy(first, "method"), "path",
			 get_copy(first, "path"), "query", get_copy(first, "query"), "argv",
			 get_copy(first, "argv"), "unit", get_copy(first, "unit"), "status",
			 get_copy(first, "status"), "exit_status", get_copy(first, "exit_status"),
			 "summary", get_copy(first, "summary"));
}

static json_t *call_metadata(const struct derivation *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "provider_metadata",
			 field(d, "provider_metadata"), "direction", field(d, "direction"),
			 "call_type", field(d, "call_type"), "agent_name", field(d, "agent_name"),
			 "dynamic_variables", field(d, "dynamic_variables"), "call_analysis",
			 analysis_of(d), "latency", field(d, "latency"), "clock", clock_of(d));
}

static json_t *metadata_of(const struct derivation *d)
{
	json_t *metadata = is_call(d) ? call_metadata(d) : request_metadata(d);
	size_t more;

	json_object_set_new(metadata, "correlation_ids", correlation_all(d->inputs, &more));
	if (more)
		json_object_set_new(metadata, "correlation_ids_left_out", json_integer(more));
	return metadata;
}

static void set_response_times(json_t *session, const json_t *traces)
{
	double sum = 0, max = 0, min = 0;
	size_t n = 0, i;
	json_t *trace;

	json_array_foreach (traces, i, trace) {
		json_t *duration = json_object_get(trace, "duration_ms");
		double ms = json_number_value(duration);

		if (!json_is_number(duration))
			continue;
		sum += ms;
		max = !n || ms > max ? ms : max;
		min = !n || ms < min ? ms : min;
		n++;
	}
	json_object_set_new(session, "avg_response_time_ms",
			    n ? record_ms((int64_t)(sum / (double)n * 1e6 + 500)) : json_null());
	json_object_set_new(session, "max_response_time_ms", n ? json_real(max) : json_null());
	json_object_set_new(session, "min_response_time_ms", n ? json_real(min) : json_null());
}

static void set_times(const struct derivation *d, json_t *session)
{
	json_int_t end_ms =
		json_integer_value(profile_lookup(d->profile, "session", "end_ms", d->call));
	json_t *duration = profile_lookup(d->profile, "session", "duration_ms", d->call);
	int64_t end = end_ms * 1000000 - d->clock.offset_ns, last = last_activity(d);

	if (!is_call(d))
		end = strcmp(status_of(d), "in_progress") != 0 ? last : 0;
	else if (!end_ms)
		end = 0;
	json_object_set_new(session, "started_at", json_integer(d->clock.start_ns));
	json_object_set_new(session, "ended_at", end > 0 ? json_integer(end) : json_null());
	json_object_set_new(session, "first_seen_at",
			    get_copy(json_array_get(d->inputs, 0), "started_at"));
	json_object_set_new(session, "last_seen_at", json_integer(last));
	if (json_is_number(duration))
		json_object_set_new(session, "duration_ms", json_real(json_number_value(duration)));
	else
		json_object_set_new(session, "duration_ms",
				    end > 0 ? record_ms(end - d->clock.start_ns) : json_null());
}

static void set_counters(const struct derivation *d, json_t *session)
{
	json_object_set_new(session, "total_events", json_integer(json_array_size(d->events)));
	json_object_set_new(session, "function_call_count",
			    json_integer(json_array_size(d->traces)));
	json_object_set_new(session, "transcript_segment_count",
			    json_integer(json_array_size(d->segments)));
	json_object_set_new(session, "error_count", json_integer(json_array_size(d->errors)));
	set_response_times(session, d->traces);
}

json_t *session_derive(const struct derivation *d)
{
	const json_t *first = json_array_get(d->inputs, 0);
	json_t *session =
		json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id",
			  d->session, "call_id", get_copy(first, "call_id"), "kind",
			  is_call(d) ? "call" : "request", "provider", get_copy(first, "provider"),
			  "company_id", id_field(d, "company_id"), "customer_id",
			  id_field(d, "customer_id"), "agent_id", text_field(d, "agent_id"),
			  "agent_version", field(d, "agent_version"), "call_status", status_of(d),
			  "disconnection_reason", field(d, "disconnection_reason"),
			  "conversation_flow_id", field(d, "conversation_flow_id"),
			  "current_flow_node", flow_node(d), "flow_state", field(d, "flow_state"));

	if (!session)
		return NULL;
	set_times(d, session);
	set_counters(d, session);
	json_object_set_new(session, "metadata", metadata_of(d));
	json_object_set_new(session, "completeness", completeness_of(d));
	return session;
}
