/* SPDX-License-Identifier: MIT */
/*
 * What values.c, strings.c and objects.c share, which contain each other's values. Every *_put()
 * writes at `p`, where it has what is left of VALUES_SLACK behind the limit, and returns where it
 * ended.
 */
#pragma once

#include "pack.h"
#include "zend.h"

#include <calltrace/frame.h>

#define MAX_NAME   256	/* of a key, a class, a function */
#define MAX_PLACES 1024 /* of an array, holes and all, that are looked at beyond what is shown */
#define MAX_NESTED 17	/* settings: max_depth is at most 16 */

/* Of the frame that is written. */
struct encode {
	uint8_t *limit;		      /* nothing more is begun behind it */
	const void *open[MAX_NESTED]; /* arrays and objects around the value, by depth */
};

extern struct encode encode __attribute__((visibility("hidden")));

static inline bool encode_spent(const uint8_t *p)
{
	return p >= encode.limit;
}

/* Is it one of those around the value: does it contain itself? */
static inline bool encode_is_open(const void *nested, unsigned depth)
{
	while (depth)
		if (encode.open[--depth] == nested)
			return true;
	return false;
}

uint8_t *value_put(uint8_t *p, const struct zval *v, unsigned depth);
/* Under a name: masked if it is a secret's, but for a flag, which tells nobody anything. */
uint8_t *value_put_member(uint8_t *p, bool secret, const struct zval *v, unsigned depth);
/* The key of an array or of a dynamic property. */
uint8_t *value_put_key(uint8_t *p, const struct zstr *key, bool *ret_secret);
/* Any string; values.c has a shorter way for short ones while no text is hidden. */
uint8_t *string_put(uint8_t *p, const char *s, size_t n);
extern unsigned strings_hidden __attribute__((visibility("hidden")));
/* A string that is no secret and has no marker, of which `most` bytes are kept. */
uint8_t *value_put_name(uint8_t *p, const char *s, size_t n, size_t most);
/* {"@cut": what} and how many there were. */
uint8_t *value_put_cut(uint8_t *p, const char *what, uint64_t count);
uint8_t *value_put_secret(uint8_t *p);
