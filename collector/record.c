/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "uuid.h"

json_t *record_id(const char *what, const char *session, const char *name)
{
	_cleanup_(freep) char *text = NULL;
	char formatted[UUID_TEXT];
	struct uuid id;
	int n = asprintf(&text, "%s:%s", session, name);

	if (n < 0)
		return NULL;
	uuid_derive(&id, what, text, (size_t)n);
	uuid_format(&id, formatted);
	return json_string(formatted);
}

json_t *record_ms(int64_t ns)
{
	return json_real((double)(ns / 1000) / 1000);
}

json_t *record_real(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", value);
	return json_real(strtod(text, NULL));
}

int64_t get_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *get_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_t *get_copy(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

struct timed {
	json_t *record;
	int64_t at;
	size_t number;
};

static int by_time(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void record_sort_by_time(json_t *records)
{
	size_t n = json_array_size(records), i;
	_cleanup_(freep) struct timed *list = calloc(n + 1, sizeof(*list));
	json_t *record;

	if (!list)
		return;
	json_array_foreach (records, i, record)
		list[i] = (struct timed){json_incref(record), get_int(record, "occurred_at"), i};
	qsort(list, n, sizeof(*list), by_time);
	for (i = 0; i < n; i++)
		json_array_set_new(records, i, list[i].record);
}

json_t *record_cut(const char *text, size_t size, size_t max)
{
	if (size <= max)
		return json_stringn(text, size);
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return json_sprintf("%.*s…", (int)max, text);
}

int64_t input_end(const json_t *input)
{
	return get_int(input, "started_at") + get_int(input, "duration_ns");
}

bool input_running(const json_t *input)
{
	return strcmp(get_text(input, "state"), "pending") == 0 &&
	       !json_is_true(json_object_get(input, "answered"));
}

size_t base_name_size(const char *function)
{
	size_t n = strlen(function), i = n;

	while (i && isdigit((unsigned char)function[i - 1]))
		i--;
	if (i < n && i > 2 && (function[i - 1] == 'v' || function[i - 1] == 'V') &&
	    (function[i - 2] == '_' || function[i - 2] == '-'))
		n = i - 2;
	return n;
}

json_t *base_name(const char *function)
{
	return json_stringn(function, base_name_size(function));
}
