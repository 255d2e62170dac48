/* SPDX-License-Identifier: MIT */
#include "form.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "value.h"

#define FIELDS_MAX 1000
#define DEPTH_MAX  64

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* In place; returns the new size. */
static size_t url_decode(char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '%' && i + 2 < size && isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			text[n++] = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
			i += 2;
		} else {
			text[n++] = text[i] == '+' ? ' ' : text[i];
		}
	}
	return n;
}

/* Objects first, since any key may yet follow; lists are made at the end. "[]" is the next number.
 */
static json_t *child(json_t *object, const char *key, char number[24])
{
	json_t *inner;

	if (!*key) {
		snprintf(number, 24, "%zu", json_object_size(object));
		key = number;
	}
	inner = json_object_get(object, key);
	if (!json_is_object(inner)) {
		inner = json_object();
		json_object_set_new(object, key, inner);
	}
	return inner;
}

/* The end of the brackets that begin at `text`; NULL: they are none. */
static char *closing(char *text)
{
	return *text == '[' ? strchr(text, ']') : NULL;
}

static bool too_deep(const char *name)
{
	unsigned int depth = 0;

	while ((name = strchr(name, '[')) && depth <= DEPTH_MAX) {
		depth++;
		name++;
	}
	return depth > DEPTH_MAX;
}

/* Takes `value`. `name` is cut into its parts. */
static void set_field(json_t *object, char *name, json_t *value)
{
	char *bracket = strchr(name, '['), *end, number[24];
	const char *key = name;
	unsigned int depth = 0;

	if (bracket == name || (bracket && !closing(bracket)))
		bracket = NULL;
	if (bracket)
		*bracket = 0;
	while (bracket) {
		end = strchr(bracket + 1, ']');
		object = child(object, key, number);
		*end = 0;
		key = bracket + 1;
		bracket = end[1] == '[' && closing(end + 1) ? end + 1 : NULL;
		depth++;
	}
	if (!*key && depth) {
		snprintf(number, sizeof(number), "%zu", json_object_size(object));
		key = number;
	}
	json_object_set_new(object, key, value);
}

static void add_pair(json_t *object, char *pair, size_t size)
{
	char *equals = memchr(pair, '=', size);
	size_t name_size = equals ? (size_t)(equals - pair) : size;
	size_t value_size = equals ? size - name_size - 1 : 0;
	_cleanup_(json_decrefp) json_t *name = NULL;
	_cleanup_(freep) char *copy = NULL;

	name_size = url_decode(pair, name_size);
	if (equals)
		value_size = url_decode(equals + 1, value_size);
	name = value_text(pair, name_size);
	copy = json_is_string(name) && !too_deep(json_string_value(name))
		       ? strdup(json_string_value(name))
		       : NULL;
	if (copy)
		set_field(object, copy, value_text(equals ? equals + 1 : "", value_size));
}

/* Keys that are 0, 1, 2, … in order make a list. */
static bool is_list(json_t *object)
{
	size_t next = 0;
	char number[24];
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		snprintf(number, sizeof(number), "%zu", next++);
		if (strcmp(key, number) != 0)
			return false;
	}
	return next > 0;
}

static json_t *with_lists(json_t *json, bool top)
{
	json_t *out, *value;
	const char *key;
	bool list;

	if (!json_is_object(json))
		return json_incref(json);
	list = !top && is_list(json);
	out = list ? json_array() : json_object();
	json_object_foreach (json, key, value) {
		if (list)
			json_array_append_new(out, with_lists(value, false));
		else
			json_object_set_new(out, key, with_lists(value, false));
	}
	return out;
}

json_t *form_parse(const char *text, size_t size)
{
	_cleanup_(json_decrefp) json_t *object = json_object();
	_cleanup_(freep) char *copy = malloc(size + 1);
	char *p = copy;

	if (!object || !copy)
		return NULL;
	memcpy(copy, text, size);
	copy[size] = 0;
	for (unsigned int i = 0; i < FIELDS_MAX && p < copy + size; i++) {
		char *end = memchr(p, '&', copy + size - p);

		if (!end)
			end = copy + size;
		if (end > p)
			add_pair(object, p, end - p);
		p = end + 1;
	}
	return with_lists(object, true);
}
