/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "clock.h"
#include "record.h"
#include "trace.h"
#include "wordcount.h"

/* Where an event stands: by time, and at the same time by what caused what. */
struct place {
	json_t *event;
	int64_t at_ns; /* since the call's start */
	size_t causal;
};

struct log {
	struct derivation *d;
	struct place *places;
	size_t count, capacity;
	json_t *traces;	   /* a trace's id → its number */
	json_t *delivered; /* lifecycle event and payload → its metadata */
};

/* What is first of all; an entry, its function behind it, and behind that one's error; a function
 * of which it is not known what led to it, and its error; and what is last of all. */
#define CAUSAL_FIRST	0
#define CAUSAL_ENTRY(i) (4 * (size_t)(i) + 4)
#define CAUSAL_FUNCTION (SIZE_MAX / 2)
#define CAUSAL_LAST	(CAUSAL_FUNCTION + 2)

static json_t *event_new(struct log *log, const char *type, const char *name, int64_t at_ns,
			 size_t causal)
{
	static const char *const fields[] = {
		"correlation_id",   "function_name",   "function_arguments", "function_response",
		"response_time_ms", "function_status", "transcript_text",    "transcript_role",
		"from_node",	    "to_node",	       "transition_trigger", "error_code",
		"error_message",    "error_context",
	};
	struct derivation *d = log->d;
	json_t *event = json_pack("{s:o, s:s, s:n, s:s, s:I, s:o, s:{}}", "id",
				  record_id("event", d->session, name), "call_session_id",
				  d->session, "event_sequence", "event_type", type, "occurred_at",
				  (json_int_t)(d->clock.start_ns + at_ns), "call_offset_ms",
				  record_ms(at_ns), "metadata");

	if (array_grow(&log->places, log->count, &log->capacity, sizeof(*log->places)) < 0) {
		json_decref(event);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		json_object_set_new(event, fields[i], json_null());
	log->places[log->count++] = (struct place){event, at_ns, causal};
	return event;
}

static void set_meta(json_t *event, const char *name, json_t *value)
{
	json_object_set_new(json_object_get(event, "metadata"), name, value);
}

static void move(json_t *event, const char *to, const json_t *from, const char *name)
{
	json_object_set_new(event, to, get_copy(from, name));
}

/* A time that is not the one it was given is marked, and what was given is kept. */
static void mark_time(json_t *event, bool derived, int64_t given_ns)
{
	if (derived || given_ns != TIME_UNKNOWN)
		set_meta(event, "time_derived", json_true());
	if (given_ns != TIME_UNKNOWN)
		set_meta(event, "time_given_ms", record_ms(given_ns));
}

static void mark_entry(json_t *event, const struct entry *entry)
{
	mark_time(event, !entry->timed, entry_moved(entry) ? entry->given_ns : TIME_UNKNOWN);
}

static void add_function(struct log *log, size_t i, const json_t *trace)
{
	const struct binding *binding = &log->d->transcript->bindings[i];
	const json_t *details = json_object_get(trace, "error_details");
	const json_t *input = json_array_get(log->d->functions, i);
	json_t *event =
		event_new(log, "function_call", get_text(input, "id"), binding->at_ns,
			  binding->entry < 0 ? CAUSAL_FUNCTION : CAUSAL_ENTRY(binding->entry) + 1);

	mark_time(event, binding->derived, binding->given_ns);
	move(event, "correlation_id", trace, "correlation_id");
	move(event, "function_name", trace, "function_name");
	move(event, "function_arguments", trace, "input_params");
	move(event, "function_response", trace, "output_result");
	move(event, "response_time_ms", trace, "duration_ms");
	move(event, "function_status", trace, "status");
	move(event, "error_code", details, "code");
	move(event, "error_message", details, "message");
	set_meta(event, "function_trace_id", get_copy(trace, "id"));
	set_meta(event, "execution_sequence", get_copy(trace, "execution_sequence"));
	set_meta(event, "tool_call_id",
		 get_copy(json_object_get(trace, "metadata"), "tool_call_id"));
}

static json_t *entry_name(const struct derivation *d, const char *what, size_t i)
{
	char name[32];

	snprintf(name, sizeof(name), "%zu", i);
	return record_id(what, d->session, name);
}

static json_t *text_of(const struct entry *entry)
{
	const char *field = entry->role == ROLE_DTMF ? "digit" : "content";
	json_t *text = json_object_get(entry->json, field);

	return json_is_string(text) ? json_incref(text) : json_string("");
}

static json_t *led_to(const struct derivation *d, const struct entry *entry)
{
	return entry->led_to < 0 ? json_null()
				 : get_copy(json_array_get(d->traces, (size_t)entry->led_to), "id");
}

static json_t *time_marks(const json_t *event)
{
	static const char *const marks[] = {"time_derived", "time_given_ms"};
	const json_t *from = json_object_get(event, "metadata");
	json_t *metadata = json_object();

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (json_object_get(from, marks[i]))
			json_object_set(metadata, marks[i], json_object_get(from, marks[i]));
	return metadata;
}

static void add_segment(struct derivation *d, size_t i, const json_t *event)
{
	const struct entry *entry = &d->transcript->entries[i];
	_cleanup_(json_decrefp) json_t *text = text_of(entry);

	json_array_append_new(
		d->segments,
		json_pack("{s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:O, s:I, s:o, s:o, s:n, s:o}", "id",
			  entry_name(d, "segment", i), "call_session_id", d->session, "event_id",
			  get_copy(event, "id"), "occurred_at", get_copy(event, "occurred_at"),
			  "call_offset_ms", get_copy(event, "call_offset_ms"), "segment_sequence",
			  (json_int_t)json_array_size(d->segments) + 1, "role",
			  get_copy(entry->json, "role"), "text", text, "word_count",
			  (json_int_t)word_count(json_string_value(text)), "duration_ms",
			  entry->lasted_ns ? record_ms(entry->lasted_ns) : json_null(),
			  "related_function_trace_id", led_to(d, entry), "sentiment", "metadata",
			  time_marks(event)));
}

static json_t *entry_event(struct log *log, size_t i, const char *type)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event;
	char name[32];

	snprintf(name, sizeof(name), "transcript:%zu", i);
	event = event_new(log, type, name, entry->at_ns, CAUSAL_ENTRY(i));
	mark_entry(event, entry);
	return event;
}

/* What was said, and what was typed, sent or put in beside it: without that a transcript has gaps.
 */
static void add_text(struct log *log, size_t i, const char *type)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event = entry_event(log, i, type);

	json_object_set_new(event, "transcript_text", text_of(entry));
	move(event, "transcript_role", entry->json, "role");
	if (entry->role == ROLE_DTMF)
		set_meta(event, "digit", get_copy(entry->json, "digit"));
	add_segment(log->d, i, event);
}

static void add_transition(struct log *log, size_t i)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event = entry_event(log, i, "flow_transition");

	move(event, "from_node", entry->json, "former_node_name");
	move(event, "to_node", entry->json, "new_node_name");
	move(event, "transition_trigger", entry->json, "transition_type");
	set_meta(event, "from_node_id", get_copy(entry->json, "former_node_id"));
	set_meta(event, "to_node_id", get_copy(entry->json, "new_node_id"));
}

static json_t *arguments_json(const struct entry *entry)
{
	json_t *arguments = json_loads(get_text(entry->json, "arguments"), 0, NULL);

	return arguments ? arguments : get_copy(entry->json, "arguments");
}

/* As far as the result tells. */
static json_t *unseen_status(const struct derivation *d, const json_t *result,
			     const json_t *successful)
{
	if (profile_failed(d->profile, result) || json_is_false(successful))
		return json_string("error");
	return json_is_true(successful) ? json_string("success") : json_null();
}

/* What the model called and no request of ours answered: another backend's, or lost. */
static void add_unseen(struct log *log, size_t i)
{
	const struct derivation *d = log->d;
	const struct entry *entry = &d->transcript->entries[i];
	_cleanup_(json_decrefp) json_t *result = transcript_result(d->transcript, (ssize_t)i);
	_cleanup_(json_decrefp) json_t *successful = trace_successful(d, (ssize_t)i);
	json_t *event;

	if (entry->request >= 0)
		return;
	event = entry_event(log, i, "function_call");
	move(event, "function_name", entry->json, "name");
	json_object_set_new(event, "function_arguments", arguments_json(entry));
	json_object_set(event, "function_response", result ?: json_null());
	json_object_set_new(event, "function_status", unseen_status(d, result, successful));
	set_meta(event, "tool_call_id", get_copy(entry->json, "tool_call_id"));
	set_meta(event, "not_seen", json_true());
	set_meta(event, "provider_duration_ms", trace_provider_duration(d, (ssize_t)i));
	set_meta(event, "result_successful", json_incref(successful));
}

static void add_entry(struct log *log, size_t i)
{
	switch (log->d->transcript->entries[i].role) {
	case ROLE_AGENT:
	case ROLE_USER:
	case ROLE_TRANSFER_TARGET:
		add_text(log, i, "transcript");
		break;
	case ROLE_DTMF:
		add_text(log, i, "dtmf");
		break;
	case ROLE_SMS:
		add_text(log, i, "sms");
		break;
	case ROLE_INJECTED:
		add_text(log, i, "injected");
		break;
	case ROLE_TRANSITION:
		add_transition(log, i);
		break;
	case ROLE_INVOCATION:
		add_unseen(log, i);
		break;
	default:
		break;
	}
}

/* When it happened, if the provider says so, else when it came; the end comes behind all that was
 * said. */
static json_t *lifecycle_event(struct log *log, const json_t *input, const char *name)
{
	struct derivation *d = log->d;
	const struct transcript *t = d->transcript;
	int64_t came = clock_place(&d->clock, input, get_int(input, "started_at")), given, at;
	bool said = clock_said(d, input, &given), is_end = clock_is_end(d, input);
	json_t *event;

	if (!said)
		given = clock_place_in(d, input, get_int(input, "started_at"));
	at = given;
	if (is_end && t->count && at < t->entries[t->count - 1].at_ns)
		at = t->entries[t->count - 1].at_ns;
	event = event_new(log, "lifecycle", name, at,
			  is_end ? CAUSAL_LAST + (size_t)json_integer_value(profile_event(
							 d->profile, "event_rank", input))
			  : said || profile_event(d->profile, "event_place", input)
				  ? CAUSAL_FIRST
				  : CAUSAL_FUNCTION);
	mark_time(event, !said && given != came, at != given ? given : TIME_UNKNOWN);
	if (said && !d->clock.anchored)
		set_meta(event, "delivery_delay_ms", record_ms(came - given));
	return event;
}

/* Repeated deliveries are one event: the first one's, counted, with the last one's status. */
static void add_lifecycle(struct log *log, const json_t *input)
{
	const char *name = get_text(input, "event");
	json_t *event, *meta;
	char key[96];

	/* Each says the transcript again and nothing else. */
	if (profile_silent(log->d->profile, input))
		return;
	snprintf(key, sizeof(key), "lifecycle:%.40s:%s", name, get_text(input, "hash"));
	meta = json_object_get(log->delivered, key);
	if (meta) {
		json_object_set_new(meta, "deliveries",
				    json_integer(get_int(meta, "deliveries") + 1));
		json_object_set_new(meta, "http_status", get_copy(input, "status"));
		return;
	}
	event = lifecycle_event(log, input, key);
	move(event, "correlation_id", input, "correlation_id");
	json_object_set_new(event, "response_time_ms", record_ms(get_int(input, "duration_ns")));
	set_meta(event, "event", get_copy(input, "event"));
	set_meta(event, "http_status", get_copy(input, "status"));
	set_meta(event, "request_id", get_copy(input, "request_id"));
	set_meta(event, "payload", get_copy(input, "hash"));
	set_meta(event, "deliveries", json_integer(1));
	set_meta(event, "details", get_copy(input, "details"));
	json_object_set(log->delivered, key, json_object_get(event, "metadata"));
}

/* When it failed: for a function, when it answered. */
static void add_error(struct log *log, const json_t *error)
{
	static const char *const marks[] = {
		"function_trace_id", "error_type", "severity", "booking_failed", "call_terminated",
	};
	const struct derivation *d = log->d;
	int64_t failed = get_int(error, "occurred_at") - d->clock.start_ns, at = failed;
	const json_t *number = json_object_get(log->traces, get_text(error, "function_trace_id"));
	const struct binding *binding =
		number ? &d->transcript->bindings[json_integer_value(number)] : NULL;
	size_t causal = binding && binding->entry >= 0 ? CAUSAL_ENTRY(binding->entry) + 2
						       : CAUSAL_FUNCTION + 1;
	json_t *event;

	/* Before what the agent says of it. */
	if (binding && at > binding->latest_ns)
		at = binding->latest_ns;
	event = event_new(log, "error", get_text(error, "id"), at, causal);
	mark_time(event, false, at != failed ? failed : TIME_UNKNOWN);

	move(event, "id", error, "event_id");
	move(event, "function_name", error, "affected_function");
	move(event, "error_code", error, "error_code");
	move(event, "error_message", error, "error_message");
	move(event, "error_context", error, "error_context");
	set_meta(event, "error_id", get_copy(error, "id"));
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		set_meta(event, marks[i], get_copy(error, marks[i]));
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	if (x->causal != y->causal)
		return x->causal < y->causal ? -1 : 1;
	return strcmp(get_text(x->event, "id"), get_text(y->event, "id"));
}

void event_derive(struct derivation *d)
{
	_cleanup_(json_decrefp) json_t *delivered = json_object(), *traces = json_object();
	struct log log = {.d = d, .delivered = delivered, .traces = traces};
	json_t *json;
	size_t i;

	for (i = 0; i < d->transcript->count; i++)
		add_entry(&log, i);
	json_array_foreach (d->traces, i, json) {
		add_function(&log, i, json);
		json_object_set_new(traces, get_text(json, "id"), json_integer(i));
	}
	json_array_foreach (d->inputs, i, json)
		if (strcmp(get_text(json, "kind"), "event") == 0)
			add_lifecycle(&log, json);
	json_array_foreach (d->errors, i, json)
		add_error(&log, json);
	if (log.count)
		qsort(log.places, log.count, sizeof(*log.places), by_place);
	for (i = 0; i < log.count; i++) {
		json_object_set_new(log.places[i].event, "event_sequence", json_integer(i + 1));
		json_array_append_new(d->events, log.places[i].event);
	}
	free(log.places);
}
