/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "error.h"
#include "event.h"
#include "record.h"
#include "session.h"
#include "trace.h"
#include "transcript.h"

static json_int_t rank_of(const struct profile *profile, const json_t *input)
{
	const json_t *rank = profile_event(profile, "event_rank", input);

	/* A function call says more than call_started: the call goes on. */
	return rank ? json_integer_value(rank) : *get_text(input, "event") ? 0 : 1;
}

static int64_t sent_at(const json_t *input)
{
	json_int_t ms = get_int(input, "signature_ms");

	return ms > 0 && ms < INT64_MAX / 1000000 ? ms * 1000000 : get_int(input, "started_at");
}

static int later(const json_t *a, const json_t *b)
{
	int64_t at_a = sent_at(a), at_b = sent_at(b);

	if (at_a != at_b)
		return at_a < at_b ? -1 : 1;
	return strcmp(get_text(a, "hash"), get_text(b, "hash"))
		       ?: strcmp(get_text(a, "id"), get_text(b, "id"));
}

int input_compare(const struct profile *profile, const json_t *a, const json_t *b)
{
	json_int_t rank_a = rank_of(profile, a), rank_b = rank_of(profile, b);
	size_t entries_a = get_int(a, "entries"), entries_b = get_int(b, "entries");

	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	if (entries_a != entries_b)
		return entries_a < entries_b ? -1 : 1;
	return later(a, b);
}

static bool is_final(const struct profile *profile, const json_t *input)
{
	return profile_event(profile, "event_status", input);
}

/* When the last that was said ended. */
static double said_until(const json_t *input)
{
	const json_t *list = json_object_get(input, "transcript");
	const json_t *last = json_array_get(list, json_array_size(list) - 1);
	const json_t *end = json_object_get(last, "end");

	return json_number_value(end ?: json_object_get(last, "time_sec"));
}

/* While the call goes on the transcript only grows, whatever message has it; and what is as long
 * but was sent later corrects it. */
static int compare_transcripts(const struct profile *profile, const json_t *a, const json_t *b)
{
	bool final_a = is_final(profile, a), final_b = is_final(profile, b);
	int64_t entries_a = get_int(a, "entries"), entries_b = get_int(b, "entries");
	double until_a = said_until(a), until_b = said_until(b);

	if (final_a != final_b)
		return final_b ? -1 : 1;
	if (entries_a != entries_b)
		return entries_a < entries_b ? -1 : 1;
	if (!final_a && until_a != until_b)
		return until_a < until_b ? -1 : 1;
	return final_a ? input_compare(profile, a, b) : later(a, b);
}

static json_t *final_transcript(const struct profile *profile, const json_t *inputs)
{
	json_t *input, *best = NULL;
	size_t i;

	json_array_foreach (inputs, i, input)
		if (json_is_array(json_object_get(input, "transcript")) &&
		    (!best || compare_transcripts(profile, best, input) < 0))
			best = input;
	return best;
}

/* The first of the list that one of the inputs came by. */
static const struct profile *profile_of(const struct profile *list, const json_t *inputs)
{
	json_t *input;
	size_t i;

	for (const struct profile *profile = list; profile; profile = profile_next(profile))
		json_array_foreach ((json_t *)inputs, i, input)
			if (strcmp(get_text(input, "provider"), profile_provider(profile)) == 0)
				return profile;
	return list;
}

bool call_keep_transcript(const struct profile *profiles, json_t *inputs)
{
	const json_t *best = final_transcript(profile_of(profiles, inputs), inputs);
	bool changed = false;
	json_t *input;
	size_t i;

	json_array_foreach (inputs, i, input) {
		if (input == best || !json_is_array(json_object_get(input, "transcript")))
			continue;
		json_object_set_new(input, "transcript", json_null());
		changed = true;
	}
	return changed;
}

struct order {
	const struct profile *profile;
};

static int by_rank(const void *a, const void *b, void *userdata)
{
	const struct order *order = userdata;

	return input_compare(order->profile, *(json_t *const *)a, *(json_t *const *)b);
}

static int by_time(const void *a, const void *b, void *userdata)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int64_t at_x = get_int(x, "started_at"), at_y = get_int(y, "started_at");

	(void)userdata;
	if (at_x != at_y)
		return at_x < at_y ? -1 : 1;
	return strcmp(get_text(x, "id"), get_text(y, "id"));
}

static json_t *sorted(const struct profile *profile, const json_t *inputs,
		      int (*compare)(const void *, const void *, void *))
{
	size_t n = json_array_size(inputs);
	_cleanup_(freep) json_t **list = calloc(n + 1, sizeof(*list));
	struct order order = {profile};
	json_t *array = json_array();

	if (!list || !array)
		return NULL;
	for (size_t i = 0; i < n; i++)
		list[i] = json_array_get(inputs, i);
	qsort_r(list, n, sizeof(*list), compare, &order);
	for (size_t i = 0; i < n; i++)
		json_array_append(array, list[i]);
	return array;
}

json_t *call_order(const json_t *inputs)
{
	return sorted(NULL, inputs, by_time);
}

/* What the most final input says wins, field by field: a field that only an earlier one has stays,
 * and null says nothing. */
static json_t *merged_call(const struct profile *profile, const json_t *inputs)
{
	_cleanup_(json_decrefp) json_t *order = sorted(profile, inputs, by_rank);
	json_t *call = json_object(), *input, *value;
	const char *name;
	size_t i;

	json_array_foreach (order, i, input)
		json_object_foreach (json_object_get(input, "call"), name, value)
			if (!json_is_null(value) || !json_object_get(call, name))
				json_object_set(call, name, value);
	return call;
}

static json_t *of_kind(const json_t *inputs, const char *kind)
{
	json_t *list = json_array(), *input;
	size_t i;

	json_array_foreach (inputs, i, input)
		if (strcmp(get_text(input, "kind"), kind) == 0)
			json_array_append(list, input);
	return list;
}

json_t *call_abandoned(const char *call_id, int64_t at_ns)
{
	json_t *id = record_id("abandoned", call_id, "");

	return json_pack("{s:o, s:s, s:s, s:I}", "id", id, "kind", "abandoned", "call_id", call_id,
			 "started_at", (json_int_t)at_ns);
}

/* The inputs that are requests; `abandoned_at` is of the one that is none. */
static json_t *requests_of(const json_t *inputs, int64_t *abandoned_at)
{
	json_t *list = json_array(), *input;
	size_t i;

	json_array_foreach (inputs, i, input) {
		if (strcmp(get_text(input, "kind"), "abandoned") == 0)
			*abandoned_at = get_int(input, "started_at");
		else
			json_array_append(list, input);
	}
	return list;
}

static json_t *session_id_of(const json_t *inputs)
{
	const json_t *first = json_array_get(inputs, 0);
	const char *call_id = get_text(first, "call_id");
	char text[UUID_TEXT];
	struct uuid id;

	if (!*call_id)
		return json_string(get_text(first, "id"));
	uuid_derive(&id, "session", call_id, strlen(call_id));
	uuid_format(&id, text);
	return json_string(text);
}

int call_derive(json_t **ret, const struct profile *profiles, const struct rules *rules,
		const json_t *inputs)
{
	const struct profile *profile = profile_of(profiles, inputs);
	int64_t abandoned_at = 0;
	_cleanup_(json_decrefp) json_t *requests = requests_of(inputs, &abandoned_at);
	_cleanup_(json_decrefp) json_t *ordered = sorted(profile, requests, by_time);
	_cleanup_(json_decrefp) json_t *call = merged_call(profile, requests);
	_cleanup_(json_decrefp) json_t *functions = of_kind(ordered, "function");
	_cleanup_(json_decrefp) json_t *id = session_id_of(ordered);
	_cleanup_(json_decrefp) json_t *events = json_array();
	_cleanup_(json_decrefp) json_t *traces = json_array();
	_cleanup_(json_decrefp) json_t *segments = json_array();
	_cleanup_(json_decrefp) json_t *errors = json_array();
	_cleanup_(transcript_deinit) struct transcript transcript = {0};
	struct derivation d = {
		.profile = profile,
		.rules = rules,
		.inputs = ordered,
		.functions = functions,
		.call = call,
		.session = json_string_value(id),
		.abandoned_at = abandoned_at,
		.transcript = &transcript,
		.events = events,
		.traces = traces,
		.segments = segments,
		.errors = errors,
	};
	_cleanup_(freep) struct finding *findings = NULL;
	json_t *session;
	int r;

	clock_estimate(&d.clock, profile, ordered, call);
	r = transcript_read(&transcript,
			    json_object_get(final_transcript(profile, ordered), "transcript"),
			    functions, &d.clock);
	if (r == 0)
		r = error_find(&d);
	findings = d.findings;
	if (r < 0)
		return r;
	trace_derive(&d);
	error_derive(&d);
	event_derive(&d);
	session = session_derive(&d);
	if (!session)
		return -ENOMEM;
	*ret = json_pack("{s:o, s:O, s:O, s:O, s:O}", "session", session, "events", events,
			 "functions", traces, "segments", segments, "errors", errors);
	return *ret ? 0 : -ENOMEM;
}
