/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "profile.h"
#include "record.h"
#include "rule-parts.h"
#include "trouble.h"

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

const char *const rule_types[] = {"function_error", "api_error", "validation_error", "system_error",
				  NULL};
static const char *const sources[] = {"worker_died",   "timeout",   "fatal",	   "exception",
				      "outbound",      "php_error", "http_status", "exit",
				      "disconnection", "answer",    "crash",	   NULL};

const struct php_type rule_php_types[] = {
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
	{0},
};

_Static_assert(sizeof(rule_php_types) / sizeof(*rule_php_types) <= PHP_TYPES_MAX, "raise it");

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

bool rule_number_range(const json_t *one, json_int_t *ret_from, json_int_t *ret_to)
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

	return rule_number_range(one, &from, &to) && *number >= from && *number <= to;
}

static bool fits_number(const json_t *wanted, json_int_t number)
{
	return number && any(wanted, one_number, &number);
}

static bool fits_flag(const json_t *wanted, bool flag)
{
	return json_is_true(wanted) == flag;
}

unsigned int rule_php_type(const char *name)
{
	for (const struct php_type *type = rule_php_types; name && type->name; type++)
		if (strcmp(type->name, name) == 0)
			return type->types;
	return 0;
}

static bool one_php_error(const json_t *one, const void *type)
{
	return rule_php_type(json_string_value(one)) & *(const unsigned int *)type;
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

const struct condition rule_conditions[] = {
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
	{"type", WORDS, rule_types, .of = OF_VERDICT, .decided = VERDICT_TYPE},
	{"code", GLOBS, .of = OF_VERDICT, .decided = VERDICT_CODE},
	{0},
};

_Static_assert(sizeof(rule_conditions) / sizeof(*rule_conditions) <= CONDITIONS_MAX, "raise it");

const struct condition *rule_condition(const char *name)
{
	for (const struct condition *c = rule_conditions; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
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
		const struct condition *condition = rule_condition(name);

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
	r = rule_check(rule, ret_problem);
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
