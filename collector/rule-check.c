/* SPDX-License-Identifier: MIT */
/*
 * Is a rule one that can be applied? What is wrong is said with what is allowed.
 */
#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "rule-parts.h"

#define LIST_MAX  64
#define GLOB_MAX  256
#define REGEX_MAX 1024

static const char *const severities[] = {"low", "medium", "high", "critical", NULL};
/* What is wrong with a value: what is allowed. NULL: nothing. */

static bool good_glob(const json_t *one, const void *unused)
{
	return json_string_length(one) && json_string_length(one) <= GLOB_MAX;
}

static bool good_number(const json_t *one, const void *unused)
{
	json_int_t from, to;

	return rule_number_range(one, &from, &to);
}

static bool good_word(const json_t *one, const void *words)
{
	const char *text = json_string_value(one);

	if (!words)
		return rule_php_type(text);
	for (const char *const *word = words; text && *word; word++)
		if (strcmp(*word, text) == 0)
			return true;
	return false;
}

static bool all_good(const json_t *value, bool (*good)(const json_t *one, const void *what),
		     const void *what)
{
	json_t *one;
	size_t i;

	if (!json_is_array(value))
		return good(value, what);
	json_array_foreach (value, i, one)
		if (!good(one, what))
			return false;
	return i && i <= LIST_MAX;
}

static char *join(const char *before, const char *const *words, const char *after)
{
	struct buffer out = BUFFER_INIT;

	buffer_add_text(&out, before);
	for (size_t i = 0; words[i]; i++) {
		buffer_add_text(&out, i ? ", " : "");
		buffer_add_text(&out, words[i]);
	}
	buffer_add_text(&out, after);
	return buffer_steal_text(&out);
}

static char *bad_words(const char *const *words)
{
	const char *names[PHP_TYPES_MAX] = {0};

	for (size_t i = 0; rule_php_types[i].name; i++)
		names[i] = rule_php_types[i].name;
	return join("must be one of, or a list of ", words ?: names, "");
}

static char *bad_regex(struct rule *rule, const json_t *value)
{
	const char *text = json_string_value(value);
	PCRE2_UCHAR said[128] = "";
	PCRE2_SIZE offset;
	char *problem = NULL;
	int error;

	if (!text || !*text || json_string_length(value) > REGEX_MAX)
		return strdup("must be a regular expression (PCRE2) of 1 to 1024 bytes");
	rule->message = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &offset, NULL);
	if (rule->message)
		return NULL;
	pcre2_get_error_message(error, said, sizeof(said));
	if (asprintf(&problem, "is no regular expression: %s, at byte %zu", (const char *)said,
		     offset) < 0)
		return NULL;
	return problem;
}

static bool good_pointers(const json_t *value)
{
	const char *path;
	json_t *wanted;

	json_object_foreach ((json_t *)value, path, wanted)
		if (*path != '/' || json_is_object(wanted) || json_is_array(wanted))
			return false;
	return json_object_size(value);
}

static char *bad_value(struct rule *rule, const struct condition *condition, const json_t *value)
{
	switch (condition->shape) {
	case GLOBS:
		return all_good(value, good_glob, NULL)
			       ? NULL
			       : strdup("must be a text of 1 to 256 bytes, in which * is any text "
					"and ? one byte, or a list of at most 64 such");
	case NUMBERS:
		return all_good(value, good_number, NULL)
			       ? NULL
			       : strdup("must be a number, a range such as \"500-599\", or a list "
					"of at most 64 such");
	case WORDS:
		return all_good(value, good_word, condition->words) ? NULL
								    : bad_words(condition->words);
	case FLAG:
		return json_is_boolean(value) ? NULL : strdup("must be true or false");
	case REGEX:
		return bad_regex(rule, value);
	default:
		return good_pointers(value)
			       ? NULL
			       : strdup("must be an object of pointers such as \"/error/code\" and "
					"what must be there: a text, a number, true, false, or "
					"null for nothing");
	}
}

static bool sets_before(const struct rule *rule, enum verdict_field decided)
{
	for (unsigned int i = 0; i <= decided; i++)
		if (rule_says(rule, i))
			return true;
	return false;
}

static char *bad_condition(struct rule *rule, const char *name, const json_t *value)
{
	const struct condition *condition = rule_condition(name);
	const char *names[CONDITIONS_MAX] = {0};

	for (size_t i = 0; rule_conditions[i].name; i++)
		names[i] = rule_conditions[i].name;
	if (!condition)
		return join("is no condition; these are: ", names, "");
	if (condition->of == OF_VERDICT && sets_before(rule, condition->decided)) {
		return join("is decided after what this rule sets; the order is ",
			    (const char *const[]){"call_terminated", "booking_failed", "type",
						  "code", "severity", NULL},
			    "");
	}
	if (condition->of == OF_OUTBOUND)
		rule->outbound = true;
	return bad_value(rule, condition, value);
}

static bool good_code(const json_t *value)
{
	static const char *const names[] = {
		"{exception}",	   "{http_status}", "{outbound_status}",      "{outbound_error}",
		"{response_code}", "{exit_status}", "{disconnection_reason}", "{signal}",
	};
	const char *text = json_string_value(value);

	if (!text || !*text || strlen(text) > 64)
		return false;
	while ((text = strpbrk(text, "{}"))) {
		size_t i = 0, n = sizeof(names) / sizeof(*names);

		while (i < n && strncmp(text, names[i], strlen(names[i])) != 0)
			i++;
		if (i == n)
			return false;
		text += strlen(names[i]);
	}
	return true;
}

static char *bad_result(const char *name, const json_t *value)
{
	if (strcmp(name, "code") == 0)
		return good_code(value)
			       ? NULL
			       : strdup("must be a text of 1 to 64 bytes, in which {exception}, "
					"{http_status}, {outbound_status}, {outbound_error}, "
					"{response_code}, {exit_status}, {disconnection_reason} "
					"and {signal} may stand");
	if (strcmp(name, "type") == 0)
		return good_word(value, rule_types) ? NULL
						    : join("must be one of ", rule_types, "");
	if (strcmp(name, "severity") == 0)
		return good_word(value, severities) ? NULL
						    : join("must be one of ", severities, "");
	if (strcmp(name, "booking_failed") == 0 || strcmp(name, "call_terminated") == 0)
		return json_is_boolean(value) ? NULL : strdup("must be true or false");
	return strdup("is nothing that a rule sets; these are: code, type, severity, "
		      "booking_failed, call_terminated");
}

static int fail(char **ret_problem, const char *section, const char *name, char *what)
{
	int r = asprintf(ret_problem, "%s%s%s: %s", section, *name ? "." : "", name,
			 what ? what : "no memory");

	free(what);
	if (r < 0)
		*ret_problem = NULL;
	return -EINVAL;
}

int rule_check(struct rule *rule, char **ret_problem)
{
	const char *name;
	json_t *value;
	char *what;

	if (!json_is_object(rule->json))
		return fail(ret_problem, "it", "", strdup("must be an object"));
	json_object_foreach (rule->json, name, value)
		if (strcmp(name, "when") != 0 && strcmp(name, "then") != 0 &&
		    strcmp(name, "comment") != 0)
			return fail(ret_problem, name, "",
				    strdup("is no part of a rule; these are: when, then, comment"));
	if (rule->when && !json_is_object(rule->when))
		return fail(ret_problem, "when", "", strdup("must be an object of conditions"));
	if (!json_object_size(rule->then))
		return fail(ret_problem, "then", "",
			    strdup("must be an object that sets something"));
	json_object_foreach ((json_t *)rule->then, name, value) {
		what = bad_result(name, value);
		if (what)
			return fail(ret_problem, "then", name, what);
	}
	json_object_foreach ((json_t *)rule->when, name, value) {
		what = bad_condition(rule, name, value);
		if (what)
			return fail(ret_problem, "when", name, what);
	}
	return 0;
}
