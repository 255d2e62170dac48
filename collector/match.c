/* SPDX-License-Identifier: MIT */
#include "match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "lenient.h"
#include "transcription.h"

void matches_deinit(struct matches *matches)
{
	free(matches->list);
	json_decref(matches->owned);
	*matches = (struct matches){0};
}

struct origins match_origins(const struct match *match, const struct exchange *exchange)
{
	return (struct origins){
		.exchange = exchange,
		.call = match->call,
		.arguments = match->arguments,
		.item = match->item,
		.bare = match->call,
	};
}

/* Takes `json`. */
static json_t *own(struct matches *matches, json_t *json)
{
	return json && json_array_append_new(matches->owned, json) == 0 ? json : NULL;
}

static int add(struct matches *matches, const struct match *match)
{
	struct match *list;

	if (matches->count == MATCHES_MAX) {
		matches->left_out++;
		return 0;
	}
	list = realloc(matches->list, (matches->count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	matches->list = list;
	list[matches->count] = *match;
	list[matches->count].part = matches->count;
	matches->count++;
	return 0;
}

/* JSON within text is as good as JSON, where it is an object or a list. */
static json_t *opened(struct matches *matches, json_t *json)
{
	const char *text = json_string_value(json);
	json_t *inner = NULL;

	if (text)
		text += strspn(text, " \t\r\n");
	if (text && (*text == '{' || *text == '['))
		inner = own(matches, lenient_parse(text, strlen(text)));
	return inner ? inner : json;
}

/* In the item first, then in the body. */
static struct origins rule_origins(const struct exchange *exchange, const json_t *item)
{
	return (struct origins){
		.exchange = exchange, .item = item, .bare = item ? item : exchange->body};
}

static const char *rule_text(const json_t *rule, const char *key, const struct origins *origins)
{
	return source_text(json_object_get(rule, key), origins);
}

/* {"results": [{"toolCallId", "result" | "error"}]}: what belongs to this call, as if it had been
 * answered alone. Without such a list the answer is what was answered. */
static json_t *response_of(struct matches *matches, const struct match *match,
			   const struct exchange *exchange)
{
	const json_t *where = profile_get(match->profile, "response");
	const json_t *list =
		json_at(exchange->response, json_string_value(json_object_get(where, "list")));
	json_t *one, *error, *result;
	size_t i;

	if (!json_is_array(list) || !match->tool_call_id)
		return exchange->response;
	json_array_foreach (list, i, one) {
		const char *id = json_string_value(
			json_at(one, json_string_value(json_object_get(where, "tool_call_id"))));

		if (!id || strcmp(id, match->tool_call_id) != 0)
			continue;
		error = json_at(one, json_string_value(json_object_get(where, "error")));
		result = json_at(one, json_string_value(json_object_get(where, "result")));
		if (error)
			return own(matches, json_pack("{s:O}", "error", error));
		return result ? opened(matches, result) : NULL;
	}
	return NULL;
}

static int add_function(struct matches *matches, const json_t *rule, struct match match,
			const struct exchange *exchange, const json_t *item)
{
	const struct origins origins = rule_origins(exchange, item);

	match.kind = INPUT_FUNCTION;
	match.item = item;
	match.function = rule_text(rule, "function", &origins);
	match.tool_call_id = rule_text(rule, "tool_call_id", &origins);
	match.arguments = source_first(json_object_get(rule, "arguments"), &origins);
	if (json_is_true(json_object_get(rule, "arguments_json")))
		match.arguments = opened(matches, match.arguments);
	match.response = response_of(matches, &match, exchange);
	return match.function ? add(matches, &match) : 0;
}

static int add_functions(struct matches *matches, const json_t *rule, const struct match *match,
			 const struct exchange *exchange)
{
	const json_t *each = json_object_get(rule, "each"), *list, *item;
	const struct origins origins = rule_origins(exchange, NULL);
	size_t i;
	int r = 0;

	if (!each)
		return add_function(matches, rule, *match, exchange, NULL);
	list = source_first(each, &origins);
	json_array_foreach (list, i, item)
		if ((r = add_function(matches, rule, *match, exchange, item)) < 0)
			break;
	return r;
}

/* Nothing is added when the rule does not fit. */
static int try_rule(struct matches *matches, const struct profile *profile, const json_t *rule,
		    const struct exchange *exchange)
{
	const struct origins origins = rule_origins(exchange, NULL);
	struct match match = {.profile = profile};

	if (!conditions_hold(json_object_get(rule, "when"), &origins))
		return 0;
	match.call_id = rule_text(rule, "call_id", &origins);
	if (!profile_call_id(profile, match.call_id))
		return 0;
	match.call = source_first(json_object_get(rule, "call"), &origins);
	if (json_object_get(rule, "function"))
		return add_functions(matches, rule, &match, exchange);
	match.kind = INPUT_EVENT;
	match.event = rule_text(rule, "event", &origins);
	match.event_state = rule_text(rule, "event_state", &origins);
	return match.event ? add(matches, &match) : 0;
}

/* A header is there for nothing else: any id will do but a placeholder. */
static const char *in_headers(const struct profile *profile, const json_t *only,
			      const json_t *headers)
{
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(only, "headers"), i, name) {
		const char *id =
			json_string_value(json_object_get(headers, json_string_value(name)));

		if (profile_call_id(profile, id))
			return id;
	}
	return NULL;
}

/* Elsewhere it must look like one. */
static bool shaped(const struct profile *profile, const json_t *only, const char *id)
{
	const char *prefix = json_string_value(json_object_get(only, "call_id_prefix"));
	size_t length = json_integer_value(json_object_get(only, "call_id_length"));

	return profile_call_id(profile, id) && strlen(id) >= length &&
	       (!prefix || strncmp(id, prefix, strlen(prefix)) == 0);
}

static const char *in_values(const struct profile *profile, const json_t *only,
			     const struct exchange *exchange, const json_t *arguments)
{
	const char *id;
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(only, "query"), i, name) {
		id = json_string_value(json_object_get(exchange->query, json_string_value(name)));
		if (shaped(profile, only, id))
			return id;
	}
	json_array_foreach (json_object_get(only, "arguments"), i, name) {
		id = json_string_value(json_at(arguments, json_string_value(name)));
		if (shaped(profile, only, id))
			return id;
	}
	return NULL;
}

/* The bare arguments: no name, no call. The function's name is the last part of the path. */
static int try_arguments_only(struct matches *matches, const struct profile *profile,
			      const struct exchange *exchange)
{
	const json_t *only = profile_get(profile, "arguments_only");
	const char *path = json_string_value(exchange->path), *slash = strrchr(path, '/');
	struct match match = {.profile = profile, .kind = INPUT_FUNCTION};

	match.arguments = exchange->body ?: exchange->query;
	match.call_id = in_headers(profile, only, exchange->headers)
				?: in_values(profile, only, exchange, match.arguments);
	if (!match.call_id || !slash || !slash[1])
		return 0;
	match.function = slash + 1;
	match.response = exchange->response;
	return add(matches, &match);
}

static int find(struct matches *matches, const struct profile *profiles,
		const struct exchange *exchange)
{
	const struct profile *profile;
	json_t *rule;
	size_t i;
	int r = 0;

	for (profile = profiles; profile; profile = profile_next(profile))
		json_array_foreach (profile_get(profile, "detect"), i, rule) {
			r = try_rule(matches, profile, rule, exchange);
			if (r < 0 || matches->count)
				return r;
		}
	for (profile = profiles; profile && !matches->count && r == 0;
	     profile = profile_next(profile))
		r = try_arguments_only(matches, profile, exchange);
	return r;
}

/* The same for all of them. */
static void add_transcript(struct matches *matches, const struct exchange *exchange)
{
	const struct match *first = &matches->list[0];
	const struct origins origins = match_origins(first, exchange);
	json_t *transcript =
		first->kind ? own(matches, transcription_read(first->profile, &origins)) : NULL;

	for (size_t i = 0; i < matches->count; i++) {
		struct match *match = &matches->list[i];
		const char *pointer =
			json_string_value(profile_get(match->profile, "argument_call_id"));

		match->transcript = transcript;
		match->argument_call_id = json_string_value(json_at(match->arguments, pointer));
		if (match->argument_call_id && !*match->argument_call_id)
			match->argument_call_id = NULL;
	}
}

int matches_read(struct matches *ret, const struct profile *profiles,
		 const struct exchange *exchange)
{
	_cleanup_(matches_deinit) struct matches matches = {.owned = json_array()};
	const struct match none = {.profile = profiles, .kind = INPUT_REQUEST};
	int r = matches.owned ? find(&matches, profiles, exchange) : -ENOMEM;

	if (r == 0 && !matches.count)
		r = add(&matches, &none);
	if (r < 0)
		return r;
	add_transcript(&matches, exchange);
	*ret = matches;
	matches = (struct matches){0};
	return 0;
}
