/* SPDX-License-Identifier: MIT */
/* The rules: how they are decided by. */

#include "rules.h"

#include "glob.h"

#include <string.h>

/* Changed when the same rules begin to mean something else. */
#define MEANING 1

const char *const rules_modes[] = {"off", "time", "args", NULL};
const char *const rules_profiles[] = {"default", "handlers", "everything", NULL};

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
	for (size_t i = 0; i < n; i++) /* FNV-1a */
		h = (h ^ ((const uint8_t *)data)[i]) * 0x100000001b3ull;
	return h;
}

static uint64_t hash_patterns(uint64_t h, const struct patterns *patterns)
{
	h = hash_bytes(h, &patterns->n, sizeof(patterns->n));
	for (unsigned i = 0; i < patterns->n; i++)
		h = hash_bytes(h, patterns->item[i], strlen(patterns->item[i]) + 1);
	return h;
}

void rules_seal(struct rules *rules, bool with_units)
{
	const uint32_t plain[] = {MEANING, rules->profile, rules->n, with_units};
	uint64_t h = hash_bytes(0xcbf29ce484222325ull, plain, sizeof(plain));

	for (unsigned i = 0; i < rules->n; i++) {
		const uint8_t rule[] = {rules->rule[i].mode, rules->rule[i].kind};

		h = hash_bytes(h, rule, sizeof(rule));
		h = hash_bytes(h, rules->rule[i].pattern, strlen(rules->rule[i].pattern) + 1);
	}
	h = hash_patterns(h, &rules->vendor);
	h = hash_patterns(h, &rules->handlers);
	if (with_units)
		h = hash_patterns(h, &rules->units);
	rules->with_units = with_units;
	rules->fingerprint = h ? h : 1;
}

bool rules_path_is_app(const struct rules *rules, const char *path, size_t len)
{
	for (unsigned i = 0; i < rules->vendor.n; i++)
		if (memmem(path, len, rules->vendor.item[i], strlen(rules->vendor.item[i])))
			return false;
	return len != 0;
}

/* Without `::` a pattern may be a class's as well: all of its methods. */
static bool matches_name(const char *pattern, const struct fn_names *names)
{
	const struct glob_text full = {names->class, names->name, names->class_len,
				       names->name_len};
	const struct glob_text class = {.name = names->class, .name_len = names->class_len};

	return glob_match(pattern, &full, GLOB_NAME) ||
	       (names->class_len && !strstr(pattern, "::") &&
		glob_match(pattern, &class, GLOB_NAME));
}

static bool matches_path(const char *pattern, const char *path, size_t len)
{
	return len &&
	       glob_match(pattern, &(struct glob_text){.name = path, .name_len = len}, GLOB_BELOW);
}

static bool matches_any(const struct patterns *patterns, const struct fn_names *names)
{
	for (unsigned i = 0; i < patterns->n; i++)
		if (matches_name(patterns->item[i], names))
			return true;
	return false;
}

static const struct rule *find(const struct rules *rules, const struct fn_names *names)
{
	for (unsigned i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->rule[i];

		if (rule->kind == RULE_NAME && matches_name(rule->pattern, names))
			return rule;
		if (rule->kind == RULE_PATH &&
		    matches_path(rule->pattern, names->file, names->file_len))
			return rule;
	}
	return NULL;
}

static enum fn_mode by_profile(const struct rules *rules, bool app, bool handler)
{
	if (rules->profile == PROFILE_HANDLERS)
		return app && handler ? FN_ARGS : FN_OFF;
	if (app)
		return FN_ARGS;
	return rules->profile == PROFILE_EVERYTHING ? FN_TIME : FN_OFF;
}

struct decision rules_decide(const struct rules *rules, const struct fn_names *names, bool app)
{
	const struct rule *rule = find(rules, names);
	bool handler = (app || rule) && matches_any(&rules->handlers, names);
	struct decision decision = {.rule = rule};

	decision.mode = rule ? rule->mode : by_profile(rules, app, handler);
	decision.unit = rules->with_units && matches_any(&rules->units, names);
	/* It is what a run is taken apart by. */
	if (decision.unit && decision.mode == FN_OFF)
		decision.mode = FN_TIME;
	decision.handler = handler && decision.mode != FN_OFF;
	return decision;
}

bool rules_decide_file(const struct rules *rules, const char *path, size_t len, enum fn_mode *ret)
{
	bool app = rules_path_is_app(rules, path, len), decided = false;
	unsigned possible = 0; /* bit by mode */

	if (rules->with_units && rules->units.n)
		return false;
	for (unsigned i = 0; i < rules->n && !decided; i++) {
		const struct rule *rule = &rules->rule[i];

		decided = rule->kind == RULE_PATH && matches_path(rule->pattern, path, len);
		if (decided || rule->kind == RULE_NAME)
			possible |= 1u << rule->mode;
		decided |= rule->kind == RULE_NAME && !strcmp(rule->pattern, "*");
	}
	if (!decided)
		possible |=
			1u << by_profile(rules, app, false) | 1u << by_profile(rules, app, true);
	*ret = (enum fn_mode)__builtin_ctz(possible);
	return !(possible & (possible - 1));
}

bool rules_have_internal(const struct rules *rules)
{
	for (unsigned i = 0; i < rules->n; i++)
		if (rules->rule[i].kind == RULE_INTERNAL)
			return true;
	return false;
}

enum fn_mode rules_decide_internal(const struct rules *rules, const struct fn_names *names,
				   enum fn_mode otherwise)
{
	for (unsigned i = 0; i < rules->n; i++)
		if (rules->rule[i].kind == RULE_INTERNAL &&
		    matches_name(rules->rule[i].pattern, names))
			return rules->rule[i].mode;
	return otherwise;
}
