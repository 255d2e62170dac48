/* SPDX-License-Identifier: MIT */
/*
 * Where an outbound call goes, without what is secret.
 *
 * Each function writes at most `room` bytes to `ret` and returns how many; what does not fit is cut
 * off. `text` need not end with a NUL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A URL without its user info, the values of secret parameters of its query and fragment masked. */
size_t url_clean(char *ret, size_t room, const char *text, size_t n);
/* Of "Name: value" pairs as databases are named by, separated by semicolons or blanks
 * ("mysql:host=db;password=x", "host=db password='x y'"), or a URL: secret values masked. */
size_t dsn_clean(char *ret, size_t room, const char *text, size_t n);
/* The length of the scheme before "://", 0 where there is none. */
size_t url_scheme(const char *text, size_t n);
/* Whether the scheme is one of the words in `list`, separated and ended by blanks. */
bool url_scheme_is(const char *text, size_t n, const char *list);
