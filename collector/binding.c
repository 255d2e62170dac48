/* SPDX-License-Identifier: MIT */
#include "binding.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "record.h"

/* Appends a number to the list under `key`. */
static int file_under(json_t *lists, const char *key, size_t number)
{
	json_t *list = json_object_get(lists, key);

	if (!list) {
		list = json_array();
		if (!list || json_object_set_new(lists, key, list) < 0)
			return -ENOMEM;
	}
	return json_array_append_new(list, json_integer((json_int_t)number)) < 0 ? -ENOMEM : 0;
}

static ssize_t number_at(const json_t *list, size_t i)
{
	return (ssize_t)json_integer_value(json_array_get(list, i));
}

/* The invocation of this id; what repeats it says nothing. Its result is the first behind it. */
static int read_tool_calls(struct transcript *t, json_t *by_id)
{
	for (size_t i = 0; i < t->count; i++) {
		struct entry *entry = &t->entries[i];
		const char *id = get_text(entry->json, "tool_call_id");
		json_t *known = *id ? json_object_get(by_id, id) : NULL;
		ssize_t at = known ? (ssize_t)json_integer_value(known) : -1;

		if (entry->role == ROLE_INVOCATION && *id && !known) {
			if (json_object_set_new(by_id, id, json_integer((json_int_t)i)) < 0)
				return -ENOMEM;
		} else if (entry->role == ROLE_INVOCATION && known &&
			   json_equal(json_object_get(entry->json, "arguments"),
				      json_object_get(t->entries[at].json, "arguments"))) {
			entry->role = ROLE_OTHER;
		} else if (entry->role == ROLE_RESULT && known && t->entries[at].other < 0) {
			entry->other = at;
			t->entries[at].other = (ssize_t)i;
		}
	}
	return 0;
}

static void bind(struct transcript *t, size_t request, size_t entry)
{
	t->bindings[request].entry = (ssize_t)entry;
	if (t->entries[entry].request < 0)
		t->entries[entry].request = (ssize_t)request;
}

/* Requests of one tool call are attempts at it. */
static void count_attempts(struct transcript *t, const json_t *requests)
{
	unsigned int n = (unsigned int)json_array_size(requests);

	for (unsigned int k = 0; k < n; k++) {
		struct binding *binding = &t->bindings[number_at(requests, k)];

		binding->attempt = k + 1;
		binding->attempts = n;
	}
}

/* A payload that came with its transcript told which invocation is its own, whether or not the
 * transcript that we have knows it. */
static int bind_told(struct transcript *t, const json_t *functions, const json_t *by_id)
{
	_cleanup_(json_decrefp) json_t *told = json_object();
	json_t *input, *list, *known;
	const char *id;
	size_t i;

	json_array_foreach (functions, i, input) {
		id = get_text(input, "tool_call_id");
		t->bindings[i] = (struct binding){
			.entry = -1,
			.segment = -1,
			.attempt = 1,
			.attempts = 1,
		};
		if (!*id)
			continue;
		if (file_under(told, id, i) < 0)
			return -ENOMEM;
		known = json_object_get(by_id, id);
		if (known)
			bind(t, i, (size_t)json_integer_value(known));
	}
	json_object_foreach (told, id, list)
		count_attempts(t, list);
	return 0;
}

/* What an invocation and its request have in common: the name but for its version, and the
 * arguments. Both are redacted; an invocation has its arguments as text, which need not be JSON. */
static json_t *key_of(const char *name, const json_t *arguments, bool by_name)
{
	_cleanup_(json_decrefp) json_t *base = base_name(name);
	_cleanup_(freep) char *text = NULL;

	if (by_name)
		return steal(&base);
	text = json_dumps(arguments, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	return text ? json_sprintf("%s %s", json_string_value(base), text) : NULL;
}

static json_t *key_of_request(const json_t *input, bool by_name)
{
	_cleanup_(json_decrefp) json_t *none = json_object();
	const json_t *args = json_object_get(input, "args");

	return key_of(get_text(input, "function"), args && !json_is_null(args) ? args : none,
		      by_name);
}

static json_t *key_of_invocation(const json_t *entry, bool by_name)
{
	const char *text = get_text(entry, "arguments");
	_cleanup_(json_decrefp) json_t *arguments =
		*text ? json_loads(text, 0, NULL) : json_object();

	return arguments || by_name ? key_of(get_text(entry, "name"), arguments, by_name) : NULL;
}

/* A request that got no proper answer, or none before the next one came, is followed by a retry of
 * the same invocation. */
static bool will_retry(const json_t *input, const json_t *next)
{
	return get_int(input, "status") >= 400 || strcmp(get_text(input, "state"), "done") != 0 ||
	       get_int(next, "started_at") < input_end(input);
}

/* Requests in order of time against invocations that look like them, in theirs. When there are more
 * requests than invocations, those after an unanswered one are retries. */
static int bind_list(struct transcript *t, const json_t *functions, const json_t *requests,
		     const json_t *invocations)
{
	size_t left = json_array_size(requests), open = json_array_size(invocations), next = 0;

	for (size_t i = 0; i < open && left; i++) {
		_cleanup_(json_decrefp) json_t *attempts = json_array();
		const json_t *before = NULL;

		if (!attempts)
			return -ENOMEM;
		while (left) {
			ssize_t request = number_at(requests, next);
			const json_t *input = json_array_get(functions, (size_t)request);

			/* One for each later invocation must be left. */
			if (before && (left < open - i || !will_retry(before, input)))
				break;
			bind(t, (size_t)request, (size_t)number_at(invocations, i));
			json_array_append_new(attempts, json_integer(request));
			before = input;
			next++;
			left--;
		}
		count_attempts(t, attempts);
	}
	return 0;
}

/* Those that nothing is known of yet: what was told to belong elsewhere does not look alike. */
static int bind_alike(struct transcript *t, const json_t *functions, bool by_name)
{
	_cleanup_(json_decrefp) json_t *requests = json_object(), *invocations = json_object();
	json_t *input, *list;
	const char *name;
	size_t i;
	int r = 0;

	json_array_foreach (functions, i, input) {
		_cleanup_(json_decrefp) json_t *key = NULL;

		if (t->bindings[i].entry >= 0 || *get_text(input, "tool_call_id"))
			continue;
		key = key_of_request(input, by_name);
		if (!key || file_under(requests, json_string_value(key), i) < 0)
			return -ENOMEM;
	}
	for (i = 0; i < t->count && json_object_size(requests); i++) {
		_cleanup_(json_decrefp) json_t *key = NULL;

		if (t->entries[i].role != ROLE_INVOCATION || t->entries[i].request >= 0)
			continue;
		key = key_of_invocation(t->entries[i].json, by_name);
		if (key && file_under(invocations, json_string_value(key), i) < 0)
			return -ENOMEM;
	}
	json_object_foreach (requests, name, list)
		if (r == 0)
			r = bind_list(t, functions, list, json_object_get(invocations, name));
	return r;
}

int binding_find(struct transcript *t, const json_t *functions)
{
	_cleanup_(json_decrefp) json_t *by_id = json_object();
	int r = by_id ? read_tool_calls(t, by_id) : -ENOMEM;

	if (r == 0)
		r = bind_told(t, functions, by_id);
	if (r == 0)
		r = bind_alike(t, functions, false);
	if (r == 0)
		r = bind_alike(t, functions, true);
	return r;
}
