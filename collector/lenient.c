/* SPDX-License-Identifier: MIT */
#include "lenient.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"

#define NESTING_MAX 64 /* jansson recurses, and what we later do with it as well */
#define NUMBER_MAX  64 /* digits that are kept of one that nothing can hold */
#define REPLACEMENT "\xef\xbf\xbd"
#define TOO_DEEP    "\"[TOO_DEEP_REDACTED]\""

struct rewriter {
	const unsigned char *p, *end;
	struct buffer out;
	unsigned int depth;
};

/* How many bytes of a well-formed character are at p (RFC 3629); 0: none. */
static size_t utf8_size(const unsigned char *p, const unsigned char *end)
{
	size_t n = *p < 0x80   ? 1
		   : *p < 0xc2 ? 0
		   : *p < 0xe0 ? 2
		   : *p < 0xf0 ? 3
		   : *p < 0xf5 ? 4
			       : 0;

	if (!n || (size_t)(end - p) < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static int unit_at(const unsigned char *p, const unsigned char *end)
{
	char hex[5] = {0};

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	memcpy(hex, p + 2, 4);
	return strspn(hex, "0123456789abcdefABCDEF") == 4 ? (int)strtol(hex, NULL, 16) : -1;
}

/* An escape, or nothing of it but a replacement. */
static int rewrite_escape(struct rewriter *w)
{
	int unit = unit_at(w->p, w->end), next;
	size_t n = unit < 0 ? 2 : 6;

	if (unit >= 0xd800 && unit < 0xdc00) {
		next = unit_at(w->p + 6, w->end);
		n = next >= 0xdc00 && next < 0xe000 ? 12 : 6;
	}
	if (n > (size_t)(w->end - w->p))
		n = w->end - w->p;
	w->p += n;
	if (unit == 0 || (n == 6 && unit >= 0xd800 && unit < 0xe000))
		return buffer_add_text(&w->out, REPLACEMENT);
	return buffer_add(&w->out, w->p - n, n);
}

static int rewrite_string(struct rewriter *w)
{
	int r = buffer_add(&w->out, w->p++, 1);

	while (r == 0 && w->p < w->end && *w->p != '"') {
		size_t n = utf8_size(w->p, w->end);

		if (*w->p == '\\') {
			r = rewrite_escape(w);
		} else if (n) {
			r = buffer_add(&w->out, w->p, n);
			w->p += n;
		} else {
			r = buffer_add_text(&w->out, REPLACEMENT);
			w->p++;
		}
	}
	if (r == 0 && w->p < w->end)
		r = buffer_add(&w->out, w->p++, 1);
	return r;
}

static int rewrite_number(struct rewriter *w)
{
	const unsigned char *start = w->p;
	char number[NUMBER_MAX + 1], text[NUMBER_MAX + 24];
	size_t n;
	bool whole;

	while (w->p < w->end && (isalnum(*w->p) || *w->p == '+' || *w->p == '-' || *w->p == '.'))
		w->p++;
	n = (size_t)(w->p - start) < NUMBER_MAX ? (size_t)(w->p - start) : NUMBER_MAX;
	memcpy(number, start, n);
	number[n] = 0;
	whole = strspn(number + (*number == '-'), "0123456789") == n - (*number == '-');
	errno = 0;
	if (whole && n > (size_t)(*number == '-'))
		strtoll(number, NULL, 10);
	else if (!isinf(strtod(number, NULL)))
		errno = 0;
	if (errno != ERANGE)
		return buffer_add(&w->out, start, w->p - start);
	n = snprintf(text, sizeof(text), "{\"@%s\":\"%s\"}",
		     !whole	      ? "float"
		     : *number == '-' ? "int"
				      : "uint",
		     whole	      ? number
		     : *number == '-' ? "-INF"
				      : "INF");
	return buffer_add(&w->out, text, n);
}

/* Over an object or array that is too deep, to behind its end. */
static void skip(struct rewriter *w)
{
	size_t depth = 0;
	bool in_string = false;

	for (; w->p < w->end; w->p++) {
		if (in_string && *w->p == '\\' && w->p + 1 < w->end)
			w->p++;
		else if (*w->p == '"')
			in_string = !in_string;
		else if (!in_string && (*w->p == '{' || *w->p == '['))
			depth++;
		else if (!in_string && (*w->p == '}' || *w->p == ']') && --depth == 0)
			break;
	}
	if (w->p < w->end)
		w->p++;
}

static int rewrite(struct rewriter *w)
{
	unsigned char c = *w->p;

	if (c == '"')
		return rewrite_string(w);
	if (c == '-' || isdigit(c))
		return rewrite_number(w);
	if ((c == '{' || c == '[') && w->depth == NESTING_MAX) {
		skip(w);
		return buffer_add_text(&w->out, TOO_DEEP);
	}
	if (c == '{' || c == '[')
		w->depth++;
	else if ((c == '}' || c == ']') && w->depth)
		w->depth--;
	w->p++;
	return buffer_add(&w->out, &c, 1);
}

/* Counts brackets outside strings. */
static bool nesting_ok(const unsigned char *p, const unsigned char *end)
{
	unsigned int depth = 0;
	bool in_string = false;

	for (; p < end; p++) {
		if (in_string && *p == '\\')
			p++;
		else if (*p == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if ((*p == '{' || *p == '[') && ++depth > NESTING_MAX)
			return false;
		else if ((*p == '}' || *p == ']') && depth)
			depth--;
	}
	return true;
}

json_t *lenient_parse(const void *data, size_t size)
{
	struct rewriter w = {.p = data, .end = (const unsigned char *)data + size};
	/* Without JSON_ALLOW_NUL: a text that C cannot hold whole is rewritten. */
	json_t *json =
		nesting_ok(w.p, w.end) ? json_loadb(data, size, JSON_DECODE_ANY, NULL) : NULL;
	int r = 0;

	if (json)
		return json;
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		w.p += 3;
	while (r == 0 && w.p < w.end)
		r = rewrite(&w);
	if (r == 0)
		json = json_loadb((const char *)w.out.data, w.out.size, JSON_DECODE_ANY, NULL);
	buffer_deinit(&w.out);
	return json;
}
