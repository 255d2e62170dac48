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

size_t argument_mask(char *ret, size_t room, const char *text)
{
	struct out out = {.text = ret, .room = room};
	const char *p = text;

	while (*p) {
		if (separates(text, p) && secret_before(text, p)) {
			add(&out, p, p[1] == ' ' ? 2 : 1);
			if (p[1])
				add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
			break;
		}
		if (!strncmp(p, "://", 3)) {
			const char *at = p + 3 + strcspn(p + 3, "@/?# \"'");

			add(&out, p, 3);
			p += 3;
			if (*at == '@') {
				add(&out, CT_SECRET, sizeof(CT_SECRET) - 1);
				p = at;
			}
			continue;
		}
		add(&out, p++, 1);
	}
	return out.n;
}

/* Is it the value of the option before it? */
static bool secret_option_before(char **argv, int i)
{
	const char *option = i > 1 ? argv[i - 1] : "";

	return *option == '-' && !strchr(option, '=') && ct_secret_key(option, strlen(option));
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
