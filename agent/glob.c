/* SPDX-License-Identifier: MIT */
/* Globs. */

#include "glob.h"

static size_t text_len(const struct glob_text *text)
{
	return text->class_len ? text->class_len + 2 + text->name_len : text->name_len;
}

static char text_at(const struct glob_text *text, size_t i)
{
	if (!text->class_len)
		return text->name[i];
	if (i < text->class_len)
		return text->class[i];
	i -= text->class_len;
	return i < 2 ? ':' : text->name[i - 2];
}

static char fold(char c, enum glob_how how)
{
	return how == GLOB_NAME && c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Of the set that begins at `p`, behind its bracket: past its end, or NULL where it has none. */
static const char *match_set(const char *p, char c, enum glob_how how, bool *ret)
{
	bool negated = *p == '!' || *p == '^', found = false;
	const char *first = p += negated;

	for (; *p && (*p != ']' || p == first); p++) {
		char low = fold(*p, how), high = low;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = fold(p[2], how);
			p += 2;
		}
		found |= (unsigned char)low <= (unsigned char)c &&
			 (unsigned char)c <= (unsigned char)high;
	}
	*ret = found != negated;
	return *p ? p + 1 : NULL;
}

/* Past what stands for one character, or NULL where it does not stand for `c`. */
static const char *match_one(const char *p, char c, enum glob_how how)
{
	const char *end;
	bool in_set;

	c = fold(c, how);
	if (*p == '?')
		return p + 1;
	end = *p == '[' ? match_set(p + 1, c, how, &in_set) : NULL;
	if (end)
		return in_set ? end : NULL;
	return fold(*p, how) == c ? p + 1 : NULL; /* a bracket that nothing closes is one */
}

static bool may_end(const struct glob_text *text, size_t i, enum glob_how how)
{
	if (i == text_len(text))
		return true;
	return how == GLOB_BELOW && i && (text_at(text, i) == '/' || text_at(text, i - 1) == '/');
}

bool glob_match(const char *pattern, const struct glob_text *text, enum glob_how how)
{
	const char *p = pattern, *star = NULL, *next;
	size_t i = 0, star_at = 0, n = text_len(text);

	for (;;) {
		if (*p == '*') {
			star = ++p;
			star_at = i;
			if (!*p)
				return true;
			continue;
		}
		if (!*p && may_end(text, i, how))
			return true;
		next = *p && i < n ? match_one(p, text_at(text, i), how) : NULL;
		if (next) {
			p = next;
			i++;
		} else if (star && star_at < n) {
			p = star;
			i = ++star_at;
		} else {
			return false;
		}
	}
}
