/* SPDX-License-Identifier: MIT */
/*
 * Comparisons as people read them.
 */
#pragma once

#include <jansson.h>

#include "options.h"
#include "text.h"

/* Of functions or times: a document of compare_facts() with "label" in "a" and "b". 0 or -ENOMEM.
 */
int comparison_print_facts(const struct options *options, const json_t *comparison);
/* Of two calls: a document of chains_compare(). 0 or -ENOMEM. */
int comparison_print_calls(const struct options *options, const json_t *comparison);
