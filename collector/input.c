/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cleanup.h"
#include "command.h"
#include "correlation.h"
#include "excerpt.h"
#include "tree.h"
#include "when.h"

CLEANUP_DEFINE(struct redact *, redact_free);

void input_deinit(struct input *input)
{
	json_decref(input->record);
	input->record = NULL;
}

static const char *const kind_names[] = {"request", "function", "event"};
static const char *const state_names[] = {"pending", "done", "aborted", "exit", "cut_off"};

/* `json` without what `pointer` leads to: a new reference. */
static json_t *without(const json_t *json, const char *pointer)
{
	size_t n = strcspn(pointer + 1, "/");
	_cleanup_(freep) char *name = strndup(pointer + 1, n);
	json_t *inner = name ? json_object_get(json, name) : NULL, *copy;

	if (!inner)
		return json_incref((json_t *)json);
	copy = json_copy((json_t *)json);
	if (pointer[1 + n])
		json_object_set_new(copy, name, without(inner, pointer + 1 + n));
	else
		json_object_del(copy, name);
	return copy;
}

/* What an assistant is called, or its functions, is no person's. */
static void learn_body(const struct match *match, const json_t *body, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *rest = json_incref((json_t *)body);
	json_t *pointer;
	size_t i;

	json_array_foreach (profile_get(match->profile, "impersonal"), i, pointer) {
		json_t *less = without(rest, json_string_value(pointer));

		json_decref(rest);
		rest = less;
	}
	redact_learn(redact, rest, REDACT_PAYLOAD);
}

void input_learn(const struct request *request, const struct functions *functions,
		 const struct exchange *exchange, const struct matches *matches,
		 struct redact *redact)
{
	const struct match *first = &matches->list[0];
	struct echo echo;

	for (size_t i = 0; i < matches->count; i++)
		if (matches->list[i].function)
			redact_keep(redact, matches->list[i].function);
	redact_learn(redact, exchange->query, REDACT_PAYLOAD);
	redact_learn(redact, exchange->headers, REDACT_PAYLOAD);
	learn_body(first, exchange->body, redact);
	for (size_t i = 0; i < matches->count; i++)
		redact_learn(redact, matches->list[i].arguments, REDACT_PAYLOAD);
	redact_learn(redact, exchange->response, REDACT_PAYLOAD);
	command_learn(redact, exchange->arguments);
	if (request->state == REQUEST_OPEN)
		return;
	echo_init(&echo, first->profile, request, first);
	tree_learn(request, functions, &echo, redact);
}

static json_t *redacted(struct redact *redact, const json_t *json)
{
	return redact_json(redact, json, REDACT_PAYLOAD);
}

/* A path's last part may be a function's name, another a customer's number. */
static json_t *path_of(const struct exchange *exchange, struct redact *redact)
{
	_cleanup_(freep) char *path = redact_text(redact, json_string_value(exchange->path));

	return path ? json_string(path) : NULL;
}

/* Without a name in the payload it is a part of the path, which may be anything. */
static json_t *name_of(const char *name, struct redact *redact)
{
	_cleanup_(freep) char *text = name ? redact_text(redact, name) : NULL;

	return text ? json_string(text) : json_null();
}

/* When the provider sent it, by its own clock. */
static json_t *signature_ms(const struct match *match, const struct exchange *exchange)
{
	const struct profile *profile = match->profile;
	const char *header = json_string_value(profile_get(profile, "signature_header"));
	const char *value =
		header ? json_string_value(json_object_get(exchange->headers, header)) : NULL;
	const struct origins origins = match_origins(match, exchange);
	long long ms = 0;
	int64_t sent;

	if (value && sscanf(value, "v=%16lld", &ms) == 1 && ms > 1000000000000)
		return json_integer(ms);
	if (when_read(source_first(profile_get(profile, "sent_at"), &origins), &sent))
		return json_integer(sent);
	return json_null();
}

/* The call object without its transcript, which is kept once per call, and without what is large
 * and of no use. */
static json_t *call_of(const struct match *match, const struct exchange *exchange,
		       struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *copy =
		json_is_object(match->call) ? json_copy((json_t *)match->call) : json_object();
	const json_t *kept = profile_get(match->profile, "call_kept");
	_cleanup_(json_decrefp) json_t *call = NULL;
	json_t *name;
	size_t i;

	json_array_foreach (profile_get(match->profile, "call_left_out"), i, name)
		json_object_del(copy, json_string_value(name));
	if (kept)
		json_object_clear(copy);
	json_array_foreach (kept, i, name)
		json_object_set(copy, json_string_value(name),
				json_object_get(match->call, json_string_value(name)));
	call = redacted(redact, copy);
	if (match->kind && excerpt_session(call, match, exchange, redact) < 0)
		return NULL;
	return json_object_size(call) ? steal(&call) : json_null();
}

/* One entry without its words but for when they were spoken. */
static json_t *entry_of(const json_t *entry, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *copy = json_copy((json_t *)entry);
	const json_t *words = json_object_get(entry, "words");
	size_t count = json_array_size(words);
	json_t *out;

	if (!json_is_object(entry))
		return json_object();
	json_object_del(copy, "words");
	out = redacted(redact, copy);
	if (count) {
		json_t *start = json_object_get(json_array_get(words, 0), "start");
		json_t *end = json_object_get(json_array_get(words, count - 1), "end");

		if (json_is_number(start))
			json_object_set(out, "start", start);
		if (json_is_number(end))
			json_object_set(out, "end", end);
	}
	/* The name of what was called is never a person's. */
	if (json_is_string(json_object_get(entry, "tool_call_id")))
		json_object_set(out, "name", json_object_get(entry, "name"));
	return out;
}

static json_t *transcript_of(const struct match *match, struct redact *redact)
{
	json_t *list, *entry;
	size_t i;

	if (!json_array_size(match->transcript))
		return json_null();
	list = json_array();
	json_array_foreach (match->transcript, i, entry)
		json_array_append_new(list, entry_of(entry, redact));
	return list;
}

/* Of the payload, redacted by what it reveals itself: equal for repeated deliveries whatever came
 * before, and it betrays nothing. */
static json_t *payload_hash(const struct exchange *exchange)
{
	_cleanup_(redact_freep) struct redact *own = NULL;
	_cleanup_(json_decrefp) json_t *body = NULL;
	_cleanup_(freep) char *text = NULL;
	char hex[17];

	if (redact_new(&own) < 0)
		return NULL;
	redact_learn(own, exchange->body, REDACT_PAYLOAD);
	body = redacted(own, exchange->body);
	text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	if (!text)
		return NULL;
	snprintf(hex, sizeof(hex), "%016" PRIx64, XXH3_64bits(text, strlen(text)));
	return json_string(hex);
}

static bool has_result(const json_t *list, size_t from, const char *id)
{
	for (size_t i = from; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *role = json_string_value(json_object_get(entry, "role"));
		const char *other = json_string_value(json_object_get(entry, "tool_call_id"));

		if (role && other && strcmp(role, "tool_call_result") == 0 &&
		    strcmp(other, id) == 0)
			return true;
	}
	return false;
}

static bool invokes(const json_t *entry, const struct match *match, bool exact)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	const char *text = json_string_value(json_object_get(entry, "arguments"));
	_cleanup_(json_decrefp) json_t *arguments = NULL;

	if (!name || !text || strcmp(name, match->function) != 0)
		return false;
	arguments = exact ? json_loads(text, 0, NULL) : NULL;
	return !exact || (arguments && json_equal(arguments, match->arguments));
}

/* Where the payload carries no invocation id the last open invocation of its own transcript with
 * this name and these arguments is the one. */
static json_t *invocation_of(const struct match *match)
{
	const json_t *list = match->transcript;

	if (match->tool_call_id)
		return json_string(match->tool_call_id);
	for (unsigned int exact = 2; match->function && exact > 0; exact--) {
		for (size_t i = json_array_size(list); i > 0; i--) {
			const json_t *entry = json_array_get(list, i - 1);
			json_t *id = json_object_get(entry, "tool_call_id");

			if (json_is_string(id) && invokes(entry, match, exact == 2) &&
			    !has_result(list, i, json_string_value(id)))
				return json_incref(id);
		}
	}
	return json_null();
}

static json_t *holes_of(const struct request *request)
{
	json_t *holes = json_array();

	for (unsigned int i = 0; i < CT_LOST_COUNT; i++)
		if (request->lost[i])
			json_array_append_new(
				holes, json_pack("{s:s, s:I}", "kind", lost_name(i), "count",
						 (json_int_t)(request->lost[i] & INT64_MAX)));
	return holes;
}

/* Keeps what the arguments say of the call id, and whether it is the call's. */
static json_t *argument_call_id(const struct match *match, struct redact *redact)
{
	_cleanup_(freep) char *text = NULL;
	const json_t *value = json_object_get(match->arguments, "call_id");

	if (!value)
		return json_null();
	text = match->argument_call_id ? redact_text(redact, match->argument_call_id) : NULL;
	return json_pack("{s:o, s:b}", "value", text ? json_string(text) : redacted(redact, value),
			 "matches",
			 match->argument_call_id &&
				 strcmp(match->argument_call_id, match->call_id) == 0);
}

static json_t *response_of(const struct match *match, struct redact *redact)
{
	/* A page or a webhook's answer is nobody's business but for its status. */
	if (match->kind != INPUT_FUNCTION)
		return json_null();
	return redacted(redact, match->response);
}

static int add_more(json_t *record, json_t *more)
{
	if (!more)
		return -ENOMEM;
	json_object_update(record, more);
	json_decref(more);
	return 0;
}

static int add_exchange(json_t *record, const struct exchange *exchange, const struct match *match,
			struct redact *redact)
{
	json_t *ids = correlation_read(exchange, redact), *first = json_array_get(ids, 0);

	return add_more(record,
			json_pack("{s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
				  "method", exchange->method, "path", path_of(exchange, redact),
				  "query", redacted(redact, exchange->query), "status",
				  exchange->status ? json_integer(exchange->status) : json_null(),
				  "signature_ms", signature_ms(match, exchange), "correlation_id",
				  first ? json_incref(first) : json_null(), "correlation_ids", ids,
				  "hash", payload_hash(exchange), "response",
				  response_of(match, redact), "argument_call_id",
				  argument_call_id(match, redact), "response_json",
				  exchange->response_json, "body_valid", exchange->body_valid));
}

static int add_match(json_t *record, const struct exchange *exchange, const struct match *match,
		     struct redact *redact)
{
	json_t *transcript = transcript_of(match, redact);

	return add_more(
		record,
		json_pack("{s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:i}",
			  "provider", match->kind ? profile_provider(match->profile) : NULL,
			  "call_id", match->call_id, "function", name_of(match->function, redact),
			  "event", name_of(match->event, redact), "event_state",
			  name_of(match->event_state, redact), "args",
			  redacted(redact, match->arguments), "call",
			  call_of(match, exchange, redact), "tool_call_id", invocation_of(match),
			  "entries", (json_int_t)json_array_size(transcript), "transcript",
			  transcript, "ids", excerpt_ids(match, exchange, redact), "details",
			  excerpt_details(match, exchange, redact), "part", (int)match->part));
}

/* Did the outermost PHP call throw? */
static bool left_by_exception(const struct request *request)
{
	return request->call_count && request->calls[0].left == CALL_EXCEPTION;
}

/* Null where it came over HTTP. */
static int add_command(json_t *record, const struct request *request,
		       const struct exchange *exchange, struct redact *redact)
{
	bool is_run = exchange->arguments, ended = request->exit_status >= 0;

	json_object_set_new(record, "argv",
			    is_run ? command_redacted(redact, exchange->arguments) : json_null());
	json_object_set_new(record, "unit",
			    is_run ? redacted(redact, json_object_get(request->run, "unit"))
				   : json_null());
	json_object_set_new(record, "uncaught", json_boolean(is_run && left_by_exception(request)));
	return json_object_set_new(record, "exit_status",
				   is_run && ended ? json_integer(request->exit_status)
						   : json_null());
}

static int add_times(json_t *record, const struct request *request)
{
	bool answered = request->output_complete;
	uint64_t ns = answered ? request->output_end_ns : request->now_ns;

	json_object_set_new(record, "started_at", json_integer(request->started_at));
	json_object_set_new(record, "state", json_string(state_names[request->state]));
	json_object_set_new(record, "answered", json_boolean(answered));
	json_object_set_new(record, "duration_ns", json_integer(ns));
	return json_object_set_new(record, "holes", holes_of(request));
}

/* The first one's is the request's; of each of the others a name of its own. */
static void input_id(const struct request *request, const struct match *match, char ret[UUID_TEXT])
{
	_cleanup_(freep) char *name = NULL;
	char request_id[UUID_TEXT];
	struct uuid id = request->id;

	uuid_format(&request->id, request_id);
	if (match->part && match->tool_call_id &&
	    asprintf(&name, "%s:%s", request_id, match->tool_call_id) < 0)
		name = NULL;
	else if (match->part && !name && asprintf(&name, "%s:%u", request_id, match->part) < 0)
		name = NULL;
	if (name)
		uuid_derive(&id, "part", name, strlen(name));
	uuid_format(&id, ret);
}

void input_session(struct uuid *ret, const struct request *request, const struct match *match)
{
	if (match->kind)
		uuid_derive(ret, "session", match->call_id, strlen(match->call_id));
	else
		*ret = request->id;
}

int input_build(struct input *ret, const struct request *request, const struct exchange *exchange,
		const struct match *match, json_t *summary, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *record = json_object();
	char id[UUID_TEXT];

	input_id(request, match, id);
	json_object_set_new(record, "id", json_string(id));
	uuid_format(&request->id, id);
	json_object_set_new(record, "request_id", json_string(id));
	json_object_set_new(record, "kind", json_string(kind_names[match->kind]));
	if (add_match(record, exchange, match, redact) < 0 || add_times(record, request) < 0 ||
	    add_exchange(record, exchange, match, redact) < 0 ||
	    add_command(record, request, exchange, redact) < 0)
		return -ENOMEM;
	json_object_set(record, "summary", summary);
	input_session(&ret->session, request, match);
	ret->record = steal(&record);
	return 0;
}
