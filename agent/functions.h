/* SPDX-License-Identifier: MIT */
/*
 * Functions by number. A rule decides once how a function is captured; the answer is kept for the
 * life of the process. How it is found again at each call: marks.h.
 */
#pragma once

#include "rules.h"
#include "worker.h"
#include "zend.h"

#include <stdbool.h>
#include <stdint.h>

struct fn {
	uint32_t id;	      /* 0: has none */
	uint32_t ring_serial; /* of the ring in which it is defined */
	uint32_t timed;	      /* the same, where nothing but its time is recorded; else 0 */
	uint8_t mode;
	bool keep;	      /* a handler: may use the ring's reserve */
	bool unit;	      /* a call of it is a request of its own (run.h) */
	bool lends_result;    /* a discarded result cannot be an object: it may be looked at */
	uint16_t flags;	      /* CT_FN_* */
	uint64_t secret_args; /* bit i: the i-th argument must never be recorded */
	const char *kind;
	const struct zclass *scope; /* by which it was decided; may be gone */
	uint64_t class_hash;
	struct fn *next;
	uint64_t hash;
	uint32_t line;
	char names[]; /* class, name, file; each with its NUL */
};

extern struct fn fn_off __attribute__((visibility("hidden")));

#define FN_IDS 65536
extern struct fn *fn_by_id[FN_IDS] __attribute__((visibility("hidden")));

/* How a PHP function is captured. Never NULL. */
struct fn *fn_decide(const struct zfunc *f, bool main);
/* It is off, whatever becomes of it. */
bool fn_is_off(const struct zfunc *f);

/* Nothing but its time is recorded, and this ring knows it. */
static inline bool fn_is_timed(const struct fn *fn)
{
	return fn->timed == worker.ring_serial;
}

/* The same for an internal function, always captured. */
struct fn *fn_for_internal(const struct zfunc *f, const char *kind);
/* A number for a function whatever its rule, for where an exception was caught. */
struct fn *fn_named(const struct zfunc *f, bool main);
/* Writes the FUNCTION frame if this ring does not have it yet. False: no room. */
bool fn_define(struct fn *fn, const struct zfunc *f);
/* Whether a file holds application code. */
bool fn_file_is_app(const struct zstr *file);
