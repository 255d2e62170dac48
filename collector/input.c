/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cleanup.h"
#include "command.h"
#include "summary.h"

CLEANUP_DEFINE(struct redact *, redact_free);

void input_deinit(struct input *input)
{
	json_decref(input->record);
	input->record = NULL;
}

static const char *const kind_names[] = {"request", "function", "event"};
static const char *const state_names[] = {"pending", "done", "aborted", "exit", "cut_off"};

static int learn(const struct exchange *exchange, const struct match *match, struct redact *redact)
{
	if (match->function)
		redact_keep(redact, match->function);
	redact_learn(redact, exchange->query, REDACT_PAYLOAD);
	redact_learn(redact, exchange->headers, REDACT_PAYLOAD);
	redact_learn(redact, exchange->body, REDACT_PAYLOAD);
	redact_learn(redact, exchange->response, REDACT_PAYLOAD);
	command_learn(redact, exchange->arguments);
	return 0;
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

static json_t *signature_ms(const struct profile *profile, const struct exchange *exchange)
{
	const char *header = json_string_value(profile_get(profile, "signature_header"));
	const char *value =
		header ? json_string_value(json_object_get(exchange->headers, header)) : NULL;
	long long ms = 0;

	if (value && sscanf(value, "v=%16lld", &ms) == 1 && ms > 1000000000000)
		return json_integer(ms);
	return json_null();
}

static json_t *correlation_of(const struct exchange *exchange, struct redact *redact)
{
	static const char *const names[] = {"x-correlation-id", "x-request-id", "traceparent"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		json_t *value = json_object_get(exchange->headers, names[i]);

		if (value)
			return redacted(redact, value);
	}
	return json_null();
}

/* The call object without its transcript, which is kept once per call, and without what is large
 * and of no use. */
static json_t *call_of(const struct profile *profile, const struct match *match,
		       struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *copy = match->call ? json_copy(match->call) : NULL;
	json_t *name;
	size_t i;

	if (!json_is_object(copy))
		return json_null();
	json_array_foreach (profile_get(profile, "call_left_out"), i, name)
		json_object_del(copy, json_string_value(name));
	return redacted(redact, copy);
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

/* "Agent: …\nUser: …", for want of anything better. A line without a name goes on from the one
 * before. */
static json_t *spoken_lines(const char *text)
{
	static const char *const roles[] = {"agent", "user", "transfer_target"};
	json_t *list = json_array(), *entry = NULL;

	while (*text) {
		size_t size = strcspn(text, "\n"), n = 0;
		_cleanup_(json_decrefp) json_t *said = NULL;
		unsigned int i;

		for (i = 0; i < 3; i++) {
			n = strlen(roles[i]);
			if (n < size && strncasecmp(text, roles[i], n) == 0 && text[n] == ':')
				break;
		}
		if (i < 3) {
			n += 1 + strspn(text + n + 1, " ");
			entry = json_pack("{s:s, s:o}", "role", roles[i], "content",
					  json_stringn(text + n, n < size ? size - n : 0));
			json_array_append_new(list, entry);
		} else if (entry) {
			said = json_sprintf("%s\n%.*s",
					    json_string_value(json_object_get(entry, "content")),
					    (int)size, text);
			json_object_set(entry, "content", said);
		}
		text += size + (text[size] != 0);
	}
	return list;
}

static json_t *transcript_of(const struct profile *profile, const struct match *match,
			     struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *lines = NULL;
	json_t *from = NULL, *list, *entry, *path;
	size_t i;

	json_array_foreach (profile_get(profile, "transcript"), i, path) {
		from = json_at(match->call, json_string_value(path));
		if (json_is_string(from))
			from = lines = spoken_lines(json_string_value(from));
		if (json_array_size(from))
			break;
	}
	if (!json_array_size(from))
		return json_null();
	list = json_array();
	json_array_foreach (from, i, entry)
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

/* The payload carries no invocation id; the last open invocation of its own transcript with this
 * name and these arguments is the one. */
static json_t *invocation_of(const struct profile *profile, const struct match *match)
{
	const json_t *list = profile_first(profile, "transcript", match->call);

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

static json_t *response_of(const struct exchange *exchange, const struct match *match,
			   struct redact *redact)
{
	/* A page or a webhook's answer is nobody's business but for its status. */
	if (match->kind != INPUT_FUNCTION)
		return json_null();
	return redacted(redact, exchange->response);
}

/* What an event says beside its name and the call. */
static json_t *details_of(const struct exchange *exchange, const struct match *match,
			  struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *details = json_object();
	bool found = false;
	const char *name;
	json_t *value;

	if (match->kind != INPUT_EVENT)
		return json_null();
	json_object_foreach (exchange->body, name, value) {
		found |= value == match->call;
		if (value != match->call && json_string_value(value) != match->event)
			json_object_set(details, name, value);
	}
	/* Deeper inside it would be all that the message has. */
	return found && json_object_size(details) ? redacted(redact, details) : json_null();
}

static int add_exchange(json_t *record, const struct profile *profile,
			const struct exchange *exchange, const struct match *match,
			struct redact *redact)
{
	json_t *more = json_pack("{s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
				 "method", exchange->method, "path", path_of(exchange, redact),
				 "query", redacted(redact, exchange->query), "status",
				 exchange->status ? json_integer(exchange->status) : json_null(),
				 "signature_ms", signature_ms(profile, exchange), "correlation_id",
				 correlation_of(exchange, redact), "hash", payload_hash(exchange),
				 "response", response_of(exchange, match, redact),
				 "argument_call_id", argument_call_id(match, redact), "details",
				 details_of(exchange, match, redact), "response_json",
				 exchange->response_json, "body_valid", exchange->body_valid);

	if (!more)
		return -ENOMEM;
	json_object_update(record, more);
	json_decref(more);
	return 0;
}

static int add_match(json_t *record, const struct profile *profile, const struct match *match,
		     struct redact *redact)
{
	json_t *more = json_pack(
		"{s:O?, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "provider",
		match->kind ? profile_get(profile, "provider") : NULL, "call_id", match->call_id,
		"function", name_of(match->function, redact), "event",
		name_of(match->event, redact), "args", redacted(redact, match->arguments), "call",
		call_of(profile, match, redact), "tool_call_id", invocation_of(profile, match),
		"transcript", transcript_of(profile, match, redact));

	if (!more)
		return -ENOMEM;
	json_object_set_new(more, "entries",
			    json_integer(json_array_size(json_object_get(more, "transcript"))));
	json_object_update(record, more);
	json_decref(more);
	return 0;
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

int input_build(struct input *ret, const struct profile *profile, const struct request *request,
		const struct functions *functions, const struct exchange *exchange,
		const struct match *match, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *record = json_object();
	json_t *summary = NULL;
	char id[UUID_TEXT];
	struct echo echo;

	learn(exchange, match, redact);
	echo_init(&echo, profile, request, match);
	if (request->state != REQUEST_OPEN)
		tree_learn(request, functions, &echo, redact);
	uuid_format(&request->id, id);
	json_object_set_new(record, "id", json_string(id));
	json_object_set_new(record, "kind", json_string(kind_names[match->kind]));
	if (add_match(record, profile, match, redact) < 0 || add_times(record, request) < 0 ||
	    add_exchange(record, profile, exchange, match, redact) < 0 ||
	    add_command(record, request, exchange, redact) < 0 ||
	    summary_build(&summary, request, functions, redact) < 0)
		return -ENOMEM;
	json_object_set_new(record, "summary", summary);
	if (match->kind)
		uuid_derive(&ret->session, "session", match->call_id, strlen(match->call_id));
	else
		ret->session = request->id;
	ret->record = steal(&record);
	return 0;
}
