/* SPDX-License-Identifier: MIT */
#include "transcript.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "record.h"

#define DAY_SECONDS 86400.0

void transcript_deinit(struct transcript *transcript)
{
	free(transcript->entries);
	free(transcript->bindings);
	*transcript = (struct transcript){0};
}

bool entry_is(const struct entry *entry, const char *role)
{
	return strcmp(get_text(entry->json, "role"), role) == 0;
}

static bool seconds(const json_t *entry, const char *key, int64_t *ret)
{
	json_t *value = json_object_get(entry, key);
	double s = json_number_value(value);

	if (!json_is_number(value) || !isfinite(s) || s < 0 || s > DAY_SECONDS)
		return false;
	*ret = (int64_t)(s * 1e6) * 1000;
	return true;
}

static void read_time(struct entry *entry)
{
	entry->timed = seconds(entry->json, "start", &entry->at_ns) ||
		       seconds(entry->json, "time_sec", &entry->at_ns);
	entry->end_ns = entry->at_ns;
	seconds(entry->json, "end", &entry->end_ns);
	if (entry->end_ns < entry->at_ns)
		entry->end_ns = entry->at_ns;
}

static bool same_name(const json_t *entry, const json_t *input)
{
	const char *a = get_text(entry, "name"), *b = get_text(input, "function");
	_cleanup_(json_decrefp) json_t *base_a = base_name(a), *base_b = base_name(b);

	return strcmp(a, b) == 0 || json_equal(base_a, base_b);
}

/* Both are redacted; arguments are JSON in a string, which need not be valid. */
static bool same_arguments(const json_t *entry, const json_t *input)
{
	const char *text = get_text(entry, "arguments");
	_cleanup_(json_decrefp) json_t *arguments = json_loads(text, 0, NULL);
	json_t *args = json_object_get(input, "args");

	if (!arguments)
		return false;
	if (json_is_null(args))
		return json_object_size(arguments) == 0;
	return json_equal(arguments, args);
}

/* A request that got no proper answer is followed by a retry of the same invocation. */
static bool will_retry(const json_t *input)
{
	return get_int(input, "status") >= 400 || strcmp(get_text(input, "state"), "done") != 0;
}

static bool alike(const json_t *one, const struct entry *other, bool by_name)
{
	return entry_is(other, "tool_call_invocation") && same_name(other->json, one) &&
	       (by_name ||
		strcmp(get_text(other->json, "arguments"), get_text(one, "arguments")) == 0);
}

static bool has_request(const struct transcript *t, size_t functions, size_t entry)
{
	for (size_t i = 0; i < functions; i++)
		if (t->bindings[i].entry == (ssize_t)entry)
			return true;
	return false;
}

/* Requests of one invocation's name and arguments, in order of time, against such invocations, in
 * theirs. When there are more requests than invocations, those after an unanswered one are retries.
 */
static void bind_alike(struct transcript *t, const json_t *functions, size_t entry, bool by_name)
{
	const json_t *one = t->entries[entry].json;
	size_t invocations = 0, requests = 0, i;
	unsigned int attempt = 0;
	const json_t *before = NULL;
	json_t *input;

	for (i = entry; i < t->count; i++)
		invocations += alike(one, &t->entries[i], by_name) &&
			       !has_request(t, json_array_size(functions), i);
	json_array_foreach (functions, i, input)
		requests += t->bindings[i].entry < 0 && same_name(one, input) &&
			    (by_name || same_arguments(one, input));
	json_array_foreach (functions, i, input) {
		if (t->bindings[i].entry >= 0 || !same_name(one, input) ||
		    !(by_name || same_arguments(one, input)))
			continue;
		/* One for each later invocation must be left. */
		if (before && (requests < invocations || !will_retry(before)))
			break;
		t->bindings[i].entry = entry;
		t->bindings[i].attempt = ++attempt;
		before = input;
		requests--;
	}
}

/* A payload that came with its transcript told which invocation is its own. */
static void bind_told(struct transcript *t, const json_t *functions)
{
	json_t *input;
	size_t i;

	json_array_foreach (functions, i, input) {
		const char *id = get_text(input, "tool_call_id");

		for (size_t k = 0; *id && k < t->count; k++)
			if (entry_is(&t->entries[k], "tool_call_invocation") &&
			    strcmp(get_text(t->entries[k].json, "tool_call_id"), id) == 0)
				t->bindings[i].entry = k;
		for (size_t k = 0; k < i; k++)
			if (t->bindings[i].entry >= 0 &&
			    t->bindings[k].entry == t->bindings[i].entry)
				t->bindings[i].attempt++;
	}
}

static void bind(struct transcript *t, const json_t *functions)
{
	size_t n = json_array_size(functions);

	bind_told(t, functions);

	for (unsigned int by_name = 0; by_name < 2; by_name++)
		for (size_t i = 0; i < t->count; i++)
			if (entry_is(&t->entries[i], "tool_call_invocation") &&
			    !has_request(t, n, i))
				bind_alike(t, functions, i, by_name);
}

/* A matched invocation is when its first request came, if that can be told. */
static void time_by_requests(struct transcript *t, const json_t *functions,
			     const struct call_clock *clock)
{
	json_t *input;
	size_t i;

	json_array_foreach (functions, i, input) {
		int64_t end = clock_place(clock, input, input_end(input));
		struct entry *entry;

		if (t->bindings[i].entry < 0 || clock->anchored)
			continue;
		entry = &t->entries[t->bindings[i].entry];
		if (!entry->timed && t->bindings[i].attempt == 1)
			entry->at_ns = clock_place(clock, input, get_int(input, "started_at"));
		if (end > entry->end_ns)
			entry->end_ns = end;
		entry->timed = true;
	}
}

/* From the neighbours: when the one before ended, but not after the next one begins. */
static void derive_times(struct transcript *t)
{
	int64_t before = 0, next = INT64_MAX;

	for (size_t i = t->count; i > 0; i--) {
		struct entry *entry = &t->entries[i - 1];

		if (entry->timed)
			next = entry->at_ns;
		else
			entry->at_ns = next;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct entry *entry = &t->entries[i];

		if (!entry->timed && entry->at_ns > before)
			entry->at_ns = before;
		if (entry->end_ns < entry->at_ns)
			entry->end_ns = entry->at_ns;
		before = entry->end_ns;
	}
}

int transcript_read(struct transcript *ret, const json_t *list, const json_t *functions,
		    const struct call_clock *clock)
{
	_cleanup_(transcript_deinit) struct transcript t = {0};
	size_t n = json_array_size(functions), i;
	json_t *json;

	t.count = json_array_size(list);
	t.entries = calloc(t.count + 1, sizeof(*t.entries));
	t.bindings = calloc(n + 1, sizeof(*t.bindings));
	if (!t.entries || !t.bindings)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		t.bindings[i] = (struct binding){.entry = -1, .attempt = 1};
	json_array_foreach (list, i, json) {
		t.entries[i].json = json;
		read_time(&t.entries[i]);
	}
	bind(&t, functions);
	time_by_requests(&t, functions, clock);
	derive_times(&t);
	*ret = t;
	t = (struct transcript){0};
	return 0;
}
