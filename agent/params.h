/* SPDX-License-Identifier: MIT */
/* A request's FastCGI parameters as a PARAMS frame, without what is secret. */
#pragma once

#include "fastcgi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `data` holds name-value pairs as they came; what is no whole pair at the end is left out. Returns
 * CONTENT_LENGTH, 0 where there is none. */
uint64_t params_write(const uint8_t *data, size_t n);
/* The pair of that name; false, and `ret` untouched, where there is none. */
bool params_get(const uint8_t *data, size_t n, const char *name, struct fastcgi_pair *ret);
