/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <stdlib.h>
#include <string.h>

#include "classify.h"
#include "cleanup.h"
#include "clock.h"
#include "record.h"

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
};

/* Behind everything the transcript has; and, for what is first of all, before. */
#define CAUSAL_FIRST	0
#define CAUSAL_ENTRY(i) (2 * (size_t)(i) + 2)
#define CAUSAL_LAST	(SIZE_MAX / 2)

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

	if (log->count == log->capacity) {
		size_t capacity = log->capacity ? 2 * log->capacity : 64;
		struct place *places = realloc(log->places, capacity * sizeof(*places));

		if (!places) {
			json_decref(event);
			return NULL;
		}
		log->places = places;
		log->capacity = capacity;
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

static void add_function(struct log *log, size_t i, const json_t *trace)
{
	const json_t *details = json_object_get(trace, "error_details");
	ssize_t entry = log->d->transcript->bindings[i].entry;
	const json_t *input = json_array_get(log->d->functions, i);
	json_t *event = event_new(log, "function_call", get_text(input, "id"),
				  clock_place_in(log->d, input, get_int(input, "started_at")),
				  entry < 0 ? CAUSAL_LAST - 1 : CAUSAL_ENTRY(entry) + 1);

	if (entry >= 0 && log->d->clock.anchored)
		set_meta(event, "time_derived", json_true());
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

/* The trace that an utterance led to: the first request bound to an invocation before the next
 * utterance. */
static json_t *related_trace(const struct derivation *d, size_t segment)
{
	const struct transcript *t = d->transcript;
	size_t n = json_array_size(d->functions);

	for (size_t i = segment + 1; i < t->count; i++) {
		if (entry_is(&t->entries[i], "agent") || entry_is(&t->entries[i], "user"))
			break;
		for (size_t k = 0; k < n; k++)
			if (t->bindings[k].entry == (ssize_t)i)
				return get_copy(json_array_get(d->traces, k), "id");
	}
	return json_null();
}

static size_t words_in(const char *text)
{
	size_t n = 0;

	for (text += strspn(text, " \t\r\n"); *text; text += strspn(text, " \t\r\n")) {
		text += strcspn(text, " \t\r\n");
		n++;
	}
	return n;
}

static json_t *derived_mark(const struct entry *entry)
{
	return entry->timed ? json_object() : json_pack("{s:b}", "time_derived", 1);
}

static void add_segment(struct derivation *d, size_t i, const json_t *event)
{
	const struct entry *entry = &d->transcript->entries[i];
	const char *text = get_text(entry->json, "content");
	char name[32];

	snprintf(name, sizeof(name), "%zu", i);
	json_array_append_new(
		d->segments,
		json_pack("{s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:s, s:I, s:o, s:o, s:n, s:o}", "id",
			  record_id("segment", d->session, name), "call_session_id", d->session,
			  "event_id", get_copy(event, "id"), "occurred_at",
			  get_copy(event, "occurred_at"), "call_offset_ms",
			  get_copy(event, "call_offset_ms"), "segment_sequence",
			  (json_int_t)json_array_size(d->segments) + 1, "role",
			  get_copy(entry->json, "role"), "text", text, "word_count",
			  (json_int_t)words_in(text), "duration_ms",
			  entry->end_ns > entry->at_ns ? record_ms(entry->end_ns - entry->at_ns)
						       : json_null(),
			  "related_function_trace_id", related_trace(d, i), "sentiment", "metadata",
			  derived_mark(entry)));
}

static void add_text(struct log *log, size_t i, const char *type, const char *name)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event = event_new(log, type, name, entry->at_ns, CAUSAL_ENTRY(i));

	move(event, "transcript_text", entry->json, "content");
	move(event, "transcript_role", entry->json, "role");
	if (!entry->timed)
		set_meta(event, "time_derived", json_true());
	if (strcmp(type, "transcript") == 0)
		add_segment(log->d, i, event);
}

static void add_transition(struct log *log, size_t i, const char *name)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event = event_new(log, "flow_transition", name, entry->at_ns, CAUSAL_ENTRY(i));

	move(event, "from_node", entry->json, "former_node_name");
	move(event, "to_node", entry->json, "new_node_name");
	move(event, "transition_trigger", entry->json, "transition_type");
	set_meta(event, "from_node_id", get_copy(entry->json, "former_node_id"));
	set_meta(event, "to_node_id", get_copy(entry->json, "new_node_id"));
	if (!entry->timed)
		set_meta(event, "time_derived", json_true());
}

static bool bound(const struct derivation *d, size_t entry)
{
	for (size_t i = 0; i < json_array_size(d->functions); i++)
		if (d->transcript->bindings[i].entry == (ssize_t)entry)
			return true;
	return false;
}

static json_t *arguments_json(const struct entry *entry)
{
	json_t *arguments = json_loads(get_text(entry->json, "arguments"), 0, NULL);

	return arguments ? arguments : get_copy(entry->json, "arguments");
}

/* What the model called and no request of ours answered: another backend's, or lost. */
static void add_unseen(struct log *log, size_t i, const char *name)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event;

	if (bound(log->d, i))
		return;
	event = event_new(log, "function_call", name, entry->at_ns, CAUSAL_ENTRY(i));
	move(event, "function_name", entry->json, "name");
	json_object_set_new(event, "function_arguments", arguments_json(entry));
	set_meta(event, "tool_call_id", get_copy(entry->json, "tool_call_id"));
	set_meta(event, "not_seen", json_true());
	if (!entry->timed)
		set_meta(event, "time_derived", json_true());
}

static void add_dtmf(struct log *log, size_t i, const char *name)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	json_t *event = event_new(log, "dtmf", name, entry->at_ns, CAUSAL_ENTRY(i));

	set_meta(event, "digit", get_copy(entry->json, "digit"));
	if (!entry->timed)
		set_meta(event, "time_derived", json_true());
}

static void add_entry(struct log *log, size_t i)
{
	const struct entry *entry = &log->d->transcript->entries[i];
	const char *role = get_text(entry->json, "role");
	char name[32];

	snprintf(name, sizeof(name), "transcript:%zu", i);
	if (entry_is(entry, "agent") || entry_is(entry, "user") ||
	    entry_is(entry, "transfer_target"))
		add_text(log, i, "transcript", name);
	else if (entry_is(entry, "sms") || entry_is(entry, "injected"))
		add_text(log, i, role, name);
	else if (entry_is(entry, "node_transition"))
		add_transition(log, i, name);
	else if (entry_is(entry, "tool_call_invocation"))
		add_unseen(log, i, name);
	else if (entry_is(entry, "dtmf"))
		add_dtmf(log, i, name);
}

/* Repeated deliveries are one event: the first one's time, counted. */
static json_t *delivered_before(struct log *log, const json_t *input)
{
	for (size_t i = 0; i < log->count; i++) {
		json_t *meta = json_object_get(log->places[i].event, "metadata");

		if (strcmp(get_text(log->places[i].event, "event_type"), "lifecycle") == 0 &&
		    strcmp(get_text(meta, "event"), get_text(input, "event")) == 0 &&
		    strcmp(get_text(meta, "payload"), get_text(input, "hash")) == 0)
			return meta;
	}
	return NULL;
}

static void add_lifecycle(struct log *log, const json_t *input)
{
	json_t *meta = delivered_before(log, input), *event;
	const char *name = get_text(input, "event");
	char key[96];

	/* Each says the transcript again and nothing else. */
	if (strcmp(name, "transcript_updated") == 0)
		return;
	if (meta) {
		json_object_set_new(meta, "deliveries",
				    json_integer(get_int(meta, "deliveries") + 1));
		json_object_set_new(meta, "http_status", get_copy(input, "status"));
		return;
	}
	snprintf(key, sizeof(key), "lifecycle:%.40s:%s", name, get_text(input, "hash"));
	event = event_new(
		log, "lifecycle", key, clock_place_in(log->d, input, get_int(input, "started_at")),
		strstr(name, "start") || strstr(name, "inbound") ? CAUSAL_FIRST : CAUSAL_LAST);
	move(event, "correlation_id", input, "correlation_id");
	json_object_set_new(event, "response_time_ms", record_ms(get_int(input, "duration_ns")));
	set_meta(event, "event", get_copy(input, "event"));
	set_meta(event, "http_status", get_copy(input, "status"));
	set_meta(event, "request_id", get_copy(input, "id"));
	set_meta(event, "payload", get_copy(input, "hash"));
	set_meta(event, "deliveries", json_integer(1));
}

/* When it failed: for a function, when it answered. */
static void add_error(struct log *log, const json_t *error)
{
	static const char *const marks[] = {
		"function_trace_id", "error_type", "severity", "booking_failed", "call_terminated",
	};
	json_t *event =
		event_new(log, "error", get_text(error, "id"),
			  get_int(error, "occurred_at") - log->d->clock.start_ns, CAUSAL_LAST);

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
	struct log log = {.d = d};
	json_t *json;
	size_t i;

	for (i = 0; i < d->transcript->count; i++)
		add_entry(&log, i);
	json_array_foreach (d->traces, i, json)
		add_function(&log, i, json);
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
