/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <calltrace/frame.h>
#include <string.h>

#include "value.h"

#define DEPTH_MAX (2 * VALUE_DEPTH)

/* What is shorter says less than what would stand for it. */
#define TEXT_MIN 64

static bool worth_it(const json_t *value)
{
	return json_array_size(value) || json_string_length(value) >= TEXT_MIN;
}

void echo_init(struct echo *echo, const struct profile *profile, const struct request *request,
	       const struct match *match)
{
	const json_t *list = profile_get(profile, "transcript"), *path;
	size_t i;

	*echo = (struct echo){0};
	if (match->kind != INPUT_REQUEST)
		echo->body = (struct span){request->body.data, request->body.size};
	json_array_foreach ((json_t *)list, i, path) {
		const char *pointer = json_string_value(path);
		const json_t *value = match->call && pointer ? json_at(match->call, pointer) : NULL;

		if (!worth_it(value) || echo->count == ECHO_PARTS_MAX)
			continue;
		echo->parts[echo->count].pointer = pointer;
		echo->parts[echo->count++].value = value;
	}
}

static const char *cut_of(const json_t *value)
{
	return json_string_value(json_object_get(value, CT_KEY_CUT));
}

/* A string, or the start of one (docs/frames.md, "Values"). */
static const json_t *start_of(const json_t *php)
{
	const char *cut = cut_of(php);

	return cut && strcmp(cut, "string") == 0 ? json_object_get(php, "value") : php;
}

static bool is_body(const struct echo *echo, const json_t *php)
{
	const json_t *start = start_of(php);
	size_t n = json_string_length(start);

	return n >= TEXT_MIN && (start == php ? n == echo->body.size : n <= echo->body.size) &&
	       memcmp(json_string_value(start), echo->body.data, n) == 0;
}

static bool same(const json_t *php, const json_t *part, unsigned int depth);

static bool same_start(const json_t *php, const json_t *part)
{
	const json_t *start = start_of(php);
	size_t n = json_string_length(start);

	return json_is_string(start) && json_is_string(part) && n <= json_string_length(part) &&
	       memcmp(json_string_value(start), json_string_value(part), n) == 0;
}

/* The last element may say that there were more. */
static bool same_array(const json_t *php, const json_t *part, unsigned int depth)
{
	size_t n = json_array_size(php);
	const char *cut = n ? cut_of(json_array_get(php, n - 1)) : NULL;
	bool open = cut && strcmp(cut, "string") != 0;

	n -= open;
	if (open ? n > json_array_size(part) : n != json_array_size(part))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same(json_array_get(php, i), json_array_get(part, i), depth + 1))
			return false;
	return true;
}

static bool same_object(const json_t *php, const json_t *part, unsigned int depth)
{
	bool open = json_object_get(php, CT_KEY_CUT) != NULL;
	size_t n = json_object_size(php) - open;
	const char *key;
	json_t *value;

	if (open ? n > json_object_size(part) : n != json_object_size(part))
		return false;
	json_object_foreach ((json_t *)php, key, value)
		if (strcmp(key, CT_KEY_CUT) != 0 &&
		    !same(value, json_object_get(part, key), depth + 1))
			return false;
	return true;
}

/* Is `php` what PHP made of `part`, as far as it was recorded? */
static bool same(const json_t *php, const json_t *part, unsigned int depth)
{
	const char *cut = cut_of(php);

	if (!php || !part || depth > DEPTH_MAX)
		return false;
	if (cut && strcmp(cut, "string") == 0)
		return same_start(php, part);
	if (cut && (strcmp(cut, "depth") == 0 || strcmp(cut, "bytes") == 0))
		return true;
	if (json_is_array(part) && json_is_array(php))
		return same_array(php, part, depth);
	/* PHP has one empty array for both. */
	if (json_is_object(part))
		return json_is_object(php)  ? same_object(php, part, depth)
		       : json_is_array(php) ? !json_array_size(php) && !json_object_size(part)
					    : false;
	if (json_is_number(part) && json_is_number(php))
		return json_number_value(php) == json_number_value(part);
	return json_equal(php, part);
}

/* What stands for a value that is a repetition; one of which nothing is left but that it was cut is
 * none. */
static json_t *repeated(const struct echo *echo, const json_t *value)
{
	const char *cut = cut_of(value);

	if (cut ? strcmp(cut, "string") != 0 : !worth_it(value))
		return NULL;
	for (size_t i = 0; i < echo->count; i++)
		if (same(value, echo->parts[i].value, 0))
			return json_pack("{s:s}", ECHO_CALL_KEY, echo->parts[i].pointer);
	return is_body(echo, value) ? json_pack("{s:I}", ECHO_BODY_KEY, (json_int_t)echo->body.size)
				    : NULL;
}

static json_t *replace(const struct echo *echo, json_t *value, unsigned int depth)
{
	json_t *instead = repeated(echo, value), *member;
	const char *key;
	size_t i;

	if (instead || depth > DEPTH_MAX)
		return instead;
	json_array_foreach (value, i, member) {
		json_t *other = replace(echo, member, depth + 1);

		if (other)
			json_array_set_new(value, i, other);
	}
	json_object_foreach (value, key, member) {
		json_t *other = replace(echo, member, depth + 1);

		if (other)
			json_object_set_new(value, key, other);
	}
	return NULL;
}

json_t *echo_replace(const struct echo *echo, json_t *value)
{
	json_t *other = value && (echo->count || echo->body.size) ? replace(echo, value, 0) : NULL;

	if (!other)
		return value;
	json_decref(value);
	return other;
}
