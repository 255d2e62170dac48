/* SPDX-License-Identifier: MIT */
/* Where exceptions are caught. */

#include "catches.h"

#include "exceptions.h"
#include "frame.h"

#include <string.h>

#define MAX_CHAIN 5
#define MAX_LOOK  64 /* frames */

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

static uint32_t depth_now(void)
{
	return (uint32_t)(worker.lane.top - worker.lane.base);
}

static void drop(uint32_t number)
{
	struct lane *lane = &worker.lane;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < lane->n_thrown; i++)
		if (lane->thrown[i].number != number)
			lane->thrown[kept++] = lane->thrown[i];
	lane->n_thrown = kept;
}

/* What it was thrown after goes where it goes. */
static void add(const struct zobj *exception, uint32_t depth)
{
	struct lane *lane = &worker.lane;
	uint32_t numbers[MAX_CHAIN];
	unsigned n = 0;

	for (; exception && n < MAX_CHAIN; exception = exception_previous(exception))
		numbers[n++] = exception->handle;
	while (n) {
		drop(numbers[--n]);
		if (lane->n_thrown == MAX_THROWN)
			drop(lane->thrown[0].number);
		lane->thrown[lane->n_thrown++] =
			(struct thrown){.number = numbers[n], .depth = depth};
	}
}

/* Whether there are any that are not put aside in a function further out than `depth`. */
static bool is_thrown_at(uint32_t depth)
{
	struct lane *lane = &worker.lane;

	return lane->n_thrown && lane->thrown[lane->n_thrown - 1].depth >= depth;
}

static void caught(uint32_t depth, uint32_t fn, uint32_t line)
{
	struct lane *lane = &worker.lane;

	while (is_thrown_at(depth))
		write_catch(lane->thrown[--lane->n_thrown].number, fn, line);
}

static uint32_t number_of(const struct zfunc *f, bool main)
{
	struct fn *fn = fn_named(f, main);

	return fn->id && fn_define(fn, f) ? fn->id : 0;
}

/* Nobody's frame: it left the program. */
static void caught_in_frame(uint32_t depth, const struct zframe *frame)
{
	if (!frame)
		while (is_thrown_at(depth))
			worker.lane.n_thrown--;
	else if (worker.lane.delegated)
		caught(depth, 0, 0);
	else
		caught(depth, number_of(frame->func, !frame->prev), frame->opline->lineno);
}

/* The frame runs a `finally`, behind which the exception flies on; or it is on its way out, and
 * this is a destructor. */
static bool holds_one_aside(const struct zframe *frame)
{
	const char *file_at = (const char *)frame->func + zend.at->fn_file;
	const struct ztry *tries = ZAT(file_at, -ZFN_TRIES_AT_BACK, const struct ztry *);
	const struct zop *ops = ZAT(frame->func, zend.at->fn_opcodes, const struct zop *);
	size_t op = (size_t)(frame->opline - ops);
	int n = ZAT(file_at, -ZFN_TRIES_BACK, int);

	if (frame->opline->opcode == ZOP_HANDLE_EXCEPTION)
		return true;
	for (int i = 0; i < n; i++) {
		const struct ztry *t = &tries[i];
		const struct zval *aside;

		if (!t->finally_op || op < t->finally_op || op >= t->finally_end)
			continue;
		/* The variable of the opcode that ends it. */
		aside = (const struct zval *)((const char *)frame + ops[t->finally_end].op1);
		if (aside->obj)
			return true;
	}
	return false;
}

/* In what runs, out to the innermost recorded call. */
static bool is_aside(struct zframe *frame)
{
	uintptr_t recorded = worker.lane.top[-1].key;

	for (unsigned i = 0; frame && i < MAX_LOOK; i++) {
		if (holds_one_aside(frame))
			return true;
		if ((uintptr_t)frame == recorded)
			break;
		frame = zend_user_frame(frame->prev);
	}
	return false;
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
static void caught_exactly(const struct zobj *exception, const struct zframe *frame)
{
	uint32_t fn = number_of(frame->func, !frame->prev);

	for (unsigned i = 0; exception && i < MAX_CHAIN; i++) {
		write_catch(exception->handle, fn, frame->opline->lineno);
		drop(exception->handle);
		exception = exception_previous(exception);
	}
}

static int on_catch(struct zframe *frame)
{
	const struct zobj *exception = *worker.flying;

	if (worker.recording && exception && catches(frame->opline, exception))
		caught_exactly(exception, frame);
	return next_catch ? next_catch(frame) : ZOP_DISPATCH;
}

/* A `finally` returns: the exception that it was to pass on is forgotten. */
static int on_discard(struct zframe *frame)
{
	const struct zval *var = (const struct zval *)((const char *)frame + frame->opline->op1);

	if (worker.recording && var->obj)
		caught_exactly(var->obj, frame);
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
	uint32_t depth = depth_now();

	calls_flush();
	if (!exact && is_thrown_at(depth)) {
		struct zframe *frame = zend_user_frame(zend_current_frame());

		/* From where another one was caught, or this one before. */
		if (!is_aside(frame))
			caught_in_frame(depth, frame);
	}
	add(obj, depth);
	worker.lane.delegated = false;
}

/* Of the object that is being destroyed: on the way, when the engine puts the exception aside,
 * which not every PHP shows at the caller, or with the variables of who caught it. */
static bool is_destructor(const struct zframe *frame)
{
	const struct zclass *ce = frame->func->scope;

	return ce && ZAT(ce, zend.at->class_destructor, struct zfunc *) == frame->func;
}

void catch_look_entering(const struct zframe *frame)
{
	uint32_t depth = depth_now();
	struct zframe *caller;

	if (exact || !is_thrown_at(depth))
		return;
	if (*worker.flying) {
		/* Into a generator, from one that it delegates to. */
		if (frame->func->flags & ZFN_GENERATOR && !zend_exits(*worker.flying)) {
			add(*worker.flying, depth + 1);
			worker.lane.delegated = false;
		}
		return;
	}
	if (is_destructor(frame))
		return;
	caller = zend_user_frame(frame->prev);
	if (!is_aside(caller))
		caught_in_frame(depth, caller);
}

/* Behind a generator that is resumed for another one stands a frame of nothing. */
static bool is_delegated_to(const struct open_call *call)
{
	const struct zframe *frame = (const struct zframe *)call->key;

	return !exact && fn_by_id[call->fn]->flags & CT_FN_GENERATOR && frame->prev &&
	       !frame->prev->func;
}

void catch_seen_leaving(const struct open_call *call)
{
	uint32_t depth = (uint32_t)(call - worker.lane.base);
	const struct zobj *flying = *worker.flying;

	if (!flying) {
		/* None left this call: it, or what it called, caught them. */
		caught(depth + 1, call->fn, 0);
	} else if (!zend_exits(flying)) {
		add(flying, depth);
		worker.lane.delegated = is_delegated_to(call);
	}
}
