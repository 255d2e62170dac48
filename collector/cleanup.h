/* SPDX-License-Identifier: MIT */
/*
 * Locals that clean up after themselves. Build in one, hand it over with steal() in the last lines:
 *
 *	_cleanup_(json_decrefp) json_t *record = json_object();
 *	…
 *	*ret = steal(&record);
 *
 * CLEANUP_DEFINE(FILE *, fclose) makes fclosep(), to name here, from a destructor.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((__cleanup__(fn)))

#define CLEANUP_DEFINE(type, fn)                                  \
	__attribute__((unused)) static inline void fn##p(type *p) \
	{                                                         \
		if (*p)                                           \
			fn(*p);                                   \
	}                                                         \
	struct cleanup_needs_a_semicolon

#define steal(p)                                \
	({                                      \
		__auto_type steal_p = (p);      \
		__auto_type steal_v = *steal_p; \
		*steal_p = NULL;                \
		steal_v;                        \
	})

CLEANUP_DEFINE(FILE *, fclose);

/* Of any pointer from malloc(). */
static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
