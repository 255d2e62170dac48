/* SPDX-License-Identifier: MIT */
#include "literals.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define LITERALS_MAX 4096
#define LITERAL_MIN  4
#define LITERAL_MAX  1024

struct literal {
	char *text;
	size_t size;
	enum redact_kind kind;
};

struct literals {
	struct literal *at;
	size_t count;
	size_t capacity;
};

int literals_new(struct literals **ret)
{
	struct literals *literals = calloc(1, sizeof(*literals));

	if (!literals)
		return -ENOMEM;
	*ret = literals;
	return 0;
}

void literals_free(struct literals *literals)
{
	if (!literals)
		return;
	for (size_t i = 0; i < literals->count; i++)
		free(literals->at[i].text);
	free(literals->at);
	free(literals);
}

size_t literals_count(const struct literals *literals)
{
	return literals->count;
}

/* Words that stand in such places and name nobody. */
static bool common(const char *text)
{
	static const char *const words[] = {
		"true",	      "false",	     "null",   "none",	  "undefined", "unknown",
		"anonymous",  "name",	     "email",  "phone",	  "address",   "customer",
		"kunde",      "test",	     "user",   "agent",	  "unbekannt", "anonym",
		"customers",  "kunden",	     "string", "array",	  "object",    "integer",
		"default",    "mobile",	     "handy",  "telefon", "guest",     "gast",
		"admin",      "private",     "n.a.",   "keine",	  "withheld",  "privat",
		"restricted", "unavailable",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(words[i], text) == 0)
			return true;
	return text[0] == '[' && strstr(text, "_REDACTED]");
}

static int insert(struct literals *literals, enum redact_kind kind, const char *text, size_t size)
{
	struct literal *at;
	size_t i;

	for (i = 0; i < literals->count; i++)
		if (literals->at[i].size == size && memcmp(literals->at[i].text, text, size) == 0)
			return 0;
	if (literals->count >= LITERALS_MAX)
		return -ENOBUFS;
	if (literals->count == literals->capacity) {
		size_t capacity = literals->capacity ? 2 * literals->capacity : 32;

		at = realloc(literals->at, capacity * sizeof(*at));
		if (!at)
			return -ENOMEM;
		literals->at = at;
		literals->capacity = capacity;
	}
	for (i = literals->count; i && literals->at[i - 1].size < size; i--)
		literals->at[i] = literals->at[i - 1];
	literals->at[i] = (struct literal){strndup(text, size), size, kind};
	literals->count++;
	return literals->at[i].text ? 0 : -ENOMEM;
}

static int add_buffer(struct literals *literals, enum redact_kind kind, const struct buffer *text)
{
	return insert(literals, kind, (const char *)text->data, text->size);
}

static unsigned int code_point(const unsigned char **p)
{
	const unsigned char *s = *p;
	unsigned int n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned int c = n == 1 ? s[0] : s[0] & (0x3fu >> (n - 1));

	for (unsigned int i = 1; i < n && s[i]; i++)
		c = c << 6 | (s[i] & 0x3fu);
	*p += strnlen((const char *)s, n);
	return c;
}

static int add_unit(struct buffer *out, unsigned int unit)
{
	char text[8];

	return buffer_add(out, text, snprintf(text, sizeof(text), "\\u%04x", unit));
}

/* As PHP's json_encode() writes: \u for what is not ASCII, \/ for a slash. */
static int spell_json(struct buffer *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	int r = 0;

	while (*p && r == 0) {
		unsigned int c = code_point(&p);

		if (c >= 0x10000) {
			r = add_unit(out, 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		if (r == 0 && (c >= 0x80 || c < 0x20))
			r = c == '\n' ? buffer_add_text(out, "\\n") : add_unit(out, c);
		else if (r == 0 && strchr("\"\\/", (int)c))
			r = buffer_add(out, (char[]){'\\', (char)c}, 2);
		else if (r == 0)
			r = buffer_add(out, &(char){(char)c}, 1);
	}
	return r;
}

static int spell_url(struct buffer *out, const char *text, const char *space, bool upper)
{
	char hex[4];
	int r = 0;

	for (; *text && r == 0; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c)) {
			r = buffer_add(out, text, 1);
		} else if (c == ' ') {
			r = buffer_add_text(out, space);
		} else {
			snprintf(hex, sizeof(hex), upper ? "%%%02X" : "%%%02x", c);
			r = buffer_add(out, hex, 3);
		}
	}
	return r;
}

static int add_spellings(struct literals *literals, enum redact_kind kind, const char *text)
{
	static const struct {
		const char *space;
		bool upper;
	} urls[] = {{"+", true}, {"%20", true}, {"%20", false}};
	_cleanup_(buffer_deinit) struct buffer json = BUFFER_INIT;
	int r = spell_json(&json, text);

	if (r == 0)
		r = add_buffer(literals, kind, &json);
	for (unsigned int i = 0; i < 3 && r == 0; i++) {
		_cleanup_(buffer_deinit) struct buffer url = BUFFER_INIT;

		r = spell_url(&url, text, urls[i].space, urls[i].upper);
		if (r == 0)
			r = add_buffer(literals, kind, &url);
	}
	return r;
}

static bool trimmed(const char *text, char *ret, size_t size)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	if (n < LITERAL_MIN || n >= size)
		return false;
	memcpy(ret, text, n);
	ret[n] = 0;
	return true;
}

int literals_add(struct literals *literals, enum redact_kind kind, const char *text)
{
	char value[LITERAL_MAX + 1];
	int r;

	if (!trimmed(text, value, sizeof(value)) || common(value))
		return 0;
	r = insert(literals, kind, value, strlen(value));
	return r < 0 ? r : add_spellings(literals, kind, value);
}

static bool word_byte(uint8_t c)
{
	return isalnum(c) || c >= 0x80;
}

/* Part of a longer word? An escape's letter (\n, \u00e4) before it is none, nor is one before a
 * telephone number. */
static bool at_boundary(const struct buffer *text, size_t at, size_t size, enum redact_kind kind)
{
	const uint8_t *p = text->data;
	bool number = kind == REDACT_PHONE && size > 6;

	if (at && !(number && isdigit(p[at]) && !isdigit(p[at - 1])) && word_byte(p[at]) &&
	    word_byte(p[at - 1]) && !(at > 1 && p[at - 2] == '\\') && !(at > 2 && p[at - 3] == '%'))
		return false;
	if (at + size >= text->size || !word_byte(p[at + size - 1]) || !word_byte(p[at + size]))
		return true;
	return number && isdigit(p[at + size - 1]) && !isdigit(p[at + size]);
}

static int apply_one(const struct literal *literal, struct buffer *text,
		     const struct redact_watch *watch)
{
	_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;
	size_t done = 0, from = 0;
	const uint8_t *found;
	struct buffer old;
	int r = 0;

	while (r == 0 && (found = memmem(text->data + from, text->size - from, literal->text,
					 literal->size))) {
		size_t at = found - text->data;

		from = at + literal->size;
		if (!at_boundary(text, at, literal->size, literal->kind)) {
			from = at + 1;
			continue;
		}
		r = buffer_add(&out, text->data + done, at - done);
		if (r == 0)
			r = buffer_add_text(&out, kind_token(literal->kind));
		redact_watch_tell(watch, literal->kind, "revealed", at);
		done = from;
	}
	if (r < 0 || !done)
		return r;
	r = buffer_add(&out, text->data + done, text->size - done);
	old = *text;
	*text = out;
	out = old;
	return r;
}

/* Cheap, and settles it for almost all: are the literal's first bytes in the text at all? */
static bool may_occur(const struct literal *literal, const bool seen[256])
{
	for (size_t i = 0; i < literal->size && i < 8; i++)
		if (!seen[(uint8_t)literal->text[i]])
			return false;
	return true;
}

int literals_apply(const struct literals *literals, struct buffer *text,
		   const struct redact_watch *watch)
{
	bool seen[256] = {0};
	int r = 0;

	/* Replacements only add bytes that no literal should be looked for in. */
	for (size_t i = 0; i < text->size; i++)
		seen[text->data[i]] = true;
	for (size_t i = 0; i < literals->count && r == 0; i++)
		if (literals->at[i].size <= text->size && may_occur(&literals->at[i], seen))
			r = apply_one(&literals->at[i], text, watch);
	return r;
}
