/* SPDX-License-Identifier: MIT */
/*
 * How a function is found again at each of its calls.
 *
 * What was decided of it is kept where it is: every script that is compiled passes by here, and a
 * mark is left in the slot of `reserved` that the engine gave us. What opcache keeps of it goes to
 * other workers and, with a file cache, to other processes: a mark says by whom, and one that is
 * not understood counts for nothing. What has no mark, without opcache, is looked up.
 */
#pragma once

#include "functions.h"

#define FN_MARKS (1u << 16)

struct fn_marks {
	size_t at;	     /* of the mark in a zend_op_array; 0: there are none */
	uint64_t off;	     /* the mark of a function that is off under these rules */
	uint64_t ours;	     /* the first of FN_MARKS marks that this php-fpm gives */
	uint64_t shared;     /* behind them; of code of several functions: a trait's, a closure's */
	struct fn **by_mark; /* of this process; FN_MARKS */
	uint16_t *timed;     /* the number of the function while fn_is_timed(), else 0 */
	const struct zclass **scopes; /* of those; where the code is shared, it is in this class */
};

extern struct fn_marks fn_marks __attribute__((visibility("hidden")));

/* Before the first script is compiled. */
void marks_install(void);

/* There is a new ring, which knows no function. */
void marks_forget_timed(void);

/* Without a mark, or without one that this process knows. */
struct fn *fn_find(const struct zframe *frame);

/* Of shared code, the function in this class. */
static inline bool fn_is_of(const struct fn *fn, const struct zclass *scope)
{
	return fn->scope == scope && (!scope || fn->class_hash == scope->name->hash);
}

/* A timed function was found by its mark: is it found faster the next time? */
void fn_found_timed(const struct zfunc *f, uint64_t mark, const struct fn *fn);

/* The number of a function that was; else 0. */
static inline uint32_t fn_timed(const struct zfunc *f, uint64_t mark)
{
	uint64_t n = mark - fn_marks.ours;

	if (n >= 2 * FN_MARKS || (n & FN_MARKS && f->scope != fn_marks.scopes[mark % FN_MARKS]))
		return 0;
	return fn_marks.timed[mark % FN_MARKS];
}

static inline uint64_t fn_mark(const struct zfunc *f)
{
	return ZAT(f, fn_marks.at, uint64_t);
}

/* The same, when the mark is known. */
static inline struct fn *fn_by_mark(const struct zframe *frame, uint64_t mark)
{
	uint64_t whose = mark & ~(FN_MARKS - 1ull);
	struct fn *fn;

	if (whose != fn_marks.ours && whose != fn_marks.shared)
		return fn_find(frame);
	fn = fn_marks.by_mark[mark % FN_MARKS];
	if (!fn)
		return fn_find(frame);
	if (whose == fn_marks.shared && !(fn_is_of(fn, frame->func->scope) && frame->prev))
		return fn_find(frame);
	return fn;
}

/* How a PHP function is captured. Never NULL. */
static inline struct fn *fn_of(const struct zframe *frame)
{
	uint64_t mark = fn_mark(frame->func);

	return mark == fn_marks.off ? &fn_off : fn_by_mark(frame, mark);
}
