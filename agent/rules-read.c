/* SPDX-License-Identifier: MIT */
/* The rules: how they are read, and what cannot be meant by one. */

#include "rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)

static bool wrong(struct problem *ret, const char *what, const char *about)
{
	ret->what = what;
	ret->about = about;
	return false;
}

/* PHP's own names, and what globs are made of. `{closure:/srv/x.php:12}` has what others have not.
 */
static bool check_name(char *text, struct problem *ret)
{
	static const char *const kinds[] = {"path:", "internal:", NULL};
	size_t word = strcspn(text, ":");

	if (!*text)
		return wrong(ret, "a pattern is missing", NULL);
	if (text[strcspn(text, " \t\"'")])
		return wrong(ret,
			     "names have no blanks, patterns no quotes; a comment stands on a "
			     "line of its own",
			     text);
	if (strchr(text, '{'))
		return true;
	if (strstr(text, "\\\\"))
		return wrong(ret, "namespaces are separated by one \\", text);
	if (strstr(text, "->"))
		return wrong(ret, "between class and method stands ::", text);
	if (strpbrk(text, "()"))
		return wrong(ret, "functions are named without ()", text);
	if (strchr(text, '/'))
		return wrong(ret, "a path is written path:/…", text);
	if (text[word] && text[word + 1] != ':') {
		ret->known = kinds;
		text[word + 1] = 0;
		return wrong(ret, "neither class nor function has one colon in its name", text);
	}
	return true;
}

static bool check_path(const char *path, struct problem *ret)
{
	if (*path != '/' && *path != '*' && !strstr(path, "://"))
		return wrong(ret, "a path begins with / or *", path);
	if (strstr(path, "/../") || strstr(path, "/./"))
		return wrong(ret, "PHP has resolved . and .. where paths are compared", path);
	return true;
}

/* As in use and ::class, where PHP takes no leading \ for one either. */
static char *plain(char *name)
{
	return *name == '\\' && name[1] ? name + 1 : name;
}

static bool append(struct patterns *patterns, const char *text, struct problem *ret)
{
	char *copy = patterns->n < PATTERNS_MAX ? strdup(text) : NULL;

	if (!copy)
		return wrong(ret, "too many: there is no place for more than " TEXT(PATTERNS_MAX),
			     text);
	patterns->item[patterns->n++] = copy;
	return true;
}

bool patterns_add_name(struct patterns *patterns, char *text, struct problem *ret)
{
	return check_name(text, ret) && append(patterns, plain(text), ret);
}

bool patterns_add_part(struct patterns *patterns, char *text, struct problem *ret)
{
	if (!*text)
		return wrong(ret, "every path has an empty part: all would be vendor code", NULL);
	return append(patterns, text, ret);
}

static bool parse_mode(const char *word, enum fn_mode *ret)
{
	for (unsigned i = 0; rules_modes[i]; i++) {
		if (strcmp(word, rules_modes[i]) != 0)
			continue;
		*ret = (enum fn_mode)i;
		return true;
	}
	return false;
}

static bool parse_pattern(struct rule *rule, char *text, struct problem *ret)
{
	rule->kind = RULE_NAME;
	if (!strncmp(text, "path:", 5)) {
		rule->kind = RULE_PATH;
		rule->pattern = text + 5;
		return check_path(rule->pattern, ret);
	}
	if (!strncmp(text, "internal:", 9)) {
		rule->kind = RULE_INTERNAL;
		text += 9;
	}
	rule->pattern = plain(text);
	return check_name(text, ret);
}

bool rules_add(struct rules *rules, char *text, unsigned line, struct problem *ret)
{
	struct rule rule = {.line = line};
	size_t word = strcspn(text, " \t");
	char *pattern = text + word;

	while (isspace((unsigned char)*pattern))
		*pattern++ = 0;
	if (!parse_mode(text, &rule.mode)) {
		ret->known = rules_modes;
		return wrong(ret, "a rule is off, time or args, then a pattern", text);
	}
	if (!parse_pattern(&rule, pattern, ret))
		return false;
	pattern = rule.pattern;
	rule.pattern = rules->n < RULES_MAX ? strdup(pattern) : NULL;
	if (!rule.pattern)
		return wrong(ret,
			     "too many: there is no place for more than " TEXT(RULES_MAX) " rules",
			     pattern);
	rules->rule[rules->n++] = rule;
	return true;
}
