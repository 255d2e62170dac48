/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "profile-builtin.h"

#define CALL_ID_MAX 256

struct profile {
	json_t *data;
};

CLEANUP_DEFINE(struct profile *, profile_close);

void profile_close(struct profile *profile)
{
	if (!profile)
		return;
	json_decref(profile->data);
	free(profile);
}

int profile_open(struct profile **ret, const char *path)
{
	_cleanup_(profile_closep) struct profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return -ENOMEM;
	errno = 0;
	profile->data =
		path ? json_load_file(path, 0, NULL)
		     : json_loadb((const char *)profile_builtin, sizeof(profile_builtin), 0, NULL);
	if (!profile->data)
		return errno == ENOENT || errno == EACCES ? -errno : -EBADMSG;
	if (!json_is_string(profile_get(profile, "provider")) ||
	    !json_is_array(profile_get(profile, "detect")) ||
	    !json_is_object(profile_get(profile, "session")))
		return -EBADMSG;
	*ret = steal(&profile);
	return 0;
}

const json_t *profile_get(const struct profile *profile, const char *name)
{
	return json_object_get(profile->data, name);
}

json_t *json_at(const json_t *json, const char *path)
{
	char name[64];

	if (!path)
		return NULL;
	while (json && *path == '/') {
		size_t n = strcspn(++path, "/");

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = 0;
		json = json_object_get(json, name);
		path += n;
	}
	return json_is_null(json) ? NULL : (json_t *)json;
}

json_t *profile_lookup(const struct profile *profile, const char *section, const char *name,
		       const json_t *json)
{
	const char *path = json_string_value(json_object_get(profile_get(profile, section), name));

	return path ? json_at(json, path) : NULL;
}

json_t *profile_first(const struct profile *profile, const char *name, const json_t *json)
{
	json_t *path, *found;
	size_t i;

	json_array_foreach (profile_get(profile, name), i, path) {
		found = json_at(json, json_string_value(path));
		if (found)
			return found;
	}
	return NULL;
}

static const char *text_at(const json_t *json, const json_t *path)
{
	const char *text = path ? json_string_value(json_at(json, json_string_value(path))) : NULL;

	return text && *text ? text : NULL;
}

static bool detect(const json_t *rule, const struct exchange *exchange, struct match *match)
{
	const json_t *body = exchange->body;
	const json_t *function = json_object_get(rule, "function");
	const json_t *event = json_object_get(rule, "event");
	const char *call_id = text_at(body, json_object_get(rule, "call_id"));

	if (!call_id || strlen(call_id) > CALL_ID_MAX || (function && !text_at(body, function)) ||
	    (event && !text_at(body, event)))
		return false;
	match->kind = function ? INPUT_FUNCTION : INPUT_EVENT;
	match->call_id = call_id;
	match->function = function ? text_at(body, function) : NULL;
	match->event = event ? text_at(body, event) : NULL;
	match->call = json_at(body, json_string_value(json_object_get(rule, "call")));
	match->arguments = json_at(body, json_string_value(json_object_get(rule, "arguments")));
	return true;
}

bool profile_call_id_real(const struct profile *profile, const char *call_id)
{
	const json_t *only = profile_get(profile, "arguments_only");
	const char *prefix = json_string_value(json_object_get(only, "call_id_prefix"));
	size_t length = json_integer_value(json_object_get(only, "call_id_length"));

	return call_id && strlen(call_id) >= length && strlen(call_id) <= CALL_ID_MAX &&
	       (!prefix || strncmp(call_id, prefix, strlen(prefix)) == 0);
}

/* A header is there for nothing else: any id will do but the words that say there is none. */
static const char *in_headers(const struct profile *profile, const json_t *headers)
{
	const json_t *only = profile_get(profile, "arguments_only");
	json_t *name, *word;
	size_t i, k;

	json_array_foreach (json_object_get(only, "headers"), i, name) {
		const char *id =
			json_string_value(json_object_get(headers, json_string_value(name)));

		if (!id || !*id || strlen(id) > CALL_ID_MAX)
			continue;
		json_array_foreach (json_object_get(only, "placeholders"), k, word)
			if (strcasecmp(id, json_string_value(word)) == 0)
				break;
		if (k == json_array_size(json_object_get(only, "placeholders")))
			return id;
	}
	return NULL;
}

static const char *real_in(const struct profile *profile, const char *list, const json_t *json,
			   bool paths)
{
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(profile_get(profile, "arguments_only"), list), i,
			    name) {
		const char *id =
			paths ? text_at(json, name)
			      : json_string_value(json_object_get(json, json_string_value(name)));

		if (profile_call_id_real(profile, id))
			return id;
	}
	return NULL;
}

/* The bare arguments: no name, no call. The function's name is the last part of the path. */
static void detect_arguments_only(const struct profile *profile, const struct exchange *exchange,
				  struct match *match)
{
	json_t *arguments = exchange->body ?: exchange->query;
	const char *path = json_string_value(exchange->path), *slash = strrchr(path, '/');
	const char *id = in_headers(profile, exchange->headers);

	if (!id)
		id = real_in(profile, "query", exchange->query, false);
	if (!id)
		id = real_in(profile, "arguments", arguments, true);
	if (!id || !slash || !slash[1])
		return;
	match->kind = INPUT_FUNCTION;
	match->call_id = id;
	match->function = slash + 1;
	match->arguments = arguments;
}

void profile_match(const struct profile *profile, const struct exchange *exchange,
		   struct match *ret)
{
	struct match match = {0};
	json_t *rule;
	size_t i;

	json_array_foreach (profile_get(profile, "detect"), i, rule) {
		if (detect(rule, exchange, &match))
			break;
	}
	if (!match.kind)
		detect_arguments_only(profile, exchange, &match);
	if (match.arguments)
		match.argument_call_id =
			text_at(match.arguments, profile_get(profile, "argument_call_id"));
	*ret = match;
}

/* Not an empty string, array or object, not false. */
static bool says_something(const json_t *json)
{
	if (json_is_string(json))
		return json_string_length(json) > 0;
	if (json_is_object(json) || json_is_array(json))
		return json_object_size(json) || json_array_size(json);
	return json && !json_is_false(json) && !json_is_null(json);
}

bool profile_failed(const struct profile *profile, const json_t *response)
{
	json_t *rule;
	size_t i;

	json_array_foreach (profile_get(profile, "failure"), i, rule) {
		json_t *value = json_at(response, json_string_value(json_object_get(rule, "path")));
		json_t *equals = json_object_get(rule, "equals");

		if (equals ? value && json_equal(value, equals) : says_something(value))
			return true;
	}
	return false;
}

bool profile_booking(const struct profile *profile, const char *function)
{
	json_t *word;
	size_t i;

	json_array_foreach (profile_get(profile, "booking_functions"), i, word) {
		const char *text = json_string_value(word);
		const char *found = text && function ? strcasestr(function, text) : NULL;

		/* At a word's start: book_appointment, termin_buchen, not notebook. */
		if (found && (found == function || found[-1] == '_' || found[-1] == '-'))
			return true;
	}
	return false;
}
