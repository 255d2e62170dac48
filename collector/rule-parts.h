/* SPDX-License-Identifier: MIT */
/*
 * What a rule is made of, for the file that applies rules and the one that checks them.
 */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rule.h"

struct rule {
	json_t *json; /* owned */
	const json_t *when, *then;
	pcre2_code *message;
	bool outbound; /* has conditions on one */
};

enum shape {
	GLOBS,
	NUMBERS,
	WORDS,
	FLAG,
	REGEX,
	POINTERS,
};

struct condition {
	const char *name;
	enum shape shape;
	const char *const *words; /* of WORDS; NULL: those of rule_php_types */
	/* NULL: of an outbound call, or of what was decided before. */
	bool (*fits)(const struct rule *rule, const json_t *wanted, const struct failure *f);
	enum { OF_FAILURE, OF_OUTBOUND, OF_VERDICT } of;
	enum verdict_field decided;
};

struct php_type {
	const char *name;
	unsigned int types; /* E_* of PHP */
};

/* All end with an entry of zeros. */
extern const struct condition rule_conditions[];
extern const struct php_type rule_php_types[];
extern const char *const rule_types[];

#define CONDITIONS_MAX 32
#define PHP_TYPES_MAX  32

const struct condition *rule_condition(const char *name);
/* Its bits; 0: there is none of that name. */
unsigned int rule_php_type(const char *name);
/* A number, or "500-599". */
bool rule_number_range(const json_t *one, json_int_t *ret_from, json_int_t *ret_to);

/* Is it one that can be applied? Compiles its regex. -EINVAL as rule_new(). */
int rule_check(struct rule *rule, char **ret_problem);
