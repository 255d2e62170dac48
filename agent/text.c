/* SPDX-License-Identifier: MIT */
/* Strings: UTF-8, and the secrets in them. */

#include "text.h"

#include <calltrace/secret.h>
#include <strings.h>

#define LONGEST_NAME 64 /* before a value in a text */
#define JUDGED_NAME  256

typedef uint8_t vec __attribute__((vector_size(16)));

static vec load(const char *s)
{
	vec v;

	memcpy(&v, s, sizeof(v));
	return v;
}

static bool any(vec v)
{
	uint64_t halves[2];

	memcpy(halves, &v, sizeof(halves));
	return halves[0] | halves[1];
}

static vec separators(vec v)
{
	return (vec)(v == ':') | (vec)(v == '=');
}

unsigned text_scan(const char *s, size_t n)
{
	vec all = {0}, found = {0};
	size_t i = 0;

	if (n < sizeof(vec)) {
		struct text_words w = text_load(s, n);

		memcpy(&all, &w, sizeof(all));
		found = separators(all);
	} else {
		for (; i + sizeof(vec) <= n; i += sizeof(vec)) {
			vec v = load(s + i);

			all |= v;
			found |= separators(v);
		}
		all |= load(s + n - sizeof(vec));
		found |= separators(load(s + n - sizeof(vec)));
	}
	return (any(all & 0x80) ? TEXT_HIGH : 0) | (any(found) ? TEXT_SEPARATOR : 0);
}

size_t text_utf8_prefix(const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t i = 0;

	while (i < n) {
		unsigned more;
		uint8_t c = p[i];

		if (n - i >= 8 && !(text_load8(s + i) & 0x8080808080808080ull)) {
			i += 8;
			continue;
		}
		if (c < 0x80) {
			i++;
			continue;
		}
		more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		if (c < 0xc2 || c > 0xf4 || n - i <= more)
			break;
		if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xed && p[i + 1] > 0x9f) ||
		    (c == 0xf0 && p[i + 1] < 0x90) || (c == 0xf4 && p[i + 1] > 0x8f))
			break;
		for (unsigned j = 1; j <= more; j++)
			if ((p[i + j] & 0xc0) != 0x80)
				return i;
		i += 1 + more;
	}
	return i;
}

struct text_name text_names[TEXT_NAMES];

static bool same_name(const struct text_name *a, const struct text_name *b)
{
	return a->n == b->n && !memcmp(a->words, b->words, sizeof(a->words));
}

/* One that two names share is theirs in turns: the one before moves next door. */
const struct text_name *text_name_learn(const char *name, size_t n, uint64_t hash)
{
	struct text_name *known = &text_names[hash % TEXT_NAMES];
	struct text_name *beside = &text_names[(hash ^ 1) % TEXT_NAMES];
	size_t first = n < TEXT_SHORT ? n : TEXT_SHORT;
	struct text_name new = {
		.words = {text_load(name, first), text_load(name + first, n - first)},
		.n = (uint8_t)n,
	};

	if (same_name(beside, &new))
		return beside;
	new.secret = ct_secret_key(name, n);
	new.binary = text_utf8_prefix(name, n) != n;
	*beside = *known;
	*known = new;
	return known;
}

static uint64_t hash_of(const char *name, size_t n)
{
	size_t first = n < TEXT_SHORT ? n : TEXT_SHORT;
	struct text_words a = text_load(name, first), b = text_load(name + first, n - first);
	uint64_t h = (a.low ^ b.low ^ (a.high + b.high + n) * 0x9e3779b97f4a7c15ull);

	return h * 0xbf58476d1ce4e5b9ull >> 32;
}

bool text_names_secret(const char *name, size_t n)
{
	if (n <= TEXT_NAME)
		return text_name(name, n, hash_of(name, n))->secret;
	return n > JUDGED_NAME || ct_secret_key(name, n);
}

/* The next ':' or '=', or n. */
static size_t next_separator(const char *s, size_t i, size_t n)
{
	for (; i < n; i += 8) {
		uint64_t eight = i + 8 <= n ? text_load8(s + i) : text_load(s + i, n - i).low;
		uint64_t found = text_has(eight, ':') | text_has(eight, '=');

		/* The first that is found is one; those behind it may be none. */
		if (found)
			return i + (size_t)__builtin_ctzll(found) / 8;
	}
	return n;
}

/* What a name before a value is made of. */
#define PART   1u
#define LETTER 2u
#define ESCAPE 4u

static const uint8_t parts[256] = {
	['a' ... 'z'] = PART | LETTER,
	['A' ... 'Z'] = PART | LETTER,
	['0' ... '9'] = PART,
	['_'] = PART,
	['-'] = PART,
	['.'] = PART,
	['['] = PART,
	[']'] = PART,
	['%'] = PART | ESCAPE,
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* With the escapes of a URL taken for what they stand for, which is nothing of a name. */
static bool names_secret_in_url(const char *name, size_t n)
{
	char plain[LONGEST_NAME];

	memcpy(plain, name, n);
	for (size_t i = 0; i + 2 < n; i++)
		if (plain[i] == '%')
			memset(plain + i, '.', 3);
	return text_names_secret(plain, n);
}

/* Does the name of a secret end before `end`? `quoted`: it stands in quotes. `begins`: it begins
 * a line. */
static bool secret_before(const char *s, size_t end, bool *quoted, bool *begins)
{
	size_t at = end, least;
	unsigned seen = 0;

	while (at && end - at < LONGEST_NAME && is_blank(s[at - 1]))
		at--;
	*quoted = at && is_quote(s[at - 1]);
	if (*quoted)
		at--;
	while (*quoted && at && s[at - 1] == '\\')
		at--;
	end = at;
	least = end < LONGEST_NAME ? 0 : end - LONGEST_NAME;
	for (unsigned part; at > least && (part = parts[(uint8_t)s[at - 1]]); at--)
		seen |= part;
	*begins = !at || s[at - 1] == '\n';
	if (!(seen & LETTER))
		return false;
	if (seen & ESCAPE)
		return names_secret_in_url(s + at, end - at);
	return text_names_secret(s + at, end - at);
}

/* Where the text ends that is in the quotes that open at `at`, with `escapes` backslashes before
 * each. */
static size_t end_of_quoted(const char *s, size_t at, size_t n, size_t escapes)
{
	char quote = s[at];

	for (size_t i = at + 1; i < n; i++) {
		size_t before = 0;

		if (s[i] != quote)
			continue;
		while (s[i - 1 - before] == '\\')
			before++;
		if (!escapes && before % 2 == 0 && quote == '\'' && i + 1 < n && s[i + 1] == quote)
			i++; /* as SQL has one in a text */
		else if (!escapes && before % 2 == 0)
			return i;
		else if (escapes && before <= escapes)
			return i - before;
	}
	return n;
}

/* Behind the bracket that closes the one at `at`. */
static size_t end_of_nested(const char *s, size_t at, size_t n)
{
	unsigned depth = 0;

	for (size_t i = at; i < n; i++) {
		if (s[i] == '{' || s[i] == '[')
			depth++;
		else if ((s[i] == '}' || s[i] == ']') && !--depth)
			return i + 1;
		else if (s[i] == '"' && s[i - 1] != '\\')
			i = end_of_quoted(s, i, n, 0);
	}
	return n;
}

/* MySQL's "(using password: NO)" is the reason itself. */
static bool says_nothing(const char *s, size_t n)
{
	return !n || (n == 1 && (*s == '?' || *s == '=')) ||
	       (n == 4 && (!memcmp(s, "true", 4) || !memcmp(s, "null", 4))) ||
	       (n == 5 && !memcmp(s, "false", 5)) || (n == 4 && !memcmp(s, "YES)", 4)) ||
	       (n == 3 && !memcmp(s, "NO)", 3));
}

static size_t end_of_bare(const char *s, size_t at, size_t n, const char *ends)
{
	size_t count = strlen(ends);

	while (at < n && !memchr(ends, s[at], count))
		at++;
	return at;
}

/* Of an Authorization, before the secret itself. */
static bool is_scheme(const char *s, size_t n)
{
	return (n == 6 && !strncasecmp(s, "bearer", 6)) ||
	       (n == 5 && !strncasecmp(s, "basic", 5)) || (n == 6 && !strncasecmp(s, "digest", 6));
}

/* The value behind the separator at `i`. A bare one ends where in such a text another begins; that
 * of a header ends with its line. */
static bool value_behind(const char *s, size_t i, size_t n, bool quoted, size_t *ret_at,
			 size_t *ret_end)
{
	bool line = s[i] == ':' && !quoted;
	const char *ends = line ? "\r\n" : "&;#,\"'<>)]}|\\ \t\r\n";
	size_t at = i + 1, end, escapes = 0;

	if (at < n && (s[at] == '>' || (s[i] == ':' && s[at] == '=')))
		at++;
	while (at < n && is_blank(s[at]))
		at++;
	for (; at < n && s[at] == '\\'; at++)
		escapes++;
	end = at;
	if (at < n && is_quote(s[at])) {
		end = end_of_quoted(s, at, n, escapes);
		at++;
	} else if (at < n && (s[at] == '{' || s[at] == '[')) {
		end = end_of_nested(s, at, n);
	} else {
		end = end_of_bare(s, at, n, ends);
		if (end < n && is_scheme(s + at, end - at))
			end = end_of_bare(s, end + 1, n, ends);
	}
	*ret_at = at;
	*ret_end = end;
	return at < end && !says_nothing(s + at, end - at);
}

/* `://user:password@`: the password. */
static bool password_of_url(const char *s, size_t i, size_t n, size_t *ret_at, size_t *ret_end)
{
	size_t at = i + 3, end;

	if (n - i < 3 || s[i + 1] != '/' || s[i + 2] != '/')
		return false;
	while (at < n && s[at] != ':' && s[at] != '@' && !memchr("/?# \"'\\\r\n", s[at], 9))
		at++;
	if (at == n || s[at] != ':')
		return false;
	end = end_of_bare(s, ++at, n, "@/?# \"'\\\r\n");
	*ret_at = at;
	*ret_end = end;
	return end > at && end < n && s[end] == '@';
}

/* Of a class (`Token::make`), a URL's scheme, a comparison: no name and value. */
static bool separates(const char *s, size_t i, size_t n)
{
	if (!i || i + 1 == n || (s[i] == ':' && s[i - 1] == ':'))
		return false;
	if (s[i] == ':')
		return s[i + 1] != ':' && !(s[i + 1] == '/' && i + 2 < n && s[i + 2] == '/');
	return s[i + 1] != '=';
}

static bool secret_at(const char *s, size_t i, size_t n, size_t *ret_at, size_t *ret_end)
{
	bool quoted, begins;

	if (s[i] == ':' && password_of_url(s, i, n, ret_at, ret_end))
		return true;
	if (!separates(s, i, n) || !secret_before(s, i, &quoted, &begins))
		return false;
	/* "/v1/token:verify" is neither a header nor a member of an object. */
	if (s[i] == ':' && !quoted && !begins && !is_blank(s[i + 1]) && !is_quote(s[i + 1]))
		return false;
	return value_behind(s, i, n, quoted, ret_at, ret_end);
}

bool text_find_secrets(const char *s, size_t n, struct text_secrets *ret)
{
	size_t i = 0, at, end;

	ret->n = 0;
	ret->end = n;
	while ((i = next_separator(s, i, n)) < n) {
		if (!secret_at(s, i, n, &at, &end)) {
			i++;
			continue;
		}
		if (ret->n == TEXT_SECRETS) {
			ret->end = at;
			break;
		}
		ret->spans[ret->n].at = at;
		ret->spans[ret->n++].end = end;
		i = end;
	}
	return ret->n;
}
