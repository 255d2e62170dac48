/* SPDX-License-Identifier: MIT */
/* Where exceptions are caught. */

#include "catches.h"

#include "exceptions.h"
#include "frame.h"

#include <string.h>

#define MAX_CHAIN 5

static bool exact; /* the opcodes tell */
static int (*next_catch)(struct zframe *);
static int (*next_discard)(struct zframe *);

static void write_catch(uint32_t number, uint32_t fn, uint32_t line)
{
	uint64_t now = clock_ticks();
	struct pack k;

	if (!frame_begin(&k, 64, RING_KEEP, 5, CT_FRAME_CATCH, now))
		return;
	pack_uint(&k, number);
	pack_uint(&k, fn);
	pack_uint(&k, line);
	frame_commit(&k, now);
}

static void caught(uint32_t fn, uint32_t line)
{
	write_catch(worker.lane.exception - 1, fn, line);
	worker.lane.exception = 0;
}

static uint32_t number_of(const struct zfunc *f, bool main)
{
	struct fn *fn = fn_named(f, main);

	return fn->id && fn_define(fn, f) ? fn->id : 0;
}

/* Nobody's frame: it left the program. One that a generator let out was caught by who resumed it or
 * by another one that delegates to it. */
static void caught_in_frame(const struct zframe *frame)
{
	if (!frame)
		worker.lane.exception = 0;
	else if (worker.lane.exception_delegated)
		caught(0, 0);
	else
		caught(number_of(frame->func, !frame->prev), frame->opline->lineno);
}

/* The class that a catch block names, if it was ever loaded: otherwise nothing can be one. */
static const struct zclass *class_of_catch(const struct zop *op)
{
	const struct zval *name = (const struct zval *)((const char *)op + (int32_t)op->op1);
	const struct zarr *classes = ZAT(zend.eg, zend.at->eg_classes, struct zarr *);
	const struct zval *found;

	/* Behind the name is its lower case. */
	found = zend.hash_find(classes, name[1].str->val, name[1].str->len);
	return found ? found->ptr : NULL;
}

static bool catches(const struct zop *op, const struct zobj *exception)
{
	const struct zclass *ce = class_of_catch(op);

	return ce && (exception->ce == ce || zend.instanceof_slow(exception->ce, ce));
}

/* With the ones that it took the place of on its way; those that were caught before it was thrown
 * are known to be. */
static int on_catch(struct zframe *frame)
{
	const struct zobj *exception = *worker.flying;

	if (worker.recording && exception && catches(frame->opline, exception)) {
		uint32_t fn = number_of(frame->func, !frame->prev);

		for (unsigned i = 0; exception && i < MAX_CHAIN; i++) {
			write_catch(exception->handle, fn, frame->opline->lineno);
			exception = exception_previous(exception);
		}
		worker.lane.exception = 0;
	}
	return next_catch ? next_catch(frame) : ZOP_DISPATCH;
}

/* A `finally` returns: the exception that it was to pass on is forgotten. */
static int on_discard(struct zframe *frame)
{
	const struct zval *var = (const struct zval *)((const char *)frame + frame->opline->op1);

	if (worker.recording && var->obj) {
		write_catch(var->obj->handle, number_of(frame->func, !frame->prev),
			    frame->opline->lineno);
		if (worker.lane.exception == var->obj->handle + 1)
			worker.lane.exception = 0;
	}
	return next_discard ? next_discard(frame) : ZOP_DISPATCH;
}

static void take_opcode(uint8_t opcode, int (*handler)(struct zframe *),
			int (**next)(struct zframe *))
{
	*next = zend.get_opcode_handler(opcode);
	zend.set_opcode_handler(opcode, handler);
}

void catches_install(enum mechanism mechanism)
{
	exact = mechanism == MECHANISM_HOOK && zend.set_opcode_handler && zend.get_opcode_handler &&
		zend.instanceof_slow;
	if (!exact)
		return;
	take_opcode(ZOP_CATCH, on_catch, &next_catch);
	take_opcode(ZOP_DISCARD_EXCEPTION, on_discard, &next_discard);
}

void catch_thrown(const struct zobj *obj)
{
	calls_flush();
	/* From where another one was caught, as far as can be told. */
	if (!exact && worker.lane.exception && worker.lane.exception != obj->handle + 1)
		caught_in_frame(zend_user_frame(zend_current_frame()));
	worker.lane.exception = obj->handle + 1;
	worker.lane.exception_depth = (uint32_t)(worker.lane.top - worker.lane.base);
	worker.lane.exception_delegated = false;
}

/* Of the object that is being destroyed: on the way, when the engine puts the exception aside, or
 * with the variables of who caught it. Which of the two is not to be told from in here. */
static bool is_destructor(const struct zframe *frame)
{
	const struct zclass *ce = frame->func->scope;

	return ce && ZAT(ce, zend.at->class_destructor, struct zfunc *) == frame->func;
}

void catch_seen_entering(const struct zframe *frame)
{
	if (exact || !worker.lane.exception || *worker.flying || is_destructor(frame))
		return;
	caught_in_frame(zend_user_frame(frame->prev));
}

void catch_seen_leaving(const struct open_call *call)
{
	uint32_t depth = (uint32_t)(call - worker.lane.base);
	const struct zobj *flying = *worker.flying;

	if (flying) {
		if (zend_exits(flying))
			return;
		/* It flies on, and may have been taken for caught in a `finally`. */
		worker.lane.exception = flying->handle + 1;
		worker.lane.exception_depth = depth;
		worker.lane.exception_delegated = call->fn->flags & CT_FN_GENERATOR;
	} else if (worker.lane.exception && worker.lane.exception_depth > depth) {
		/* It did not leave this call, which returns: somebody below it caught it. */
		caught(call->fn->ring_serial == worker.ring_serial ? call->fn->id : 0, 0);
	}
}
