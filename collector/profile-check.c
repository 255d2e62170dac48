/* SPDX-License-Identifier: MIT */
/*
 * Is a profile one that can be used? Says the first thing that is wrong: where, and what is allowed
 * there. docs/profiles.md has the same in words.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "profile.h"

#define AT_MAX 512

struct check {
	char at[AT_MAX];
	char *problem; /* NULL: none yet */
};

struct shape {
	bool (*check)(struct check *check, const json_t *json, const void *detail);
	const void *detail;
};

struct member {
	const char *name;
	struct shape shape;
	bool required;
};

static bool fail(struct check *check, const char *format, ...)
{
	_cleanup_(freep) char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (check->problem || r < 0)
		return false;
	if (asprintf(&check->problem, "%s: %s", *check->at ? check->at : "/", text) < 0)
		check->problem = NULL;
	return false;
}

/* `size` of `at` before; to be cut there again. */
static size_t enter(struct check *check, const char *name)
{
	size_t before = strlen(check->at);

	snprintf(check->at + before, AT_MAX - before, "/%s", name);
	return before;
}

static bool check_inside(struct check *check, const char *name, const json_t *json,
			 const struct shape *shape)
{
	size_t before = enter(check, name);
	bool good = shape->check(check, json, shape->detail);

	check->at[before] = 0;
	return good;
}

static bool is_text(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return json_string_length(json) || fail(check, "must be a text that is not empty");
}

static bool is_flag(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return json_is_boolean(json) || fail(check, "must be true or false");
}

static bool is_number(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return (json_is_integer(json) && json_integer_value(json) >= 0 &&
		json_integer_value(json) <= 1000) ||
	       fail(check, "must be a whole number from 0 to 1000");
}

static bool is_anything(struct check *check, const json_t *json, const void *detail)
{
	(void)check;
	(void)json;
	(void)detail;
	return true;
}

static bool is_pointer(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return (json_is_string(json) && pointer_valid(json_string_value(json))) ||
	       fail(check, "must be a JSON pointer like \"/call/call_id\"");
}

static bool is_source(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return (json_is_string(json) && source_valid(json_string_value(json))) ||
	       fail(check,
		    "must be a JSON pointer like \"/metadata/tenant\", alone or behind \"call:\", "
		    "\"args:\", \"body:\" or \"item:\", or \"query:\" or \"header:\" and a name "
		    "(of a header in lower case, with \"-\")");
}

/* One of these words, NULL behind the last. */
static bool is_word(struct check *check, const json_t *json, const void *detail)
{
	const char *const *words = detail, *text = json_string_value(json);
	char all[256] = "";

	for (size_t i = 0; words[i]; i++) {
		if (text && strcmp(text, words[i]) == 0)
			return true;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s\"%s\"", i ? ", " : "",
			 words[i]);
	}
	return fail(check, "must be one of %s", all);
}

/* `detail`: the elements' shape. */
static bool is_list(struct check *check, const json_t *json, const void *detail)
{
	char name[24];
	json_t *one;
	size_t i;

	if (!json_is_array(json))
		return fail(check, "must be a list");
	json_array_foreach (json, i, one) {
		snprintf(name, sizeof(name), "%zu", i);
		if (!check_inside(check, name, one, detail))
			return false;
	}
	return true;
}

/* One, or a list of them. */
static bool is_list_or_one(struct check *check, const json_t *json, const void *detail)
{
	const struct shape *one = detail;

	if (!json_is_array(json))
		return one->check(check, json, one->detail);
	return json_array_size(json) ? is_list(check, json, detail)
				     : fail(check, "must not be an empty list");
}

/* An object with any keys; `detail`: the values' shape. */
static bool is_map(struct check *check, const json_t *json, const void *detail)
{
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		return fail(check, "must be an object");
	json_object_foreach ((json_t *)json, name, value)
		if (!check_inside(check, name, value, detail))
			return false;
	return true;
}

static const struct member *member_of(const struct member *members, const char *name)
{
	for (; members->name; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

static bool unknown(struct check *check, const struct member *members, const char *name)
{
	char all[1024] = "";

	for (; members->name; members++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", *all ? ", " : "",
			 members->name);
	enter(check, name);
	return fail(check, "is not known; known here: %s", all);
}

/* An object; `detail`: its members, a NULL name behind the last. */
static bool is_object(struct check *check, const json_t *json, const void *detail)
{
	const struct member *members = detail, *member;
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		return fail(check, "must be an object");
	json_object_foreach ((json_t *)json, name, value) {
		member = member_of(members, name);
		if (!member)
			return unknown(check, members, name);
		if (!check_inside(check, name, value, &member->shape))
			return false;
	}
	for (member = members; member->name; member++)
		if (member->required && !json_object_get(json, member->name))
			return fail(check, "must have \"%s\"", member->name);
	return true;
}

static const struct shape text = {is_text, NULL};
static const struct shape anything = {is_anything, NULL};
static const struct shape pointer = {is_pointer, NULL}, source = {is_source, NULL};

#define LIST_OF(shape)            \
	{                         \
		is_list, &(shape) \
	}
#define ONE_OR_MORE(shape)               \
	{                                \
		is_list_or_one, &(shape) \
	}
#define MAP_OF(shape)            \
	{                        \
		is_map, &(shape) \
	}
#define OBJECT(members)              \
	{                            \
		is_object, (members) \
	}
#define WORD(words)              \
	{                        \
		is_word, (words) \
	}

static const struct shape sources = ONE_OR_MORE(source);

static const char *const statuses[] = {"in_progress", "completed", "failed", "not_connected", NULL};
static const char *const units[] = {"ms", "s", "min", NULL};
static const char *const places[] = {"first", NULL};
static const char *const times[] = {"start_ms", "end_ms", NULL};
static const char *const roles[] = {
	"agent",
	"user",
	"transfer_target",
	"tool_call_invocation",
	"tool_call_result",
	"node_transition",
	"dtmf",
	"sms",
	"injected",
	NULL,
};

static const struct member condition_members[] = {
	{"path", ONE_OR_MORE(source), true}, {"equals", {is_anything, NULL}},
	{"in", LIST_OF(anything)},	     {"matches", {is_text, NULL}},
	{"present", {is_flag, NULL}},	     {0},
};

/* One question and no more. */
static bool is_condition(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	if (!is_object(check, json, condition_members))
		return false;
	return json_object_size(json) == 2 ||
	       fail(check, "must have \"path\" and one of equals, in, matches, present");
}

static const struct shape condition = {is_condition, NULL};

static const struct member rule_members[] = {
	{"when", LIST_OF(condition)},
	{"call", ONE_OR_MORE(source)},
	{"call_id", ONE_OR_MORE(source), true},
	{"each", ONE_OR_MORE(source)},
	{"function", ONE_OR_MORE(source)},
	{"arguments", ONE_OR_MORE(source)},
	{"arguments_json", {is_flag, NULL}},
	{"tool_call_id", ONE_OR_MORE(source)},
	{"event", ONE_OR_MORE(source)},
	{"event_state", ONE_OR_MORE(source)},
	{0},
};

static bool is_rule(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	if (!is_object(check, json, rule_members))
		return false;
	return !json_object_get(json, "function") != !json_object_get(json, "event") ||
	       fail(check, "must have either \"function\" or \"event\"");
}

static const struct shape rule = {is_rule, NULL};

static const struct member only_members[] = {
	{"headers", LIST_OF(text)},
	{"query", LIST_OF(text)},
	{"arguments", LIST_OF(pointer)},
	{"call_id_prefix", {is_text, NULL}},
	{"call_id_length", {is_number, NULL}},
	{0},
};

static const struct member response_members[] = {
	{"list", {is_pointer, NULL}, true},
	{"tool_call_id", {is_pointer, NULL}, true},
	{"result", {is_pointer, NULL}, true},
	{"error", {is_pointer, NULL}},
	{0},
};

static const struct member seconds_members[] = {
	{"path", ONE_OR_MORE(source), true}, {"unit", WORD(units)}, {0}};

/* A source, or one with a unit. */
static bool is_seconds(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return json_is_object(json) ? is_object(check, json, seconds_members)
				    : is_list_or_one(check, json, &source);
}

static const struct member field_members[] = {
	{"content", ONE_OR_MORE(source)},
	{"start", {is_seconds, NULL}},
	{"end", {is_seconds, NULL}},
	{"time_sec", {is_seconds, NULL}},
	{"tool_call_id", ONE_OR_MORE(source)},
	{"name", ONE_OR_MORE(source)},
	{"arguments", ONE_OR_MORE(source)},
	{"successful", ONE_OR_MORE(source)},
	{"former_node_id", ONE_OR_MORE(source)},
	{"former_node_name", ONE_OR_MORE(source)},
	{"new_node_id", ONE_OR_MORE(source)},
	{"new_node_name", ONE_OR_MORE(source)},
	{"transition_type", ONE_OR_MORE(source)},
	{"digit", ONE_OR_MORE(source)},
	{0},
};

static const struct member entry_members[] = {
	{"when", LIST_OF(condition)},
	{"each", ONE_OR_MORE(source)},
	{"role", WORD(roles), true},
	{"fields", OBJECT(field_members), true},
	{"begins", ONE_OR_MORE(source)},
	{"ends", ONE_OR_MORE(source)},
	{0},
};

static const struct shape entry = OBJECT(entry_members);
static const struct member transcript_members[] = {
	{"path", ONE_OR_MORE(source), true}, {"entries", LIST_OF(entry)}, {0}};

static bool is_transcript(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return json_is_object(json) ? is_object(check, json, transcript_members)
				    : is_source(check, json, NULL);
}

static const struct shape transcript = {is_transcript, NULL};

static const struct member value_members[] = {
	{"path", ONE_OR_MORE(source), true}, {"unit", WORD(units)}, {"map", MAP_OF(text)}, {0}};

static bool is_value(struct check *check, const json_t *json, const void *detail)
{
	(void)detail;
	return json_is_object(json) ? is_object(check, json, value_members)
				    : is_source(check, json, NULL);
}

static const struct shape value = {is_value, NULL};

static const struct member session_members[] = {
	{"company_id", ONE_OR_MORE(source)},
	{"customer_id", ONE_OR_MORE(source)},
	{"agent_id", ONE_OR_MORE(value)},
	{"agent_version", ONE_OR_MORE(value)},
	{"agent_name", ONE_OR_MORE(value)},
	{"call_status", ONE_OR_MORE(value)},
	{"disconnection_reason", ONE_OR_MORE(value)},
	{"duration_ms", ONE_OR_MORE(value)},
	{"start_ms", ONE_OR_MORE(value)},
	{"end_ms", ONE_OR_MORE(value)},
	{"conversation_flow_id", ONE_OR_MORE(value)},
	{"current_flow_node", ONE_OR_MORE(value)},
	{"flow_state", ONE_OR_MORE(value)},
	{"provider_metadata", ONE_OR_MORE(value)},
	{"dynamic_variables", ONE_OR_MORE(value)},
	{"direction", ONE_OR_MORE(value)},
	{"call_type", ONE_OR_MORE(value)},
	{"latency", ONE_OR_MORE(value)},
	{"call_analysis", ONE_OR_MORE(value)},
	{"call_summary", ONE_OR_MORE(value)},
	{"call_successful", ONE_OR_MORE(value)},
	{"in_voicemail", ONE_OR_MORE(value)},
	{"user_sentiment", ONE_OR_MORE(value)},
	{"custom_analysis_data", ONE_OR_MORE(value)},
	{0},
};

static const struct shape status = WORD(statuses), place = WORD(places), time = WORD(times),
			  rank = {is_number, NULL};

static const struct member disconnection_members[] = {{"failed", LIST_OF(text)},
						      {"not_connected", LIST_OF(text)},
						      {"hangup", LIST_OF(text)},
						      {0}};

static const struct member profile_members[] = {
	{"provider", {is_text, NULL}, true},
	{"detect", LIST_OF(rule), true},
	{"arguments_only", OBJECT(only_members)},
	{"call_id_placeholders", LIST_OF(text)},
	{"argument_call_id", {is_pointer, NULL}},
	{"signature_header", {is_text, NULL}},
	{"sent_at", ONE_OR_MORE(source)},
	{"call_left_out", LIST_OF(text)},
	{"call_kept", LIST_OF(text)},
	{"impersonal", LIST_OF(pointer)},
	{"response", OBJECT(response_members)},
	{"transcript", LIST_OF(transcript)},
	{"session", OBJECT(session_members), true},
	{"call_status", MAP_OF(status)},
	{"event_status", MAP_OF(status)},
	{"event_rank", MAP_OF(rank)},
	{"event_place", MAP_OF(place)},
	{"event_time", MAP_OF(time)},
	{"event_details", MAP_OF(sources)},
	{"silent_events", LIST_OF(text)},
	{"disconnection", OBJECT(disconnection_members)},
	{"failure", LIST_OF(condition)},
	{"failure_message", LIST_OF(source)},
	{"failure_code", LIST_OF(source)},
	{"booking_functions", LIST_OF(text)},
	{0},
};

char *profile_check(const json_t *data)
{
	struct check check = {0};

	is_object(&check, data, profile_members);
	return check.problem;
}
