/* SPDX-License-Identifier: MIT */
#include "correlation.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "store.h"

#define LENGTH_MAX 200

/* No control characters, no blanks at the ends, and no more than an id may be long. */
static void clean(char *text)
{
	const unsigned char *p = (unsigned char *)text;
	size_t n = 0;

	for (; *p && n < LENGTH_MAX; p++)
		if (*p >= 0x20 && *p != 0x7f && (n || *p != ' '))
			text[n++] = (char)*p;
	/* Cut between characters. */
	if ((*p & 0xc0) == 0x80) {
		while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
			n--;
		if (n && (unsigned char)text[n - 1] >= 0xc0)
			n--;
	}
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = 0;
}

static void add(json_t *list, struct redact *redact, const char *text)
{
	_cleanup_(freep) char *copy = strdup(text), *redacted = NULL;
	json_t *id;

	if (!copy)
		return;
	clean(copy);
	redacted = *copy ? redact_text(redact, copy) : NULL;
	id = redacted ? json_string(redacted) : NULL;
	if (id)
		json_array_append_new(list, id);
}

/* https://www.w3.org/TR/trace-context/: version-traceid-parent-flags, in lower case hex. */
static bool trace_id(const char *traceparent, char ret[33])
{
	static const char digits[] = "0123456789abcdef";

	if (strspn(traceparent, digits) != 2 || traceparent[2] != '-' ||
	    strspn(traceparent + 3, digits) != 32 || traceparent[35] != '-' ||
	    strspn(traceparent + 36, digits) != 16 || traceparent[52] != '-' ||
	    strspn(traceparent + 53, digits) != 2)
		return false;
	memcpy(ret, traceparent + 3, 32);
	ret[32] = 0;
	return strspn(ret, "0") != 32;
}

json_t *correlation_read(const struct exchange *exchange, struct redact *redact)
{
	static const char *const names[] = {"x-correlation-id", "x-request-id", "traceparent"};
	json_t *list = json_array();
	char trace[33];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = json_string_value(json_object_get(exchange->headers, names[i]));

		if (!value)
			continue;
		add(list, redact, value);
		if (i == 2 && trace_id(value, trace))
			add(list, redact, trace);
	}
	return list;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *correlation_all(const json_t *inputs, size_t *ret_more)
{
	_cleanup_(json_decrefp) json_t *set = json_object();
	_cleanup_(freep) const char **texts = NULL;
	json_t *input, *id, *list = json_array();
	const char *text;
	size_t i, k, n = 0;

	json_array_foreach ((json_t *)inputs, i, input)
		json_array_foreach (json_object_get(input, "correlation_ids"), k, id)
			json_object_set_new(set, json_string_value(id), json_true());
	texts = calloc(json_object_size(set) + 1, sizeof(*texts));
	*ret_more = 0;
	if (!texts)
		return list;
	json_object_foreach (set, text, id)
		texts[n++] = text;
	qsort(texts, n, sizeof(*texts), by_text);
	for (i = 0; i < n && i < STORE_CORRELATION_MAX; i++)
		json_array_append_new(list, json_string(texts[i]));
	*ret_more = n - i;
	return list;
}
