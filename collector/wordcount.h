/* SPDX-License-Identifier: MIT */
/*
 * How many words a text has, as people count them: what stands between spaces and dashes and has a
 * letter or a digit, so that "O'Neil-Weiß", "E-Mail-Adresse", "15:30" and an address are one each.
 * Of scripts that put no spaces between words, each of what Unicode's word boundaries tell apart.
 */
#pragma once

#include <stddef.h>

size_t word_count(const char *text);
