/* SPDX-License-Identifier: MIT */
/*
 * Internal functions that talk to the outside: databases, HTTP, other processes. Their handlers are
 * replaced in place, once a process, which costs the other internal functions nothing.
 *
 * Which they are stands in tables, one for each kind, beside what is noted of them (note.h).
 */
#pragma once

#include "zend.h"

#include <stdbool.h>
#include <stdint.h>

/* Before the first script is compiled: what is compiled may keep a handler's address. */
void outbound_install(void);

/* --- for the tables */

/* What is done beside recording the call. Each may be NULL. All keep errno, run no PHP code, and
 * look at arguments that nobody has checked yet. */
struct outbound_role {
	/* False: this call stays inside, or is not worth recording. */
	bool (*concerns)(const struct zframe *frame);
	/* Just before: a note. NULL: one with just the kind. */
	void (*before)(const struct zframe *frame, const char *kind);
	/* Just after, where no exception flies; of a recorded call. */
	void (*after)(const struct zframe *frame, const struct zval *result);
	/* What this call tells of later ones, recorded or not. False as a result: it failed. */
	void (*learn)(const struct zframe *frame, const struct zval *result);
	/* Of OUTBOUND_ARGS, bits of the arguments that must not be recorded; any: nor the result.
	 */
	uint64_t (*secret)(const struct zframe *frame);
	/* Of a table's "*": false where a method of the class is not meant. */
	bool (*method)(const char *name);
};

enum outbound_record {
	OUTBOUND_ARGS,	 /* arguments and the result */
	OUTBOUND_RESULT, /* no arguments: the note says what matters */
	OUTBOUND_TIME,	 /* nor the result */
	OUTBOUND_SILENT, /* no call: only what the role does */
};

struct outbound {
	const char *class; /* lower case, as the engine keeps them; NULL: a function */
	const char *name;  /* "*": each public method of the class itself; NULL ends a table */
	const char *kind;
	const struct outbound_role *role;
	enum outbound_record record;
	uint64_t secret; /* of OUTBOUND_ARGS, bits of those never recorded */
};

#define OUTBOUND_ONLY(n) (~0ull << (n)) /* of the arguments, the first n are recorded */

extern const struct outbound outbound_http[], outbound_streams[], outbound_db[], outbound_cache[],
	outbound_processes[];

/* An internal function by its lower-case name, or NULL. */
struct zfunc *outbound_find(const char *class, const char *name);
/* Calls one that runs no PHP code, on `obj` or NULL. The result is the caller's, to be dropped;
 * Z_UNDEF where there is no such function or an exception flies. */
struct zval outbound_ask(struct zfunc *f, struct zobj *obj, uint32_t n, const struct zval *args);
/* The i-th argument without references, or one that is Z_UNDEF. */
const struct zval *outbound_arg(const struct zframe *frame, uint32_t i);
/* The i-th argument of a function, or, called as a method, the one before that: where functions
 * have an object first that methods are called on. */
const struct zval *outbound_arg_behind(const struct zframe *frame, uint32_t i);
/* Which object a method is called on, or a function has for its first argument; NULL: none. */
struct zobj *outbound_object(const struct zframe *frame);
