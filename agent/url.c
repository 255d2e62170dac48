/* SPDX-License-Identifier: MIT */
/* Where an outbound call goes, without what is secret. */

#include "url.h"

#include <calltrace/frame.h>
#include <calltrace/secret.h>
#include <string.h>
#include <strings.h>

struct out {
	char *text;
	size_t n, room;
};

static void add(struct out *out, const char *text, size_t n)
{
	n = n < out->room - out->n ? n : out->room - out->n;
	memcpy(out->text + out->n, text, n);
	out->n += n;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t url_scheme(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && (is_letter(text[i]) ||
			 (i && ((text[i] >= '0' && text[i] <= '9') || memchr("+-.", text[i], 3)))))
		i++;
	return i && n - i >= 3 && !memcmp(text + i, "://", 3) ? i : 0;
}

bool url_scheme_is(const char *text, size_t n, const char *list)
{
	size_t len = url_scheme(text, n);

	if (!len)
		return false;
	while (*list) {
		size_t word = strcspn(list, " ");

		if (word == len && !strncasecmp(list, text, len))
			return true;
		list += word + (list[word] == ' ');
	}
	return false;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of a parameter, as its escapes read. */
static bool name_is_secret(const char *name, size_t n)
{
	char plain[128];
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(plain); i++) {
		if (name[i] == '%' && n - i > 2 && hex(name[i + 1]) >= 0 && hex(name[i + 2]) >= 0) {
			plain[len++] = (char)(hex(name[i + 1]) << 4 | hex(name[i + 2]));
			i += 2;
		} else {
			plain[len++] = name[i];
		}
	}
	return ct_secret_key(plain, len);
}

static size_t until(const char *text, const char *end, const char *stops)
{
	const char *p = text;

	while (p < end && !strchr(stops, *p))
		p++;
	return (size_t)(p - text);
}

/* "?name=value&name=value#name=value" */
static void add_parameters(struct out *out, const char *p, const char *end)
{
	while (p < end) {
		size_t part = until(p + 1, end, "&?#;") + 1, name = until(p + 1, p + part, "=");

		if (name + 1 < part && name_is_secret(p + 1, name)) {
			add(out, p, name + 2);
			add(out, CT_SECRET, sizeof(CT_SECRET) - 1);
		} else {
			add(out, p, part);
		}
		p += part;
	}
}

static void add_url(struct out *out, const char *text, size_t n)
{
	const char *end = text + n, *host = text + url_scheme(text, n), *at;
	size_t authority;

	if (host > text)
		host += 3;
	add(out, text, (size_t)(host - text));
	/* Without a scheme curl takes http: the user info stands there all the same. */
	authority = until(host, end, "/?#\\");
	at = memrchr(host, '@', authority);
	if (at)
		host = at + 1;
	n = until(host, end, "?#");
	add(out, host, n);
	add_parameters(out, host + n, end);
}

size_t url_clean(char *ret, size_t room, const char *text, size_t n)
{
	struct out out = {.text = ret, .room = room};

	add_url(&out, text, n);
	return out.n;
}

/* The value behind `=`, with its quotes: '…\'…' as libpq reads it. */
static size_t value_length(const char *p, const char *end)
{
	const char *begin = p;

	if (p == end || *p != '\'')
		return until(p, end, "; \t\n");
	for (p++; p < end && *p != '\''; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return (size_t)(p - begin) + (p < end);
}

size_t dsn_clean(char *ret, size_t room, const char *text, size_t n)
{
	struct out out = {.text = ret, .room = room};
	const char *p = text, *end = text + n;

	if (url_scheme(text, n)) {
		add_url(&out, text, n);
		return out.n;
	}
	while (p < end) {
		size_t name = until(p, end, "=; \t\n"), blanks = 0, value;
		const char *colon = memchr(p, ':', name);
		const char *word = colon ? colon + 1 : p;

		while (p + name + blanks < end && strchr(" \t", p[name + blanks]))
			blanks++;
		if (p + name + blanks == end || p[name + blanks] != '=') {
			add(&out, p, name + 1 < (size_t)(end - p) ? name + 1 : (size_t)(end - p));
			p += name + 1 < (size_t)(end - p) ? name + 1 : (size_t)(end - p);
			continue;
		}
		blanks++;
		add(&out, p, name + blanks);
		while (p + name + blanks < end && strchr(" \t", p[name + blanks]))
			blanks++;
		value = value_length(p + name + blanks, end);
		if (ct_secret_key(word, (size_t)(p + name - word)))
			add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
		else
			add(&out, p + name + blanks, value);
		p += name + blanks + value;
	}
	return out.n;
}
