/* SPDX-License-Identifier: MIT */
#include "transcription.h"

#include <string.h>

#include "cleanup.h"
#include "value.h"
#include "when.h"

/* "Agent: …\nUser: …", for want of anything better. A line without a name goes on from the one
 * before. */
static json_t *spoken_lines(const char *text)
{
	static const struct {
		const char *name, *role;
	} roles[] = {
		{"agent", "agent"},
		{"user", "user"},
		{"transfer_target", "transfer_target"},
		{"ai", "agent"},
		{"assistant", "agent"},
		{"bot", "agent"},
		{"customer", "user"},
	};
	const size_t count = sizeof(roles) / sizeof(*roles);
	json_t *list = json_array(), *entry = NULL;

	while (*text) {
		size_t size = strcspn(text, "\n"), n = 0, i;
		_cleanup_(json_decrefp) json_t *said = NULL;

		for (i = 0; i < count; i++) {
			n = strlen(roles[i].name);
			if (n < size && strncasecmp(text, roles[i].name, n) == 0 && text[n] == ':')
				break;
		}
		if (i < count) {
			n += 1 + strspn(text + n + 1, " ");
			entry = json_pack("{s:s, s:o}", "role", roles[i].role, "content",
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

static bool is_seconds(const char *field)
{
	return strcmp(field, "start") == 0 || strcmp(field, "end") == 0 ||
	       strcmp(field, "time_sec") == 0;
}

/* Seconds since the call's start, however they were written. */
static json_t *seconds_of(const json_t *spec, const json_t *value)
{
	const char *unit = json_string_value(json_object_get(spec, "unit"));
	double ms;

	return length_read(value, unit ? unit : "s", &ms) ? json_real(ms / 1000) : NULL;
}

/* Texts that must be texts: arguments and results are JSON in a string. */
static json_t *text_of(json_t *value)
{
	_cleanup_(freep) char *text = NULL;

	if (json_is_string(value))
		return json_incref(value);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | value_precision(value));
	return text ? json_string(text) : NULL;
}

static json_t *field_of(const char *name, const json_t *spec, const struct origins *origins)
{
	json_t *path = json_object_get(spec, "path");
	json_t *value = source_first(json_is_object(spec) ? path : spec, origins);

	if (!value)
		return NULL;
	if (is_seconds(name))
		return seconds_of(spec, value);
	if (strcmp(name, "successful") == 0)
		return json_is_boolean(value) ? json_incref(value) : NULL;
	return text_of(value);
}

/* When an entry ended, from how long after `begins` it was. */
static void add_end(json_t *entry, const json_t *rule, const struct origins *origins)
{
	const json_t *begins = json_object_get(rule, "begins");
	json_t *start = json_object_get(entry, "start");
	int64_t from, to;

	if (!begins || !start || json_object_get(entry, "end") ||
	    !when_read(source_first(begins, origins), &from) ||
	    !when_read(source_first(json_object_get(rule, "ends"), origins), &to) || to < from)
		return;
	json_object_set_new(entry, "end",
			    json_real(json_number_value(start) + (double)(to - from) / 1000));
}

/* Without one of these an entry says nothing. */
static bool complete(const json_t *entry, const char *role)
{
	if (strcmp(role, "tool_call_invocation") == 0)
		return json_object_get(entry, "name");
	if (strcmp(role, "tool_call_result") == 0)
		return json_object_get(entry, "tool_call_id");
	if (strcmp(role, "node_transition") == 0)
		return json_object_get(entry, "new_node_name") ||
		       json_object_get(entry, "new_node_id");
	if (strcmp(role, "dtmf") == 0)
		return json_object_get(entry, "digit");
	return json_object_get(entry, "content");
}

static void add_entry(json_t *list, const json_t *rule, const struct origins *origins)
{
	_cleanup_(json_decrefp) json_t *entry = json_object();
	const char *role = json_string_value(json_object_get(rule, "role")), *name;
	json_t *spec;

	json_object_set(entry, "role", json_object_get(rule, "role"));
	json_object_foreach (json_object_get(rule, "fields"), name, spec) {
		json_t *value = field_of(name, spec, origins);

		if (value)
			json_object_set_new(entry, name, value);
	}
	add_end(entry, rule, origins);
	if (complete(entry, role))
		json_array_append(list, entry);
}

/* In an item of a list within the entry a bare pointer is into the item, "item:" into the entry. */
static void apply_rule(json_t *list, const json_t *rule, const json_t *from,
		       const struct origins *outer)
{
	struct origins origins = *outer;
	const json_t *each = json_object_get(rule, "each");
	json_t *inner, *inners;
	size_t i;

	origins.item = origins.bare = from;
	if (!conditions_hold(json_object_get(rule, "when"), &origins))
		return;
	if (!each) {
		add_entry(list, rule, &origins);
		return;
	}
	inners = source_first(each, &origins);
	json_array_foreach (inners, i, inner) {
		origins.bare = inner;
		add_entry(list, rule, &origins);
	}
}

static json_t *translated(const json_t *from, const json_t *rules, const struct origins *origins)
{
	json_t *list = json_array(), *one, *rule;
	size_t i, k;

	json_array_foreach (from, i, one)
		json_array_foreach (rules, k, rule)
			apply_rule(list, rule, one, origins);
	return list;
}

/* NULL or empty: this one leads nowhere. */
static json_t *read_one(const json_t *spec, const struct origins *origins)
{
	const json_t *path = json_is_object(spec) ? json_object_get(spec, "path") : spec;
	const json_t *rules = json_object_get(spec, "entries");
	json_t *from = source_first(path, origins);

	if (json_is_string(from))
		return spoken_lines(json_string_value(from));
	if (!json_is_array(from))
		return NULL;
	return rules ? translated(from, rules, origins) : json_incref(from);
}

json_t *transcription_read(const struct profile *profile, const struct origins *origins)
{
	json_t *spec;
	size_t i;

	json_array_foreach (profile_get(profile, "transcript"), i, spec) {
		_cleanup_(json_decrefp) json_t *list = read_one(spec, origins);

		if (json_array_size(list))
			return steal(&list);
	}
	return NULL;
}
