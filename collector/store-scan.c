/* SPDX-License-Identifier: MIT */
#include "store-scan.h"

#include <errno.h>
#include <string.h>

static bool is_escaped(const char *p)
{
	const char *first = p;

	while (first[-1] == '\\')
		first--;
	return (p - first) & 1;
}

/* Behind a string that begins at `p`; NULL: it does not end. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		p = memchr(p, '"', (size_t)(end - p));
		if (!p || !is_escaped(p))
			return p ? p + 1 : NULL;
	}
	return NULL;
}

/* Behind a value. */
static const char *skip_value(const char *p, const char *end)
{
	int depth = 0;

	while (p && p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (!depth)
				return p;
			continue;
		}
		if (!depth && (*p == ',' || *p == '}' || *p == ']'))
			return p;
		if (*p == '{' || *p == '[')
			depth++;
		else if ((*p == '}' || *p == ']') && !--depth)
			return p + 1;
		p++;
	}
	return NULL;
}

int scan_record(struct bytes *list, struct bytes *ret)
{
	const char *p = list->data, *end = p + list->size, *next;

	if (!list->size || (list->size == 1 && *p == ']'))
		return STORE_NONE;
	/* What is before a record: the list's bracket, or a comma. */
	if ((*p != '[' && *p != ',') || p + 1 == end)
		return -EBADMSG;
	if (*++p == ']' && p + 1 == end)
		return STORE_NONE;
	next = *p == '{' ? skip_value(p, end) : NULL;
	if (!next || next == end)
		return -EBADMSG;
	*ret = (struct bytes){p, (size_t)(next - p)};
	*list = (struct bytes){next, (size_t)(end - next)};
	return 0;
}

static int unescape(const char *p, const char *end, struct scanned *ret)
{
	_cleanup_(json_decrefp) json_t *json = NULL;

	*ret = (struct scanned){p + 1, (size_t)(end - p) - 2, NULL};
	if (!memchr(p, '\\', (size_t)(end - p)))
		return 0;
	json = json_loadb(p, (size_t)(end - p), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!json_is_string(json))
		return -EBADMSG;
	ret->size = json_string_length(json);
	ret->own = malloc(ret->size + 1);
	if (!ret->own)
		return -ENOMEM;
	memcpy(ret->own, json_string_value(json), ret->size + 1);
	ret->text = ret->own;
	return 0;
}

int scan_string(const struct bytes *record, const char *field, struct scanned *ret)
{
	const char *p = record->data, *end = p + record->size, *name, *value;
	size_t n = strlen(field);

	/* '{' or ',' is before each name. */
	while (p && p + 1 < end && p[1] == '"') {
		name = p + 1;
		p = skip_string(name, end);
		if (!p || p == end || *p != ':')
			return -EBADMSG;
		value = p + 1;
		p = skip_value(value, end);
		if (!p)
			return -EBADMSG;
		if ((size_t)(value - name) == n + 3 && memcmp(name + 1, field, n) == 0)
			return *value == '"' ? unescape(value, p, ret) : STORE_NONE;
	}
	return p && (p + 1 == end || (p + 2 == end && *p == '{')) ? STORE_NONE : -EBADMSG;
}
