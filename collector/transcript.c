/* SPDX-License-Identifier: MIT */
#include "transcript.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "cleanup.h"
#include "record.h"
#include "timing.h"

#define DAY_SECONDS 86400.0

void transcript_deinit(struct transcript *transcript)
{
	free(transcript->entries);
	free(transcript->bindings);
	json_decref(transcript->numbers);
	*transcript = (struct transcript){0};
}

bool entry_is(const struct entry *entry, const char *role)
{
	return strcmp(get_text(entry->json, "role"), role) == 0;
}

bool entry_moved(const struct entry *entry)
{
	return entry->given_ns != TIME_UNKNOWN && entry->given_ns != entry->at_ns;
}

static enum role role_of(const json_t *json)
{
	static const char *const roles[] = {
		[ROLE_AGENT] = "agent",
		[ROLE_USER] = "user",
		[ROLE_TRANSFER_TARGET] = "transfer_target",
		[ROLE_DTMF] = "dtmf",
		[ROLE_SMS] = "sms",
		[ROLE_INJECTED] = "injected",
		[ROLE_INVOCATION] = "tool_call_invocation",
		[ROLE_RESULT] = "tool_call_result",
		[ROLE_TRANSITION] = "node_transition",
	};
	const char *role = get_text(json, "role");

	for (size_t i = ROLE_AGENT; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(role, roles[i]) == 0)
			return (enum role)i;
	return ROLE_OTHER;
}

static bool seconds(const json_t *entry, const char *key, int64_t *ret)
{
	json_t *value = json_object_get(entry, key);
	double s = json_number_value(value);

	if (!json_is_number(value) || !isfinite(s) || s < 0 || s > DAY_SECONDS)
		return false;
	*ret = (int64_t)(s * 1e6 + 0.5) * 1000;
	return true;
}

static struct entry read_entry(const json_t *json)
{
	struct entry entry = {
		.json = json,
		.role = role_of(json),
		.given_ns = TIME_UNKNOWN,
		.request = -1,
		.other = -1,
		.led_to = -1,
	};
	int64_t end;

	entry.timed =
		seconds(json, "start", &entry.at_ns) || seconds(json, "time_sec", &entry.at_ns);
	if (entry.timed)
		entry.given_ns = entry.at_ns;
	if (entry.timed && seconds(json, "end", &end) && end > entry.at_ns)
		entry.lasted_ns = end - entry.at_ns;
	entry.end_ns = entry.at_ns + entry.lasted_ns;
	return entry;
}

json_int_t transcript_sequence(const struct transcript *t, const json_t *input)
{
	const json_t *number = json_object_get(t->numbers, get_text(input, "id"));

	return number ? json_integer_value(number) + 1 : 0;
}

const struct binding *transcript_binding(const struct transcript *t, const json_t *input)
{
	json_int_t sequence = transcript_sequence(t, input);

	return sequence ? &t->bindings[sequence - 1] : NULL;
}

int64_t transcript_tool_time(const struct transcript *t, ssize_t invocation)
{
	const struct entry *entry = invocation < 0 ? NULL : &t->entries[invocation];
	const struct entry *result = entry && entry->other >= 0 ? &t->entries[entry->other] : NULL;

	if (!result || entry->given_ns == TIME_UNKNOWN || result->given_ns < entry->given_ns)
		return TIME_UNKNOWN;
	return result->given_ns - entry->given_ns;
}

json_t *transcript_result(const struct transcript *t, ssize_t invocation)
{
	const struct entry *entry = invocation < 0 ? NULL : &t->entries[invocation];
	json_t *content, *parsed;

	if (!entry || entry->other < 0)
		return NULL;
	content = json_object_get(t->entries[entry->other].json, "content");
	parsed = json_is_string(content)
			 ? json_loads(json_string_value(content), JSON_DECODE_ANY, NULL)
			 : NULL;
	return parsed ? parsed : json_incref(content);
}

/* What led to a function is what was said, or typed, before its invocation. */
static void link_segments(struct transcript *t)
{
	ssize_t said = -1;

	for (size_t i = 0; i < t->count; i++) {
		struct entry *entry = &t->entries[i];

		if (entry->role >= ROLE_AGENT && entry->role <= ROLE_DTMF)
			said = (ssize_t)i;
		if (said >= 0 && entry->request >= 0 && t->entries[said].led_to < 0)
			t->entries[said].led_to = entry->request;
		if (entry->role == ROLE_INVOCATION)
			entry->led_to = said;
	}
	for (size_t i = 0; i < t->binding_count; i++)
		if (t->bindings[i].entry >= 0)
			t->bindings[i].segment = t->entries[t->bindings[i].entry].led_to;
}

static void add_served(struct transcript *t, const json_t *functions)
{
	json_t *input;
	size_t i;

	json_array_foreach (functions, i, input) {
		ssize_t at = t->bindings[i].entry;

		if (at < 0 || t->entries[at].served_ns == TIME_UNKNOWN)
			continue;
		if (input_running(input))
			t->entries[at].served_ns = TIME_UNKNOWN;
		else
			t->entries[at].served_ns += get_int(input, "duration_ns");
	}
}

static int number_functions(struct transcript *t, const json_t *functions)
{
	json_t *input;
	size_t i;

	json_array_foreach (functions, i, input)
		if (json_object_set_new(t->numbers, get_text(input, "id"), json_integer(i)) < 0)
			return -ENOMEM;
	return 0;
}

int transcript_read(struct transcript *ret, const json_t *list, json_t *functions,
		    const struct call_clock *clock)
{
	_cleanup_(transcript_deinit) struct transcript t = {0};
	json_t *json;
	size_t i;
	int r;

	t.count = json_array_size(list);
	t.binding_count = json_array_size(functions);
	t.entries = calloc(t.count + 1, sizeof(*t.entries));
	t.bindings = calloc(t.binding_count + 1, sizeof(*t.bindings));
	t.numbers = json_object();
	if (!t.entries || !t.bindings || !t.numbers)
		return -ENOMEM;
	json_array_foreach (list, i, json)
		t.entries[i] = read_entry(json);
	r = binding_find(&t, functions);
	if (r == 0)
		r = timing_set(&t, functions, clock);
	if (r == 0)
		r = number_functions(&t, functions);
	if (r < 0)
		return r;
	link_segments(&t);
	add_served(&t, functions);
	*ret = t;
	t = (struct transcript){0};
	return 0;
}
