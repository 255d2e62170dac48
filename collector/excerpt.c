/* SPDX-License-Identifier: MIT */
#include "excerpt.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "when.h"

#define ID_MAX	   256
#define DETAIL_MAX 4096

/* The text that led somewhere, of a source or a list of them. */
static const char *leading(const json_t *source, const struct origins *origins)
{
	json_t *one;
	size_t i;

	if (json_is_string(source))
		return source_find(json_string_value(source), origins) ? json_string_value(source)
								       : NULL;
	json_array_foreach (source, i, one)
		if (source_first(one, origins) == source_first(source, origins))
			return json_string_value(one);
	return NULL;
}

/* As the keys around it say. */
static json_t *redacted_at(const char *source, json_t *value, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *wrapped = source_wrap(source, value);
	_cleanup_(json_decrefp) json_t *clean = redact_json(redact, wrapped, REDACT_PAYLOAD);

	return source_unwrap(source, clean);
}

static json_t *find_redacted(const json_t *source, const struct origins *origins,
			     struct redact *redact)
{
	json_t *value = source_first(source, origins);
	const char *text = value ? leading(source, origins) : NULL;

	return text ? redacted_at(text, value, redact) : NULL;
}

static bool is_time(const char *field)
{
	return strcmp(field, "start_ms") == 0 || strcmp(field, "end_ms") == 0;
}

/* Times and lengths as numbers of milliseconds. */
static json_t *converted(const char *field, const json_t *spec, const json_t *value)
{
	const char *unit = json_string_value(json_object_get(spec, "unit"));
	int64_t at;
	double length;

	if (is_time(field))
		return when_read(value, &at) ? json_integer(at) : NULL;
	return length_read(value, unit, &length) ? json_real(length) : NULL;
}

/* An agent's name is none of a person; a field's name says so where the payload's key does not. */
static json_t *read_spec(const char *field, const json_t *spec, const struct origins *origins,
			 struct redact *redact)
{
	const json_t *path = json_is_object(spec) ? json_object_get(spec, "path") : spec;
	json_t *value = source_first(path, origins);
	const char *text = json_string_value(value);
	json_t *mapped = text ? json_object_get(json_object_get(spec, "map"), text) : NULL;

	if (!value)
		return NULL;
	if (is_time(field) || strcmp(field, "duration_ms") == 0)
		return converted(field, spec, value);
	if (json_object_get(spec, "map"))
		return mapped ? json_incref(mapped) : NULL;
	return redact_under(redact, field, value, REDACT_PAYLOAD);
}

/* A list's sources, or specs, are tried in order. */
static json_t *read_field(const char *field, const json_t *spec, const struct origins *origins,
			  struct redact *redact)
{
	json_t *one, *value;
	size_t i;

	if (!json_is_array(spec))
		return read_spec(field, spec, origins, redact);
	json_array_foreach (spec, i, one) {
		value = read_spec(field, one, origins, redact);
		if (value && !(json_is_string(value) && !json_string_length(value)))
			return value;
		json_decref(value);
	}
	return NULL;
}

static bool bare(const json_t *spec)
{
	json_t *one;
	size_t i;

	if (json_is_string(spec))
		return *json_string_value(spec) == '/';
	json_array_foreach (spec, i, one)
		if (!bare(one))
			return false;
	return json_is_array(spec);
}

/* Is it where profile_lookup() finds it, as it is needed? */
static bool found_as_it_is(const struct match *match, const char *field, const json_t *spec,
			   const struct origins *origins)
{
	if (profile_get(match->profile, "call_kept") || !bare(spec))
		return false;
	if (!is_time(field) && strcmp(field, "duration_ms") != 0)
		return true;
	return json_is_integer(source_first(spec, origins));
}

int excerpt_session(json_t *call, const struct match *match, const struct exchange *exchange,
		    struct redact *redact)
{
	const struct origins origins = match_origins(match, exchange);
	const char *field;
	json_t *spec;
	char name[64];

	json_object_foreach ((json_t *)profile_get(match->profile, "session"), field, spec) {
		json_t *value;

		if (strcmp(field, "company_id") == 0 || strcmp(field, "customer_id") == 0 ||
		    found_as_it_is(match, field, spec, &origins))
			continue;
		value = read_field(field, spec, &origins, redact);
		snprintf(name, sizeof(name), "@%s", field);
		if (value && json_object_set_new(call, name, value) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Ids are text, whatever the customer's own data has them as. */
static json_t *id_of(const char *source, const struct origins *origins, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *id = NULL;
	json_t *value = source_find(source, origins);

	if (json_is_integer(value))
		id = json_sprintf("%lld", (long long)json_integer_value(value));
	else if (json_is_string(value))
		id = json_incref(value);
	if (!id || !json_string_length(id) || json_string_length(id) > ID_MAX)
		return NULL;
	return redacted_at(source, id, redact);
}

static json_t *ids_of(const struct match *match, const char *field, const struct origins *origins,
		      struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *sources = profile_sources(match->profile, field);
	json_t *found = json_object(), *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		const char *text = json_string_value(source);
		json_t *id = id_of(text, origins, redact);

		if (id)
			json_object_set_new(found, text, id);
	}
	return found;
}

json_t *excerpt_ids(const struct match *match, const struct exchange *exchange,
		    struct redact *redact)
{
	const struct origins origins = match_origins(match, exchange);

	return json_pack("{s:o, s:o}", "company_id", ids_of(match, "company_id", &origins, redact),
			 "customer_id", ids_of(match, "customer_id", &origins, redact));
}

static json_t *bounded(json_t *value)
{
	_cleanup_(freep) char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text && strlen(text) <= DETAIL_MAX)
		return value;
	json_decref(value);
	return json_string("[TOO_LARGE_REDACTED]");
}

/* What the body has beside the event's name and the call, where the call is a member of it. Deeper
 * inside it would be all that the message has. */
static json_t *beside(const struct match *match, const struct exchange *exchange)
{
	json_t *details = json_object(), *value;
	bool found = false;
	const char *name;

	json_object_foreach (exchange->body, name, value) {
		found |= value == match->call;
		if (value != match->call && json_string_value(value) != match->event)
			json_object_set(details, name, value);
	}
	if (!found)
		json_object_clear(details);
	return details;
}

json_t *excerpt_details(const struct match *match, const struct exchange *exchange,
			struct redact *redact)
{
	const struct origins origins = match_origins(match, exchange);
	_cleanup_(json_decrefp) json_t *rest = NULL, *clean = NULL, *details = json_object();
	const char *name;
	json_t *source, *value;

	if (match->kind != INPUT_EVENT)
		return json_null();
	rest = beside(match, exchange);
	clean = redact_json(redact, rest, REDACT_PAYLOAD);
	json_object_foreach (clean, name, value)
		json_object_set_new(details, name, bounded(json_incref(value)));
	json_object_foreach ((json_t *)profile_get(match->profile, "event_details"), name, source) {
		value = find_redacted(source, &origins, redact);
		if (value)
			json_object_set_new(details, name, bounded(value));
	}
	return json_object_size(details) ? steal(&details) : json_null();
}
