/* SPDX-License-Identifier: MIT */
/*
 * Globs: `*` for any characters, `?` for one, `[a-z]` and `[!a-z]` for one of some. Bytes, in every
 * locale the same (fnmatch(3) asks the one that the application has set), and nothing is allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What is matched, in two parts so that nobody needs to put them together: `class::name`, or `name`
 * alone where there is no class. Neither needs a NUL. */
struct glob_text {
	const char *class, *name;
	size_t class_len, name_len;
};

enum glob_how {
	GLOB_EXACT, /* a path as it is written */
	GLOB_NAME,  /* as PHP compares names: ASCII letters in either case are the same */
	GLOB_BELOW, /* like EXACT; what lies in a folder that matches does, too */
};

bool glob_match(const char *pattern, const struct glob_text *text, enum glob_how how);
