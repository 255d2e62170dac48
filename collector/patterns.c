/* SPDX-License-Identifier: MIT */
#include "patterns.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "cleanup.h"
#include "keys.h"

/* A match to replace: the whole of it, or group `group` only. */
struct match {
	const char *text;
	const PCRE2_SIZE *at;
	enum redact_kind kind;
	unsigned int group;
};

struct pattern {
	const char *name;
	const char *regex;
	const char *needs; /* one of these must be in the text; NULL: always tried */
	enum redact_kind kind;
	unsigned int group;
	/* May refuse, or choose another kind. */
	bool (*valid)(struct match *match);
	pcre2_code *code;
};

static bool key_personal(struct match *match)
{
	enum redact_kind kind = key_kind(match->text + match->at[2], match->at[3] - match->at[2]);
	const char *value = match->text + match->at[4];

	if (kind == REDACT_NONE || kind == REDACT_TOWN || match->at[4] == match->at[5] ||
	    *value == '[')
		return false;
	match->kind = kind;
	return true;
}

static unsigned int digits(const struct match *match)
{
	unsigned int n = 0;

	for (PCRE2_SIZE i = match->at[0]; i < match->at[1]; i++)
		n += isdigit((unsigned char)match->text[i]) != 0;
	return n;
}

static bool phone_length(struct match *match)
{
	unsigned int n = digits(match);

	return n >= 7 && n <= 17;
}

static bool iban_checksum(struct match *match)
{
	char plain[40];
	unsigned int n = 0, rest = 0;

	for (PCRE2_SIZE i = match->at[0]; i < match->at[1] && n < sizeof(plain); i++)
		if (isalnum((unsigned char)match->text[i]))
			plain[n++] = (char)toupper((unsigned char)match->text[i]);
	if (n < 15 || n > 34)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		char c = plain[(i + 4) % n];
		unsigned int v = isdigit((unsigned char)c) ? c - '0' : c - 'A' + 10;

		rest = (rest * (v > 9 ? 100 : 10) + v) % 97;
	}
	return rest == 1;
}

/* Behind a number: nothing that makes it part of an id, a UUID or a decimal. */
#define NUMBER_END   "(?![\\p{L}\\p{N}_]|-[\\p{L}\\p{N}]|[.,:]\\d)"
#define NUMBER_START "(?<!\\d[.,:])(?<![\\p{L}\\p{N}_+\\-])"
#define GAP	     "[ \\x{a0}()/.\\-\\x{2010}-\\x{2013}]"

static struct pattern patterns[] = {
	/* "key": "value" inside text, escaped or not, also when the text was cut in the value */
	{"json_pair",
	 "\\\\*\"([\\p{L}_][\\p{L}\\p{N}_.\\-]{0,63}+)\\\\*\"\\s*+:\\s*+\\\\*\"((?:[^\"\\\\]|\\\\[^\"])*+)",
	 "\"", REDACT_NONE, 2, key_personal},
	/* key=value of a query or a form */
	{"query_pair", "(?:^|[?&;])([\\p{L}\\p{N}_.\\-\\[\\]]{1,64}+)=([^&\\s\"'#<>]++)", "=",
	 REDACT_NONE, 2, key_personal},
	{"signed_query",
	 "(?i)[?&;](?:x-amz-(?:credential|signature|security-token)|sig|sign|hmac|auth|key)=([^&\\s\"'#<>]++)",
	 "=", REDACT_SECRET, 1},
	{"url_credentials", "://([^/\\s@:\"'<>]*+:[^/\\s@\"'<>]*+)@", "@", REDACT_SECRET, 1},
	{"signature", "\\bv=\\d{10,16},\\s*+d=([0-9A-Fa-f]{8,})", "=", REDACT_SECRET, 1},
	{"jwt", "\\beyJ[A-Za-z0-9_\\-]{8,}+\\.[A-Za-z0-9_\\-]++(?:\\.[A-Za-z0-9_\\-]*+)?", "e",
	 REDACT_SECRET, 0},
	{"authorization",
	 "(?i)\\b(?:bearer|basic|digest)\\s++(?=[^\\s\"']{0,200}?[\\d=]|[^\\s\"']{20,})([A-Za-z0-9._~+/\\-]{6,}+=*+)",
	 NULL, REDACT_SECRET, 1},
	{"api_key",
	 "\\b(?:sk|pk|rk|key|whsec|ghp|gho|xox[abprs]|cal)[_\\-](?=[A-Za-z_\\-]*+(?:\\d[A-Za-z_\\-]*+){4})[A-Za-z0-9_\\-]{12,}+",
	 "0123456789", REDACT_SECRET, 0},
	{"aws_key", "\\bAKIA[0-9A-Z]{16}\\b", "A", REDACT_SECRET, 0},
	{"email",
	 "(?<![\\p{L}\\p{N}._+\\-%])(?:[\\p{L}\\p{N}._+\\-]|(?<=\\p{L})'(?=\\p{L})|%(?!40))++(?:@|%40)(?:[\\p{L}\\p{N}\\-]++\\.)+\\p{L}{2,}+",
	 "@%", REDACT_EMAIL, 0},
	{"iban", "\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\\b", "0123456789",
	 REDACT_IBAN, 0, iban_checksum},
	/* E.164, however grouped; 00 for + */
	{"phone_international",
	 "(?:(?<!\\d)(?:\\+|%2[Bb]|\\\\u002[Bb])|" NUMBER_START "\\(?00)" GAP "{0,2}[1-9](?:" GAP
	 "{0,3}\\d){6,14}+" NUMBER_END,
	 "0123456789", REDACT_PHONE, 0, phone_length},
	/* German, Austrian, Swiss national: an area code with its 0 */
	{"phone_national",
	 NUMBER_START "\\(?0[1-9]\\d{1,4}\\)?(?:" GAP "{0,3}\\d){4,10}" NUMBER_END, "0",
	 REDACT_PHONE, 0, phone_length},
	/* North American */
	{"phone_north_american",
	 NUMBER_START "(?:1" GAP ")?\\(?[2-9]\\d{2}\\)?" GAP "{1,2}[2-9]\\d{2}" GAP
		      "\\d{4}" NUMBER_END,
	 "0123456789", REDACT_PHONE, 0, phone_length},
	/* E.164 without its +, as providers' headers and databases have it */
	{"phone_digits",
	 NUMBER_START "(?:49(?:1[5-7]\\d|[2-9]\\d)|43\\d{3}|41\\d{2})\\d{6,9}" NUMBER_END, "4",
	 REDACT_PHONE, 0, phone_length},
};

static pcre2_match_context *limits;
static pcre2_match_data *match_data;

/* Once per process; a pattern that does not compile is a bug that every test sees. */
static int compile(void)
{
	int error;
	PCRE2_SIZE offset;

	if (match_data)
		return 0;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		struct pattern *p = &patterns[i];

		if (!p->code)
			p->code = pcre2_compile((PCRE2_SPTR)p->regex, PCRE2_ZERO_TERMINATED,
						PCRE2_UTF, &error, &offset, NULL);
		if (!p->code)
			return -EINVAL;
		pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	}
	limits = pcre2_match_context_create(NULL);
	if (!limits)
		return -ENOMEM;
	pcre2_set_match_limit(limits, 1000000);
	match_data = pcre2_match_data_create(8, NULL);
	return match_data ? 0 : -ENOMEM;
}

static bool has_any(const struct buffer *text, const char *needs)
{
	for (; *needs; needs++)
		if (memchr(text->data, *needs, text->size))
			return true;
	return false;
}

static int replace(const struct pattern *pattern, const struct buffer *text, struct buffer *out,
		   const struct redact_watch *watch)
{
	struct match match = {.text = (const char *)text->data};
	PCRE2_SIZE done = 0, from = 0;
	int r;

	for (;;) {
		r = pcre2_match(pattern->code, text->data, text->size, from, PCRE2_NO_UTF_CHECK,
				match_data, limits);
		if (r == PCRE2_ERROR_NOMATCH)
			break;
		if (r < 0)
			return -ENOBUFS;
		match.at = pcre2_get_ovector_pointer(match_data);
		match.kind = pattern->kind;
		match.group = 2 * pattern->group;
		from = match.at[1] > match.at[0] ? match.at[1] : match.at[1] + 1;
		if (pattern->valid && !pattern->valid(&match))
			continue;
		r = buffer_add(out, text->data + done, match.at[match.group] - done);
		if (r == 0)
			r = buffer_add_text(out, kind_token(match.kind));
		if (r < 0)
			return r;
		redact_watch_tell(watch, match.kind, pattern->name, match.at[match.group]);
		done = match.at[match.group + 1];
	}
	return done ? buffer_add(out, text->data + done, text->size - done) : 0;
}

int patterns_apply(struct buffer *text, const struct redact_watch *watch)
{
	int r = compile();

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns) && r == 0; i++) {
		_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;

		if (!text->size || (patterns[i].needs && !has_any(text, patterns[i].needs)))
			continue;
		r = replace(&patterns[i], text, &out, watch);
		if (r == 0 && out.size) {
			struct buffer old = *text;

			*text = out;
			out = old;
		}
	}
	return r;
}
