/* SPDX-License-Identifier: MIT */
/*
 * The rules: how much of a function is recorded. agent.conf(5) documents them.
 *
 * The first rule that matches decides; where none does, the profile, by whether the file is the
 * application's. What is decided depends on nothing but the rules and on a function's class, name
 * and file: the methods of a trait, one code in several classes, may be decided differently.
 *
 * Everything is allocated when the settings are read. Nothing here knows the engine, so that
 * calltrace-agent-check(8) runs the same code.
 */
#pragma once

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULES_MAX    256
#define PATTERNS_MAX 64

/* How a function is captured. */
enum fn_mode { FN_OFF, FN_TIME, FN_ARGS };

/* What a function is known by. Empty where there is none, never NULL; none needs a NUL. */
struct fn_names {
	const char *class, *name, *file;
	size_t class_len, name_len, file_len;
	uint32_t line; /* of the definition, by which nothing is decided */
};

enum rule_kind {
	RULE_NAME,     /* a glob of functions, classes or methods */
	RULE_PATH,     /* a glob of files or folders */
	RULE_INTERNAL, /* a glob of internal functions or methods, of which no other rule speaks */
};

struct rule {
	enum fn_mode mode;
	enum rule_kind kind;
	unsigned line;
	char *pattern;
};

/* What is decided where no rule does. */
enum rules_profile {
	PROFILE_DEFAULT,    /* the application's: args; others: off */
	PROFILE_HANDLERS,   /* the application's handlers: args; all else: off */
	PROFILE_EVERYTHING, /* the application's: args; others: time */
};

struct patterns {
	char *item[PATTERNS_MAX];
	unsigned n;
};

struct rules {
	enum rules_profile profile;
	struct rule rule[RULES_MAX];
	unsigned n;
	struct patterns vendor;	  /* parts of paths: what contains one is not the application's */
	struct patterns handlers; /* globs of names, like those of rules */
	struct patterns units;	  /* the same */
	bool with_units;	  /* in php-cli alone */
	uint64_t fingerprint;
};

struct decision {
	enum fn_mode mode;
	bool handler;		 /* may use the ring's reserve */
	bool unit;		 /* each call of it is a request of its own */
	const struct rule *rule; /* NULL: the profile decided */
};

/* Adds what stands behind `rule =`, which is taken apart. False: `ret` says what is wrong; its line
 * is left alone. */
bool rules_add(struct rules *rules, char *text, unsigned line, struct problem *ret);
/* The same for a glob of `handler` and `unit`, and for a part of a path. */
bool patterns_add_name(struct patterns *patterns, char *text, struct problem *ret);
bool patterns_add_part(struct patterns *patterns, char *text, struct problem *ret);
/* After the last was added: whether units count is decided, and the fingerprint follows. */
void rules_seal(struct rules *rules, bool with_units);

/* By enum fn_mode and enum rules_profile, ended by NULL. */
extern const char *const rules_modes[];
extern const char *const rules_profiles[];

bool rules_path_is_app(const struct rules *rules, const char *path, size_t len);
/* `app`: of the function's file, as above. */
struct decision rules_decide(const struct rules *rules, const struct fn_names *names, bool app);
/* True when each function of the file is captured the same way, whatever its class and name. */
bool rules_decide_file(const struct rules *rules, const char *path, size_t len, enum fn_mode *ret);
/* The same for an internal function or method, whose handler must be swapped to see it: `otherwise`
 * where no rule speaks of it. Whoever has swapped those that are recorded without a rule needs
 * to look at the others only if rules_have_internal(). */
bool rules_have_internal(const struct rules *rules);
enum fn_mode rules_decide_internal(const struct rules *rules, const struct fn_names *names,
				   enum fn_mode otherwise);

/* Equal only where everything is decided alike, in whatever process. Never 0. */
static inline uint64_t rules_fingerprint(const struct rules *rules)
{
	return rules->fingerprint;
}
