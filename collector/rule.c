/* SPDX-License-Identifier: MIT */
#include "rule.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "cleanup.h"
#include "profile.h"
#include "record.h"
#include "trouble.h"

#define LIST_MAX     64
#define GLOB_MAX     256
#define REGEX_MAX    1024
#define MATCH_LIMIT  100000 /* steps; a regex that needs more does not fit */
#define MATCH_HEAP   1024   /* KiB */
#define PREVIOUS_MAX 32

const char *const verdict_names[VERDICT_FIELDS] = {
	[VERDICT_CALL_TERMINATED] = "call_terminated",
	[VERDICT_BOOKING_FAILED] = "booking_failed",
	[VERDICT_TYPE] = "type",
	[VERDICT_CODE] = "code",
	[VERDICT_SEVERITY] = "severity",
};

struct rule {
	json_t *json; /* owned */
	const json_t *when, *then;
	pcre2_code *message;
	bool outbound; /* has conditions on one */
};

static const char *const types[] = {"function_error", "api_error", "validation_error",
				    "system_error", NULL};
static const char *const severities[] = {"low", "medium", "high", "critical", NULL};
static const char *const sources[] = {"worker_died",   "timeout",   "fatal",	   "exception",
				      "outbound",      "php_error", "http_status", "exit",
				      "disconnection", "answer",    NULL};

static const struct {
	const char *name;
	unsigned int types;
} php_types[] = {
	{"fatal", PHP_FATAL},
	{"warning", PHP_WARNING},
	{"notice", 8 | 1024 | 2048},
	{"deprecated", 8192 | 16384},
	{"E_ERROR", 1},
	{"E_WARNING", 2},
	{"E_PARSE", 4},
	{"E_NOTICE", 8},
	{"E_CORE_ERROR", 16},
	{"E_CORE_WARNING", 32},
	{"E_COMPILE_ERROR", 64},
	{"E_COMPILE_WARNING", 128},
	{"E_USER_ERROR", 256},
	{"E_USER_WARNING", 512},
	{"E_USER_NOTICE", 1024},
	{"E_STRICT", 2048},
	{"E_RECOVERABLE_ERROR", 4096},
	{"E_DEPRECATED", 8192},
	{"E_USER_DEPRECATED", 16384},
};

/* `*` is any text, `?` one byte; case does not count, as in PHP's names. */
static bool glob_fits(const char *glob, const char *text)
{
	const char *star = NULL, *again = NULL;

	while (*text) {
		if (*glob == '*') {
			star = ++glob;
			again = text;
		} else if (*glob == '?' ||
			   tolower((unsigned char)*glob) == tolower((unsigned char)*text)) {
			glob++;
			text++;
		} else if (star) {
			glob = star;
			text = ++again;
		} else {
			return false;
		}
	}
	return glob[strspn(glob, "*")] == 0;
}

/* One value, or a list of which any will do. */
static bool any(const json_t *wanted, bool (*fits)(const json_t *one, const void *what),
		const void *what)
{
	json_t *one;
	size_t i;

	if (!json_is_array(wanted))
		return fits(wanted, what);
	json_array_foreach (wanted, i, one)
		if (fits(one, what))
			return true;
	return false;
}

static bool one_glob(const json_t *one, const void *text)
{
	return glob_fits(json_string_value(one), text);
}

static bool fits_glob(const json_t *wanted, const char *text)
{
	return text && any(wanted, one_glob, text);
}

static bool number_range(const json_t *one, json_int_t *ret_from, json_int_t *ret_to)
{
	const char *text = json_string_value(one);
	int n = 0;

	*ret_from = *ret_to = json_integer_value(one);
	if (json_is_integer(one))
		return *ret_from >= 0;
	return text && strlen(text) < 24 &&
	       sscanf(text, "%9" JSON_INTEGER_FORMAT "-%9" JSON_INTEGER_FORMAT "%n", ret_from,
		      ret_to, &n) == 2 &&
	       !text[n] && *ret_from >= 0 && *ret_from <= *ret_to;
}

static bool one_number(const json_t *one, const void *what)
{
	const json_int_t *number = what;
	json_int_t from, to;

	return number_range(one, &from, &to) && *number >= from && *number <= to;
}

static bool fits_number(const json_t *wanted, json_int_t number)
{
	return number && any(wanted, one_number, &number);
}

static bool fits_flag(const json_t *wanted, bool flag)
{
	return json_is_true(wanted) == flag;
}

static unsigned int php_type(const char *name)
{
	for (size_t i = 0; name && i < sizeof(php_types) / sizeof(*php_types); i++)
		if (strcmp(php_types[i].name, name) == 0)
			return php_types[i].types;
	return 0;
}

static bool one_php_error(const json_t *one, const void *type)
{
	return php_type(json_string_value(one)) & *(const unsigned int *)type;
}

static bool fits_function(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	_cleanup_(json_decrefp) json_t *base = base_name(f->function ?: "");

	return fits_glob(wanted, f->function) ||
	       (f->function && fits_glob(wanted, json_string_value(base)));
}

static bool fits_provider(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_glob(wanted, f->provider);
}

static bool fits_source(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_glob(wanted, f->source);
}

static bool fits_exception(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	const json_t *exception = f->cause;

	for (unsigned int n = 0; json_is_object(exception) && n < PREVIOUS_MAX; n++) {
		if (fits_glob(wanted, get_text(exception, "class")))
			return true;
		exception = json_object_get(exception, "previous");
	}
	return false;
}

static bool fits_message(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int r = PCRE2_ERROR_NOMEMORY;

	if (limits && data && f->message) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		pcre2_set_heap_limit(limits, MATCH_HEAP);
		r = pcre2_match(rule->message, (PCRE2_SPTR)f->message, PCRE2_ZERO_TERMINATED, 0, 0,
				data, limits);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	return r >= 0;
}

static bool fits_http(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_number(wanted, f->http_status);
}

static bool fits_php_error(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	json_t *error;
	size_t i;

	json_array_foreach (f->php_errors, i, error) {
		unsigned int type = (unsigned int)get_int(error, "type");

		if (any(wanted, one_php_error, &type))
			return true;
	}
	return false;
}

static bool fits_reason(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_glob(wanted, f->disconnection_reason);
}

static bool fits_response_code(const struct rule *rule, const json_t *wanted,
			       const struct failure *f)
{
	return fits_glob(wanted, f->response_code);
}

/* null: it is null, or not there. */
static bool fits_response(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	const char *path;
	json_t *value;

	json_object_foreach ((json_t *)wanted, path, value) {
		const json_t *found = json_at(f->response, path);

		if (json_is_null(value) ? found != NULL : !json_equal(found, value))
			return false;
	}
	return true;
}

static bool fits_handled(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_flag(wanted, f->handled);
}

static bool fits_booking(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_flag(wanted, f->booking);
}

static bool fits_terminated(const struct rule *rule, const json_t *wanted, const struct failure *f)
{
	return fits_flag(wanted, f->terminated);
}

enum shape {
	GLOBS,
	NUMBERS,
	WORDS,
	FLAG,
	REGEX,
	POINTERS,
};

static const struct condition {
	const char *name;
	enum shape shape;
	const char *const *words; /* of WORDS; NULL: those of php_types */
	/* NULL: of an outbound call, or of what was decided before. */
	bool (*fits)(const struct rule *rule, const json_t *wanted, const struct failure *f);
	enum { OF_FAILURE, OF_OUTBOUND, OF_VERDICT } of;
	enum verdict_field decided;
} conditions[] = {
	{"function", GLOBS, .fits = fits_function},
	{"provider", GLOBS, .fits = fits_provider},
	{"source", WORDS, sources, fits_source},
	{"exception", GLOBS, .fits = fits_exception},
	{"message", REGEX, .fits = fits_message},
	{"http_status", NUMBERS, .fits = fits_http},
	{"php_error", WORDS, .fits = fits_php_error},
	{"disconnection_reason", GLOBS, .fits = fits_reason},
	{"response_code", GLOBS, .fits = fits_response_code},
	{"response", POINTERS, .fits = fits_response},
	{"handled", FLAG, .fits = fits_handled},
	{"booking", FLAG, .fits = fits_booking},
	{"terminated", FLAG, .fits = fits_terminated},
	{"outbound_method", GLOBS, .of = OF_OUTBOUND},
	{"outbound_url", GLOBS, .of = OF_OUTBOUND},
	{"outbound_status", NUMBERS, .of = OF_OUTBOUND},
	{"outbound_error", NUMBERS, .of = OF_OUTBOUND},
	{"recovered", FLAG, .of = OF_OUTBOUND},
	{"call_terminated", FLAG, .of = OF_VERDICT, .decided = VERDICT_CALL_TERMINATED},
	{"booking_failed", FLAG, .of = OF_VERDICT, .decided = VERDICT_BOOKING_FAILED},
	{"type", WORDS, types, .of = OF_VERDICT, .decided = VERDICT_TYPE},
	{"code", GLOBS, .of = OF_VERDICT, .decided = VERDICT_CODE},
};

#define CONDITIONS (sizeof(conditions) / sizeof(*conditions))

static const struct condition *condition_named(const char *name)
{
	for (size_t i = 0; i < CONDITIONS; i++)
		if (strcmp(conditions[i].name, name) == 0)
			return &conditions[i];
	return NULL;
}

/* All conditions on an outbound call must hold of the same one. */
static bool fits_outbound(const struct rule *rule, const json_t *call)
{
	const json_t *method = json_object_get(rule->when, "outbound_method");
	const json_t *url = json_object_get(rule->when, "outbound_url");
	const json_t *status = json_object_get(rule->when, "outbound_status");
	const json_t *error = json_object_get(rule->when, "outbound_error");
	const json_t *recovered = json_object_get(rule->when, "recovered");

	return (!method || fits_glob(method, get_text(call, "method"))) &&
	       (!url || fits_glob(url, get_text(call, "url"))) &&
	       (!status || fits_number(status, get_int(call, "status"))) &&
	       (!error || fits_number(error, get_int(call, "error"))) &&
	       (!recovered ||
		fits_flag(recovered, json_is_true(json_object_get(call, "recovered"))));
}

static bool find_outbound(const struct rule *rule, const json_t *list, const json_t **ret)
{
	for (size_t i = json_array_size(list); i > 0; i--) {
		const json_t *call = json_array_get(list, i - 1);

		if (rule->outbound && !fits_outbound(rule, call))
			continue;
		*ret = call;
		return true;
	}
	*ret = NULL;
	return !rule->outbound;
}

static bool fits_decided(const struct condition *condition, const json_t *wanted,
			 const json_t *verdict)
{
	const json_t *decided = json_object_get(verdict, condition->name);

	return condition->shape == FLAG ? fits_flag(wanted, json_is_true(decided))
					: fits_glob(wanted, json_string_value(decided));
}

bool rule_fits(const struct rule *rule, const struct failure *failure, const json_t *verdict,
	       const json_t **ret_outbound)
{
	const char *name;
	json_t *wanted;

	json_object_foreach ((json_t *)rule->when, name, wanted) {
		const struct condition *condition = condition_named(name);

		if (condition->of == OF_FAILURE && !condition->fits(rule, wanted, failure))
			return false;
		if (condition->of == OF_VERDICT && !fits_decided(condition, wanted, verdict))
			return false;
	}
	return find_outbound(rule, failure->outbound, ret_outbound);
}

const json_t *rule_says(const struct rule *rule, enum verdict_field field)
{
	return json_object_get(rule->then, verdict_names[field]);
}

/* What is wrong with a value: what is allowed. NULL: nothing. */

static bool good_glob(const json_t *one, const void *unused)
{
	return json_string_length(one) && json_string_length(one) <= GLOB_MAX;
}

static bool good_number(const json_t *one, const void *unused)
{
	json_int_t from, to;

	return number_range(one, &from, &to);
}

static bool good_word(const json_t *one, const void *words)
{
	const char *text = json_string_value(one);

	if (!words)
		return php_type(text);
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
	const char *names[sizeof(php_types) / sizeof(*php_types) + 1] = {0};

	for (size_t i = 0; i < sizeof(php_types) / sizeof(*php_types); i++)
		names[i] = php_types[i].name;
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
	const struct condition *condition = condition_named(name);
	const char *names[CONDITIONS + 1] = {0};

	for (size_t i = 0; i < CONDITIONS; i++)
		names[i] = conditions[i].name;
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
		"{response_code}", "{exit_status}", "{disconnection_reason}",
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
					"{response_code}, {exit_status} and {disconnection_reason} "
					"may stand");
	if (strcmp(name, "type") == 0)
		return good_word(value, types) ? NULL : join("must be one of ", types, "");
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

static int check(struct rule *rule, char **ret_problem)
{
	const char *name;
	json_t *value;
	char *what;

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

CLEANUP_DEFINE(struct rule *, rule_free);

int rule_new(struct rule **ret, json_t *json, char **ret_problem)
{
	_cleanup_(rule_freep) struct rule *rule = calloc(1, sizeof(*rule));
	int r;

	if (!rule)
		return -ENOMEM;
	rule->json = json_incref(json);
	rule->when = json_object_get(json, "when");
	rule->then = json_object_get(json, "then");
	if (!json_is_object(json))
		return fail(ret_problem, "it", "", strdup("must be an object"));
	r = check(rule, ret_problem);
	if (r < 0)
		return r;
	*ret = steal(&rule);
	return 0;
}

void rule_free(struct rule *rule)
{
	if (!rule)
		return;
	pcre2_code_free(rule->message);
	json_decref(rule->json);
	free(rule);
}
