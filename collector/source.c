/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NAME_MAX_SIZE 128

/* The next part of a pointer, unescaped; NULL: too long. */
static const char *next_part(const char *pointer, char ret[NAME_MAX_SIZE])
{
	size_t n = 0;

	for (pointer++; *pointer && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
			c = *++pointer == '0' ? '~' : '/';
		if (n + 1 == NAME_MAX_SIZE)
			return NULL;
		ret[n++] = c;
	}
	ret[n] = 0;
	return pointer;
}

static json_t *member(const json_t *json, const char *name)
{
	char *end;
	unsigned long at;

	if (!json_is_array(json))
		return json_object_get(json, name);
	at = strtoul(name, &end, 10);
	return *name >= '0' && *name <= '9' && !*end ? json_array_get(json, at) : NULL;
}

json_t *json_at(const json_t *json, const char *path)
{
	char name[NAME_MAX_SIZE];

	if (!path || (*path && *path != '/'))
		return NULL;
	while (json && *path == '/') {
		path = next_part(path, name);
		if (!path)
			return NULL;
		json = member(json, name);
	}
	return json_is_null(json) ? NULL : (json_t *)json;
}

enum part { PART_BARE, PART_CALL, PART_ARGUMENTS, PART_BODY, PART_ITEM, PART_QUERY, PART_HEADER };

/* What `source` looks into; `ret` is where in it. */
static enum part part_of(const char *source, const char **ret)
{
	static const char *const names[] = {
		[PART_CALL] = "call:", [PART_ARGUMENTS] = "args:", [PART_BODY] = "body:",
		[PART_ITEM] = "item:", [PART_QUERY] = "query:",	   [PART_HEADER] = "header:",
	};

	for (enum part part = PART_CALL; part <= PART_HEADER; part++) {
		size_t n = strlen(names[part]);

		if (strncmp(source, names[part], n) == 0) {
			*ret = source + n;
			return part;
		}
	}
	*ret = source;
	return PART_BARE;
}

static bool by_name(enum part part)
{
	return part == PART_QUERY || part == PART_HEADER;
}

static const json_t *part_get(enum part part, const struct origins *origins)
{
	const struct exchange *exchange = origins->exchange;

	switch (part) {
	case PART_CALL:
		return origins->call;
	case PART_ARGUMENTS:
		return origins->arguments;
	case PART_BODY:
		return exchange ? exchange->body : NULL;
	case PART_ITEM:
		return origins->item;
	case PART_QUERY:
		return exchange ? exchange->query : NULL;
	case PART_HEADER:
		return exchange ? exchange->headers : NULL;
	default:
		return origins->bare;
	}
}

json_t *source_find(const char *source, const struct origins *origins)
{
	const char *where;
	enum part part = part_of(source, &where);
	const json_t *json = part_get(part, origins);

	return by_name(part) ? json_object_get(json, where) : json_at(json, where);
}

json_t *source_first(const json_t *source, const struct origins *origins)
{
	json_t *one, *found;
	size_t i;

	if (json_is_string(source))
		return source_find(json_string_value(source), origins);
	json_array_foreach (source, i, one) {
		found = json_is_string(one) ? source_find(json_string_value(one), origins) : NULL;
		if (found && !(json_is_string(found) && !json_string_length(found)))
			return found;
	}
	return NULL;
}

const char *source_text(const json_t *source, const struct origins *origins)
{
	const char *text = json_string_value(source_first(source, origins));

	return text && *text ? text : NULL;
}

bool pointer_valid(const char *pointer)
{
	char name[NAME_MAX_SIZE];

	if (!pointer || *pointer != '/' || strlen(pointer) > SOURCE_MAX)
		return false;
	while (pointer && *pointer == '/')
		pointer = next_part(pointer, name);
	return pointer && !*pointer;
}

bool source_valid(const char *source)
{
	const char *where;
	enum part part = part_of(source, &where);

	if (strlen(source) > SOURCE_MAX)
		return false;
	/* Headers' names are looked up as they are kept: in lower case. */
	if (part == PART_HEADER && strpbrk(where, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
		return false;
	return by_name(part) ? *where != 0 : pointer_valid(where);
}

static json_t *wrap(const char *pointer, json_t *value)
{
	char name[NAME_MAX_SIZE];
	json_t *object;

	pointer = *pointer == '/' ? next_part(pointer, name) : NULL;
	if (!pointer)
		return json_incref(value);
	object = json_object();
	json_object_set_new(object, name, wrap(pointer, value));
	return object;
}

json_t *source_wrap(const char *source, json_t *value)
{
	const char *where;

	if (by_name(part_of(source, &where)))
		return json_pack("{s:O}", where, value);
	return wrap(where, value);
}

json_t *source_unwrap(const char *source, const json_t *wrapped)
{
	const char *where;

	return json_incref(by_name(part_of(source, &where)) ? json_object_get(wrapped, where)
							    : json_at(wrapped, where));
}
