/* SPDX-License-Identifier: MIT */
/*
 * Function calls.
 *
 * The engine calls zend_execute_ex for every PHP function when it has been replaced, and so nests
 * on the C stack. Where little of that is left, or in a fiber, which has a small stack of its own,
 * the hook puts the original back for the duration of the call: what runs below is not seen, and
 * cannot overflow.
 */

#include "calls.h"

#include "exceptions.h"
#include "frame.h"
#include "outbound.h"
#include "run.h"
#include "values.h"

#include <pthread.h>

/* C stack that is left to php itself, to libraries and to signal handlers. */
#define STACK_MARGIN (512u << 10)

static zend_execute_fn next_execute;
static uintptr_t stack_low, stack_size; /* of the main stack, the margin taken off */
static struct zobj *const *flying;	/* EG(exception) */

static void find_stack(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	stack_size = 0; /* unknown: nothing is traced */
	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &low, &size) == 0 && size > 2 * STACK_MARGIN) {
		stack_low = (uintptr_t)low + STACK_MARGIN;
		stack_size = size - STACK_MARGIN;
	}
	pthread_attr_destroy(&attr);
}

/* Frames of calls that a bailout jumped over: their stack lies below ours and is gone. */
static void unwind(uintptr_t sp)
{
	struct pack k;

	while (worker.depth && worker.open[worker.depth - 1].sp <= sp) {
		uint64_t now = clock_ticks();

		worker.depth--;
		if (!frame_begin(&k, 32, RING_FRAME, 3, CT_FRAME_LEAVE, now))
			continue;
		pack_uint(&k, CT_LEAVE_UNWOUND);
		frame_commit(&k, now);
	}
}

/* Arguments and a result: not the code of a file, nor a generator that is resumed. */
static bool has_values(const struct fn *fn, const struct zframe *frame)
{
	return fn->mode == FN_ARGS && !(frame->This.type_info & (ZCALL_CODE | ZCALL_GENERATOR));
}

static bool pack_enter(const struct fn *fn, const struct zframe *frame, uint64_t secret, bool args,
		       uint64_t now)
{
	size_t want = args ? worker.settings.max_call_bytes + VALUES_SLACK : 32;
	struct pack k;

	if (!frame_begin(&k, want, fn->keep ? RING_KEEP : RING_DETAIL, args ? 4 : 3, CT_FRAME_ENTER,
			 now))
		return false;
	pack_uint(&k, fn->id);
	if (args) {
		values_begin(&k);
		values_pack_args(&k, frame, secret);
	}
	return frame_commit(&k, now);
}

void call_enter(struct call *call, struct fn *fn, const struct zframe *frame, uint64_t secret,
		uintptr_t sp)
{
	uint64_t now = clock_ticks();
	bool args = has_values(fn, frame);

	if (__builtin_expect(now >= worker.nudge_at, 0))
		run_nudge(now);

	call->request = worker.request;
	call->recorded = false;
	unwind(sp);
	if (worker.depth == WORKER_DEPTH) {
		ring_lose(&worker.ring, CT_LOST_DEEP, 1);
		return;
	}
	if (worker.calls >= worker.settings.max_calls) {
		ring_lose(&worker.ring, CT_LOST_CALLS, 1);
		return;
	}
	if (!fn_define(fn, frame->func))
		return;
	if (!pack_enter(fn, frame, secret, args, now)) {
		if (!args || !pack_enter(fn, frame, secret, false, now)) {
			ring_lose(&worker.ring, CT_LOST_CALLS, 1);
			return;
		}
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
	}
	worker.open[worker.depth++].sp = sp;
	worker.calls++;
	call->recorded = true;
}

static enum ct_leave how_left(const struct zobj *exception, const struct fn *fn)
{
	if (!exception)
		return fn->flags & CT_FN_GENERATOR ? CT_LEAVE_YIELD : CT_LEAVE_RETURN;
	if (zend.is_unwind_exit(exception) || zend.is_graceful_exit(exception))
		return CT_LEAVE_EXIT;
	return CT_LEAVE_EXCEPTION;
}

static bool pack_leave(const struct fn *fn, enum ct_leave how, const struct zobj *exception,
		       const struct zval *result, uint64_t now)
{
	size_t want = result ? worker.settings.max_call_bytes + VALUES_SLACK : 64;
	struct pack k;

	/* An entry was recorded: its end is as important as a request's. */
	enum ring_priority priority = !result ? RING_FRAME : fn->keep ? RING_KEEP : RING_DETAIL;
	unsigned elements = result || how == CT_LEAVE_EXCEPTION ? 4 : how ? 3 : 2;

	if (!frame_begin(&k, want, priority, elements, CT_FRAME_LEAVE, now))
		return false;
	if (result || how)
		pack_uint(&k, how);
	if (how == CT_LEAVE_EXCEPTION) {
		pack_uint(&k, exception->handle);
	} else if (result) {
		values_begin(&k);
		value_pack(&k, result);
	}
	return frame_commit(&k, now);
}

void call_leave(const struct call *call, const struct fn *fn, const struct zval *result)
{
	uint64_t now = clock_ticks();
	const struct zobj *exception = zend_exception();
	enum ct_leave how = how_left(exception, fn);

	if (!call->recorded || call->request != worker.request)
		return;
	worker.depth--;
	if (how != CT_LEAVE_RETURN)
		result = NULL;
	if (pack_leave(fn, how, exception, result, now))
		return;
	ring_lose(&worker.ring, result ? CT_LOST_VALUES : CT_LOST_CALLS, 1);
	if (result)
		pack_leave(fn, how, exception, NULL, now);
}

/* What happens to few calls stays out of the hook, which then needs two registers and little stack.
 */
#define RARE __attribute__((noinline, cold))

/* After a call with an exception in flight, before it or now. `f` NULL: the function may be gone.
 */
static RARE void exception_passed(struct fn *fn, const struct zfunc *f, uint32_t request)
{
	if (worker.recording && request == worker.request)
		exception_seen_exit(fn, f);
}

/* A closure ends with its call. */
static const struct zfunc *lasting(const struct zfunc *f)
{
	return f->flags & ZFN_CLOSURE ? NULL : f;
}

/* Runs a call with the result lent where the caller wants none and nothing could be destroyed late
 * by it. */
static __attribute__((noinline)) void run_recorded(struct zframe *frame, struct fn *fn,
						   uintptr_t sp)
{
	struct zval lent = {.type_info = Z_UNDEF};
	struct zval *result = frame->return_value;
	const struct zfunc *f = lasting(frame->func);
	bool plain = has_values(fn, frame);
	struct call call;

	call_enter(&call, fn, frame, fn->secret_args, sp);
	if (!plain || !call.recorded) {
		result = NULL;
	} else if (!result && fn->lends_result) {
		result = &lent;
		frame->return_value = &lent;
	}
	next_execute(frame);
	call_leave(&call, fn, result);
	if (result == &lent && lent.type == Z_STRING)
		zend.zval_drop(&lent);
	if (worker.exception || *flying)
		exception_passed(fn, f, call.request);
}

static void execute_hook(struct zframe *frame);

static RARE void run_unseen(struct zframe *frame)
{
	*zend.execute_ex = next_execute;
	if (worker.recording)
		ring_lose(&worker.ring, CT_LOST_DEEP, 1);
	next_execute(frame);
	*zend.execute_ex = execute_hook;
}

static RARE struct fn *decide(struct zframe *frame)
{
	struct fn *fn;

	outbound_install();
	fn = fn_for(frame);
	frame->run_time_cache[zend.handle] = fn;
	return fn;
}

/* While an exception is in flight, or just caught: what the destructor throws and catches is its
 * own affair. */
static RARE void run_destructor(struct zframe *frame, struct fn *fn, uintptr_t sp)
{
	uint32_t aside = worker.exception, request = worker.request;
	const struct zfunc *f = frame->func;

	worker.exception = 0;
	if (fn->mode == FN_OFF)
		next_execute(frame);
	else
		run_recorded(frame, fn, sp);
	if (request != worker.request)
		return;
	if (worker.exception || *flying)
		exception_passed(fn, f, request);
	if (!*flying)
		worker.exception = aside;
}

/* Nothing is recorded. Does that change with this call? */
static RARE bool begins(struct zframe *frame)
{
	struct fn *fn;

	if (frame->func->flags & ZFN_TRAMPOLINE)
		return false;
	if (worker.run_waits)
		return run_begin();
	if (!worker.run_pauses)
		return false;
	fn = frame->run_time_cache[zend.handle];
	return (fn ? fn : decide(frame))->unit;
}

static RARE void run_unit(struct zframe *frame, struct fn *fn, uintptr_t sp)
{
	bool begun = run_unit_begin(fn);
	uint32_t request = worker.request;

	if (worker.recording)
		run_recorded(frame, fn, sp);
	else
		next_execute(frame);
	/* Not in a child that was forked in between; and an exit's status is the unit's. */
	if (begun && request == worker.request && how_left(zend_exception(), fn) != CT_LEAVE_EXIT)
		run_unit_end();
}

static void execute_hook(struct zframe *frame)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	const struct zfunc *f = frame->func;
	struct fn *fn;

	if (__builtin_expect(sp - stack_low >= stack_size, 0)) {
		run_unseen(frame);
		return;
	}
	if (__builtin_expect(!worker.recording || f->flags & ZFN_TRAMPOLINE, 0) && !begins(frame)) {
		next_execute(frame);
		return;
	}
	fn = frame->run_time_cache[zend.handle];
	if (__builtin_expect(!fn, 0))
		fn = decide(frame);
	if (__builtin_expect(worker.exception != 0, 0) && exception_seen_entry(frame)) {
		run_destructor(frame, fn, sp);
		return;
	}
	if (__builtin_expect(fn->mode != FN_OFF, 0)) {
		if (__builtin_expect(fn->unit, 0))
			run_unit(frame, fn, sp);
		else
			run_recorded(frame, fn, sp);
		return;
	}
	f = lasting(f);
	next_execute(frame);
	if (__builtin_expect(worker.exception || *flying, 0))
		exception_passed(&fn_off, f, worker.request);
}

/* Nothing is traced inside fibers: they have C stacks of their own, too small to nest calls on. */
static void fiber_switched(void *from, void *to)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	/* Called on the stack that is left: when that is the main one, a fiber is entered. */
	if (sp - stack_low < stack_size) {
		if (worker.recording)
			ring_lose(&worker.ring, CT_LOST_FIBERS, 1);
		if (*zend.execute_ex == execute_hook)
			*zend.execute_ex = next_execute;
	} else if (*zend.execute_ex == next_execute) {
		*zend.execute_ex = execute_hook;
	}
}

void calls_install(void)
{
	find_stack();
	flying = &ZAT(zend.eg, zend.at->eg_exception, struct zobj *);
	next_execute = *zend.execute_ex;
	*zend.execute_ex = execute_hook;
	zend.observe_fibers(fiber_switched);
	worker.functions = true;
}

void calls_close(void)
{
	unwind(UINTPTR_MAX);
}

void calls_reset(void)
{
	worker.depth = 0;
	worker.exception = 0;
	if (worker.functions && *zend.execute_ex == next_execute)
		*zend.execute_ex = execute_hook;
}
