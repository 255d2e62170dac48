/* SPDX-License-Identifier: MIT */
/*
 * What a unit test says with. A failed check prints where and what, and ends the program: a test is
 * one plain program whose main() calls its cases in order.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond)                                                                \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

/* Shows both integers. Errors are negative errno: CHECK_INT(store_open(…), 0). */
#define CHECK_INT(a, b)                                                                        \
	do {                                                                                   \
		long long check_a = (a), check_b = (b);                                        \
		if (check_a != check_b) {                                                      \
			fprintf(stderr, "%s:%d: %s: %lld, not %lld\n", __FILE__, __LINE__, #a, \
				check_a, check_b);                                             \
			exit(1);                                                               \
		}                                                                              \
	} while (0)

/* NULL equals only NULL. */
#define CHECK_STR(a, b)                                                                            \
	do {                                                                                       \
		const char *check_a = (a), *check_b = (b);                                         \
		if (check_a != check_b &&                                                          \
		    (!check_a || !check_b || strcmp(check_a, check_b) != 0)) {                     \
			fprintf(stderr, "%s:%d: %s: \"%s\", not \"%s\"\n", __FILE__, __LINE__, #a, \
				check_a ? check_a : "(null)", check_b ? check_b : "(null)");       \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)
