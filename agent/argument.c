/* SPDX-License-Identifier: MIT */
/* Arguments of a command line. */

#include "argument.h"

#include "values.h"

#include <calltrace/frame.h>
#include <calltrace/secret.h>

/* Linux takes no longer argument (MAX_ARG_STRLEN); a mask may be longer than what it stands for. */
#define ARGUMENT_MAX (192u << 10)

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

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* Does a name of secrets end before `at`, but for quotes, blanks and brackets? */
static bool secret_before(const char *text, const char *at)
{
	const char *end = at, *begin;

	while (end > text && strchr("\"'\\ ]", end[-1]))
		end--;
	for (begin = end; begin > text && in_name(begin[-1]); begin--)
		;
	return ct_secret_key(begin, (size_t)(end - begin));
}

/* `=`, and a `:` that is not within a word as in `token:refresh`. */
static bool separates(const char *text, const char *at)
{
	if (*at == '=')
		return true;
	return *at == ':' && at > text &&
	       (strchr("\"'\\", at[-1]) || (at[1] && strchr(" \"'", at[1])));
}

static size_t mask(char *ret, size_t room, const char *text, const char *end)
{
	struct out out = {.text = ret, .room = room};
	const char *p = text;

	while (p < end) {
		if (separates(text, p) && secret_before(text, p)) {
			bool blank = end - p > 1 && p[1] == ' ';

			add(&out, p, blank ? 2 : 1);
			if (end - p > 1)
				add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
			break;
		}
		if (end - p > 3 && !memcmp(p, "://", 3)) {
			const char *at = p + 3 + strcspn(p + 3, "@/?# \"'");

			add(&out, p, 3);
			p += 3;
			if (at < end && *at == '@') {
				add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
				p = at;
			}
			continue;
		}
		add(&out, p++, 1);
	}
	return out.n;
}

size_t argument_mask(char *ret, size_t room, const char *text)
{
	return mask(ret, room, text, text + strlen(text));
}

/* An option whose value follows it. */
static bool is_secret_option(const char *option, size_t n)
{
	return n && *option == '-' && !memchr(option, '=', n) && ct_secret_key(option, n);
}

/* Is it the value of the option before it? */
static bool secret_option_before(char **argv, int i)
{
	return i > 1 && is_secret_option(argv[i - 1], strlen(argv[i - 1]));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Where a word ends: at a blank that no quotes are around. */
static const char *word_end(const char *p, const char *end)
{
	char quote = 0;

	for (; p < end && (quote || !is_blank(*p)); p++) {
		if (*p == '\\' && quote != '\'' && end - p > 1)
			p++;
		else if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
	}
	return p;
}

size_t command_mask(char *ret, size_t room, const char *text, size_t n)
{
	struct out out = {.text = ret, .room = room};
	const char *p = text, *end = text + n;
	bool secret = false;

	while (p < end) {
		const char *word = p, *after;

		while (p < end && is_blank(*p))
			p++;
		add(&out, word, (size_t)(p - word));
		after = word_end(p, end);
		if (secret && after > p)
			add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
		else
			out.n += mask(out.text + out.n, room - out.n, p, after);
		/* "Authorization: Bearer x" without quotes: where it ends is not to be known. */
		if (after > p && strchr("=:", after[-1]) && secret_before(p, after - 1)) {
			add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
			break;
		}
		secret = is_secret_option(p, (size_t)(after - p));
		p = after;
	}
	return out.n;
}

void argument_pack(struct pack *k, char **argv, int i)
{
	static char text[ARGUMENT_MAX];

	if (secret_option_before(argv, i))
		pack_text(k, CT_SECRET);
	else
		value_pack_string(k, text, argument_mask(text, sizeof(text), argv[i]));
}

void arguments_hide(int argc, char **argv)
{
	static char text[ARGUMENT_MAX];

	for (int i = 1; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		size_t n;

		if (secret_option_before(argv, i)) {
			value_hide(argv[i]);
			continue;
		}
		n = argument_mask(text, sizeof(text), argv[i]);
		if (n == strlen(argv[i]) && !memcmp(text, argv[i], n))
			continue;
		value_hide(argv[i]);
		if (value && value[1])
			value_hide(value + 1);
	}
}
