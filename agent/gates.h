/* SPDX-License-Identifier: MIT */
/*
 * What engines are known to do wrong where functions are observed: nothing of it is ours to mend,
 * and the hook, which is used without the JIT, is not concerned. A closed gate keeps the observer
 * out, so that only requests are recorded; any other is only told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What is around the agent. */
#define WITH_TRACING 0x01u /* the JIT is the tracing one */
#define WITH_HANDLES 0x02u /* observers' handles differ: PHP's functions, internal ones */
#define WITH_PRELOAD 0x04u /* opcache.preload */
#define WITH_LATE    0x08u /* this worker loaded an extension that others have not */
#define WITH_WORKERS 0x10u /* php-fpm's */

struct gate {
	const char *issue;    /* of php-src */
	uint32_t from, until; /* releases, 80236 for 8.2.36; `until`: the first without */
	unsigned with;	      /* WITH_*, each of which must be there */
	bool closed;
	const char *what;
	const char *remedy; /* of the user; observer = off is one always */
};

/* The first behind `after` that this release has to pass in these surroundings; NULL: the first of
 * all, or none. */
const struct gate *gate_next(const struct gate *after, uint32_t release, unsigned with);
/* Whether one of them is closed. */
bool gates_closed(uint32_t release, unsigned with);
