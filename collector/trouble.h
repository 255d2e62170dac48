/* SPDX-License-Identifier: MIT */
/*
 * What went wrong among a request's PHP calls: exceptions, PHP errors, outbound calls that failed.
 * Redacted, and bounded in number and bytes: what explains most is kept first, what is left out is
 * counted.
 */
#pragma once

#include "tree.h"

/* At most so many of each, and so many bytes of JSON. */
#define TROUBLE_EXCEPTIONS	 50
#define TROUBLE_EXCEPTIONS_BYTES (128u << 10)
#define TROUBLE_EXCEPTION_BYTES	 (32u << 10) /* of one; its text and trace are cut first */
#define TROUBLE_PHP_ERRORS	 50
#define TROUBLE_PHP_ERRORS_BYTES (64u << 10)
#define TROUBLE_OUTBOUND	 50
#define TROUBLE_OUTBOUND_BYTES	 (64u << 10)

/* E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_USER_ERROR, E_RECOVERABLE_ERROR */
#define PHP_FATAL (1 | 4 | 16 | 64 | 256 | 4096)
/* E_WARNING, E_CORE_WARNING, E_COMPILE_WARNING, E_USER_WARNING */
#define PHP_WARNING (2 | 32 | 128 | 512)
/* Without the engine's own marks, such as E_DONT_BAIL. */
#define PHP_TYPES 0x7fff

/* {"exceptions": […], "cause": a place in them or null, "telling": [places], "php_errors": […],
 * "outbound": […], "dropped": {"exceptions": n, "php_errors": n, "outbound": n}}; docs/store.md has
 * the members. NULL: no memory. */
json_t *trouble_build(const struct request *request, const struct functions *functions,
		      struct redact *redact);
