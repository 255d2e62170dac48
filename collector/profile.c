/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "profile-retell.h"
#include "profile-vapi.h"

struct profile {
	json_t *data;
	json_t *preferred; /* of the settings: field → array of sources */
	struct profile *next;
};

CLEANUP_DEFINE(struct profile *, profile_close);

void profile_close(struct profile *profile)
{
	while (profile) {
		struct profile *next = profile->next;

		json_decref(profile->data);
		json_decref(profile->preferred);
		free(profile);
		profile = next;
	}
}

/* Takes `data`. */
static int profile_new(struct profile **ret, json_t *data)
{
	struct profile *profile = data ? calloc(1, sizeof(*profile)) : NULL;

	if (!profile) {
		json_decref(data);
		return -ENOMEM;
	}
	profile->data = data;
	*ret = profile;
	return 0;
}

static int open_builtin(struct profile **ret)
{
	static const struct {
		const unsigned char *text;
		size_t size;
	} builtin[] = {
		{profile_vapi, sizeof(profile_vapi)},
		{profile_retell, sizeof(profile_retell)},
	};
	_cleanup_(profile_closep) struct profile *list = NULL;

	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++) {
		struct profile *profile;
		int r = profile_new(&profile, json_loadb((const char *)builtin[i].text,
							 builtin[i].size, 0, NULL));

		if (r < 0)
			return r;
		profile->next = list;
		list = profile;
	}
	*ret = steal(&list);
	return 0;
}

int profile_add(struct profile **list, const char *path, char **problem)
{
	_cleanup_(freep) char *wrong = NULL;
	struct profile *profile;
	json_error_t error;
	json_t *data;
	int r, saved;

	*problem = NULL;
	errno = 0;
	data = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	saved = errno;
	if (!data) {
		if (error.line < 1)
			r = asprintf(problem, "%s: %s", path, saved ? strerror(saved) : error.text);
		else
			r = asprintf(problem, "%s:%d: %s", path, error.line, error.text);
		if (r < 0)
			*problem = NULL;
		return saved == ENOENT || saved == EACCES ? -saved : -EBADMSG;
	}
	wrong = profile_check(data);
	if (wrong) {
		if (asprintf(problem, "%s: %s", path, wrong) < 0)
			*problem = NULL;
		json_decref(data);
		return -EBADMSG;
	}
	r = profile_new(&profile, data);
	if (r < 0)
		return r;
	if (*list)
		profile->preferred = json_incref((*list)->preferred);
	profile->next = *list;
	*list = profile;
	return 0;
}

int profile_open(struct profile **ret, const char *path)
{
	_cleanup_(freep) char *problem = NULL;
	struct profile *list = NULL;
	int r = path ? profile_add(&list, path, &problem) : open_builtin(&list);

	if (r == 0)
		*ret = list;
	return r;
}

const struct profile *profile_next(const struct profile *profile)
{
	return profile->next;
}

const char *profile_provider(const struct profile *profile)
{
	return json_string_value(profile_get(profile, "provider"));
}

const struct profile *profile_named(const struct profile *list, const char *provider)
{
	for (; list && provider; list = list->next)
		if (strcmp(profile_provider(list), provider) == 0)
			return list;
	return NULL;
}

int profile_prefer(struct profile *list, const char *field, json_t *sources)
{
	if (!list->preferred)
		list->preferred = json_object();
	if (json_object_set(list->preferred, field, sources) < 0)
		return -ENOMEM;
	for (struct profile *profile = list->next; profile; profile = profile->next) {
		if (profile->preferred == list->preferred)
			continue;
		json_decref(profile->preferred);
		profile->preferred = json_incref(list->preferred);
	}
	return 0;
}

json_t *profile_sources(const struct profile *profile, const char *field)
{
	const json_t *own = json_object_get(profile_get(profile, "session"), field);
	json_t *all = json_array();

	json_array_extend(all, json_object_get(profile->preferred, field));
	if (json_is_array(own))
		json_array_extend(all, (json_t *)own);
	else if (json_is_string(own))
		json_array_append(all, (json_t *)own);
	return all;
}

const json_t *profile_get(const struct profile *profile, const char *name)
{
	return json_object_get(profile->data, name);
}

json_t *profile_lookup(const struct profile *profile, const char *section, const char *name,
		       const json_t *json)
{
	const json_t *source = json_object_get(profile_get(profile, section), name);
	const struct origins origins = {.call = json, .bare = json};
	char kept[64];
	json_t *found;

	/* What was read when the request came: input.h. */
	snprintf(kept, sizeof(kept), "@%s", name);
	found = json_object_get(json, kept);
	if (found)
		return json_is_null(found) ? NULL : found;
	return source_first(source, &origins);
}

json_t *profile_first(const struct profile *profile, const char *name, const json_t *json)
{
	const struct origins origins = {.bare = json};

	return source_first(profile_get(profile, name), &origins);
}

const json_t *profile_event(const struct profile *profile, const char *table, const json_t *input)
{
	const json_t *object = profile_get(profile, table), *found = NULL;
	const char *event = json_string_value(json_object_get(input, "event"));
	const char *state = json_string_value(json_object_get(input, "event_state"));
	char name[128];

	if (event && state) {
		snprintf(name, sizeof(name), "%.60s:%.60s", event, state);
		found = json_object_get(object, name);
	}
	return found || !event ? found : json_object_get(object, event);
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

static bool one_of(const json_t *list, const json_t *value)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_equal(one, value))
			return true;
	return false;
}

bool condition_holds(const json_t *condition, const struct origins *origins)
{
	json_t *value = source_first(json_object_get(condition, "path"), origins);
	json_t *equals = json_object_get(condition, "equals");
	json_t *in = json_object_get(condition, "in");
	const char *glob = json_string_value(json_object_get(condition, "matches"));

	if (equals)
		return value && json_equal(value, equals);
	if (in)
		return value && one_of(in, value);
	if (glob)
		return json_is_string(value) && fnmatch(glob, json_string_value(value), 0) == 0;
	return says_something(value) != json_is_false(json_object_get(condition, "present"));
}

bool conditions_hold(const json_t *conditions, const struct origins *origins)
{
	json_t *condition;
	size_t i;

	json_array_foreach (conditions, i, condition)
		if (!condition_holds(condition, origins))
			return false;
	return true;
}

bool profile_silent(const struct profile *profile, const json_t *input)
{
	return one_of(profile_get(profile, "silent_events"), json_object_get(input, "event"));
}

bool profile_failed(const struct profile *profile, const json_t *response)
{
	const struct origins origins = {.bare = response};
	json_t *rule;
	size_t i;

	json_array_foreach (profile_get(profile, "failure"), i, rule)
		if (condition_holds(rule, &origins))
			return true;
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

bool profile_reason(const struct profile *profile, const char *meaning, const char *reason)
{
	json_t *glob;
	size_t i;

	if (!reason)
		return false;
	json_array_foreach (json_object_get(profile_get(profile, "disconnection"), meaning), i,
			    glob)
		if (fnmatch(json_string_value(glob), reason, 0) == 0)
			return true;
	return false;
}

static bool placeholder(const char *call_id)
{
	static const char *const globs[] = {
		"null",
		"nil",
		"none",
		"undefined",
		"unknown",
		"call_id",
		"callid",
		"n/a",
		"{*}",
		"<*>",
		"$*",
		"%*%",
		"1",
		"12345",
		"current",
		"call_1",
		"dummy_call_id",
		"your_call_id",
	};

	for (size_t i = 0; i < sizeof(globs) / sizeof(*globs); i++)
		if (fnmatch(globs[i], call_id, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

bool profile_call_id(const struct profile *profile, const char *call_id)
{
	json_t *glob;
	size_t i;

	if (!call_id)
		return false;
	while (isspace((unsigned char)*call_id))
		call_id++;
	if (!*call_id || strlen(call_id) > CALL_ID_MAX || placeholder(call_id))
		return false;
	json_array_foreach (profile_get(profile, "call_id_placeholders"), i, glob)
		if (fnmatch(json_string_value(glob), call_id, FNM_CASEFOLD) == 0)
			return false;
	return true;
}
