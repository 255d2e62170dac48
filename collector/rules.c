/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "record.h"
#include "rules-builtin.h"

#define RULES_MAX 1000
#define CODE_MAX  128

struct rules {
	struct rule **list;
	size_t count;
};

CLEANUP_DEFINE(struct rules *, rules_close);

void rules_close(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		rule_free(rules->list[i]);
	free(rules->list);
	free(rules);
}

static int say(char **ret, const char *path, const char *what)
{
	if (asprintf(ret, "%s: %s", path, what) < 0)
		*ret = NULL;
	return -EINVAL;
}

static int add(struct rules *rules, const json_t *list, const char *path, char **ret_problem)
{
	struct rule **grown = reallocarray(rules->list, rules->count + json_array_size(list) + 1,
					   sizeof(*rules->list));
	json_t *json;
	size_t i;

	if (!grown)
		return -ENOMEM;
	rules->list = grown;
	json_array_foreach (list, i, json) {
		_cleanup_(freep) char *problem = NULL;
		int r = rule_new(&rules->list[rules->count], json, &problem);

		if (r == -EINVAL &&
		    asprintf(ret_problem, "%s: rule %zu: %s", path, i + 1, problem) < 0)
			*ret_problem = NULL;
		if (r < 0)
			return r;
		rules->count++;
	}
	return 0;
}

static int read_file(struct rules *rules, const char *path, char **ret_problem)
{
	json_error_t error;
	_cleanup_(json_decrefp) json_t *json = NULL;
	_cleanup_(freep) char *what = NULL;
	const char *name;
	json_t *value;

	errno = 0;
	json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!json && json_error_code(&error) == json_error_cannot_open_file)
		return errno ? -errno : -ENOENT;
	if (!json && asprintf(&what, "line %d is no JSON: %s", error.line, error.text) < 0)
		return -ENOMEM;
	if (!json)
		return say(ret_problem, path, what);
	json_object_foreach (json, name, value)
		if (strcmp(name, "rules") != 0)
			return say(ret_problem, path, "beside \"rules\" nothing may stand in it");
	value = json_object_get(json, "rules");
	if (!json_is_array(value) || json_array_size(value) > RULES_MAX)
		return say(ret_problem, path,
			   "must be {\"rules\": […]}, a list of at most 1000 rules");
	return add(rules, value, path, ret_problem);
}

int rules_open(struct rules **ret, const char *path, char **ret_problem)
{
	_cleanup_(rules_closep) struct rules *rules = calloc(1, sizeof(*rules));
	_cleanup_(json_decrefp) json_t *builtin =
		json_loadb((const char *)rules_default, sizeof(rules_default), 0, NULL);
	int r = rules && builtin ? 0 : -ENOMEM;

	if (r == 0 && path)
		r = read_file(rules, path, ret_problem);
	if (r == 0)
		r = add(rules, json_object_get(builtin, "rules"), "(built-in)", ret_problem);
	if (r < 0)
		return r;
	*ret = steal(&rules);
	return 0;
}

const struct rules *rules_builtin(void)
{
	static struct rules *rules;
	_cleanup_(freep) char *problem = NULL;

	if (!rules)
		rules_open(&rules, NULL, &problem);
	return rules;
}

static json_t *number_text(int64_t number)
{
	return number ? json_sprintf("%lld", (long long)number) : json_null();
}

static json_t *class_short(const json_t *cause)
{
	const char *class = get_text(cause, "class"), *last = strrchr(class, '\\');

	return *class ? json_string(last ? last + 1 : class) : json_null();
}

static json_t *known_text(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* What may stand in a code; null where it is not known. */
static json_t *words_for(const struct failure *failure, const json_t *outbound)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "exception",
		class_short(failure->cause), "http_status", number_text(failure->http_status),
		"outbound_status", number_text(get_int(outbound, "status")), "outbound_error",
		number_text(get_int(outbound, "error")), "response_code",
		known_text(failure->response_code), "exit_status",
		number_text(failure->exit_status), "disconnection_reason",
		known_text(failure->disconnection_reason), "signal", known_text(failure->signal));
}

/* NULL: something that it needs is not known. */
static json_t *code_of(const char *pattern, const struct failure *failure, const json_t *outbound)
{
	_cleanup_(json_decrefp) json_t *words = words_for(failure, outbound);
	_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;

	while (*pattern) {
		size_t n = strcspn(pattern, "{"), m;
		const char *word;
		char name[32];

		buffer_add(&out, pattern, n);
		pattern += n;
		if (!*pattern)
			break;
		m = strcspn(pattern, "}");
		snprintf(name, sizeof(name), "%.*s", (int)m - 1, pattern + 1);
		word = json_string_value(json_object_get(words, name));
		if (!word || !*word)
			return NULL;
		buffer_add_text(&out, word);
		pattern += m + 1;
	}
	return record_cut((const char *)out.data, out.size, CODE_MAX);
}

static json_t *value_of(const struct rule *rule, enum verdict_field field,
			const struct failure *failure, const json_t *verdict)
{
	const json_t *says = rule_says(rule, field), *outbound = NULL;

	if (!says || !rule_fits(rule, failure, verdict, &outbound))
		return NULL;
	return field == VERDICT_CODE ? code_of(json_string_value(says), failure, outbound)
				     : json_incref((json_t *)says);
}

json_t *rules_judge(const struct rules *rules, const struct failure *failure)
{
	json_t *verdict =
		json_pack("{s:s, s:s, s:s, s:b, s:b}", "code", "", "type", "function_error",
			  "severity", "medium", "booking_failed", 0, "call_terminated", 0);

	for (unsigned int field = 0; field < VERDICT_FIELDS; field++) {
		json_t *value = NULL;

		for (size_t i = 0; i < rules->count && !value; i++)
			value = value_of(rules->list[i], field, failure, verdict);
		if (value)
			json_object_set_new(verdict, verdict_names[field], value);
	}
	return verdict;
}
