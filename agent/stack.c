/* SPDX-License-Identifier: MIT */
/* The PHP calls that led to an outbound one. */

#include "stack.h"

#include "functions.h"
#include "worker.h"

#define DEEPEST 1000 /* calls that are looked at */
#define MEMO	256

/* The same few calls of a framework lead to every query. What a function is called may be another's
 * memory later, so the parts are compared that make its number. */
static struct {
	const struct zop *opcodes;
	const struct zstr *name, *file;
	uint32_t line, ring_serial;
	uint32_t fn;
} memo[MEMO];

static uint32_t number_of(const struct zfunc *f, bool main)
{
	const struct zop *opcodes = ZAT(f, zend.at->fn_opcodes, const struct zop *);
	unsigned slot = (unsigned)((uintptr_t)opcodes >> 5) % MEMO;
	struct fn *fn;

	if (f->type == ZFUNC_INTERNAL) {
		fn = fn_named(f, false);
		return fn->id && fn_define(fn, f) ? fn->id : 0;
	}
	if (memo[slot].opcodes == opcodes && memo[slot].ring_serial == worker.ring_serial &&
	    memo[slot].name == f->name && memo[slot].file == zend_file(f) &&
	    memo[slot].line == zend_line(f))
		return memo[slot].fn;
	fn = fn_named(f, main);
	if (!fn->id || !fn_define(fn, f))
		return 0;
	memo[slot].opcodes = opcodes;
	memo[slot].name = f->name;
	memo[slot].file = zend_file(f);
	memo[slot].line = zend_line(f);
	memo[slot].ring_serial = worker.ring_serial;
	memo[slot].fn = fn->id;
	return fn->id;
}

/* Where the call stands in it. The opline of a frame that waits for a call is right; one that is
 * out of the function's code, as while the engine handles an exception, is not looked at. */
static uint32_t line_of(const struct zframe *frame)
{
	const struct zfunc *f = frame->func;
	const struct zop *first, *last;

	if (f->type == ZFUNC_INTERNAL)
		return 0;
	first = ZAT(f, zend.at->fn_opcodes, const struct zop *);
	last = first + ZAT(f, zend.at->fn_n_opcodes, uint32_t);
	return frame->opline >= first && frame->opline < last ? frame->opline->lineno
							      : zend_line(f);
}

static bool is_app(const struct zfunc *f)
{
	return f->type != ZFUNC_INTERNAL && fn_file_is_app(zend_file(f));
}

/* What the engine puts at the bottom of a fiber has no name. */
static bool is_call(const struct zframe *frame)
{
	return frame->func && (frame->func->type != ZFUNC_INTERNAL || frame->func->name);
}

void stack_take(struct stack *ret, const struct zframe *frame)
{
	const struct zframe *last = NULL;
	unsigned looked = 0, n = 0;

	ret->n = 0;
	for (frame = frame->prev; frame && looked < DEEPEST; frame = frame->prev, looked++) {
		if (!is_call(frame))
			continue;
		last = frame;
		n++;
		if (ret->n < STACK_SHOWN) {
			ret->call[ret->n].fn = number_of(frame->func, !frame->prev);
			ret->call[ret->n++].line = line_of(frame);
		}
		if (is_app(frame->func))
			break;
	}
	ret->omitted = n > STACK_SHOWN ? n - STACK_SHOWN - 1 : 0;
	if (n > STACK_SHOWN) {
		ret->call[ret->n].fn = number_of(last->func, !last->prev);
		ret->call[ret->n++].line = line_of(last);
	}
}

void stack_pack(struct pack *k, const struct stack *stack)
{
	pack_array(k, stack->n + !!stack->omitted);
	for (uint32_t i = 0; i < stack->n; i++) {
		if (stack->omitted && i + 1 == stack->n)
			pack_uint(k, stack->omitted);
		pack_array(k, 2);
		pack_uint(k, stack->call[i].fn);
		pack_uint(k, stack->call[i].line);
	}
}
