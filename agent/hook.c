/* SPDX-License-Identifier: MIT */
/* The stack-bounded zend_execute_ex hook. */

#include "hook.h"

#include "calls.h"
#include "catches.h"
#include "marks.h"
#include "run.h"

#include <pthread.h>

/* C stack that is left to php itself, to libraries and to signal handlers. */
#define MAIN_MARGIN  (512u << 10)
#define FIBER_MARGIN (256u << 10)

static zend_execute_fn next_execute;
static uintptr_t main_low, main_size; /* the margin taken off; size 0: unknown, nothing is seen */
static uintptr_t low, size;	      /* of the stack that is in use */

/* Below it the hook has something to think about: the end of the stack is near, or nothing is
 * recorded and so everywhere is. */
static uintptr_t limit = UINTPTR_MAX;

#if defined(__x86_64__)
register uintptr_t sp __asm__("rsp");
#define STACK_POINTER sp
#else
#define STACK_POINTER ((uintptr_t)__builtin_frame_address(0))
#endif

static void find_main_stack(void)
{
	pthread_attr_t attr;
	void *start;
	size_t n;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &start, &n) == 0 && n > 2 * MAIN_MARGIN) {
		main_low = (uintptr_t)start + MAIN_MARGIN;
		main_size = n - MAIN_MARGIN;
	}
	pthread_attr_destroy(&attr);
}

static void set_limit(void)
{
	limit = worker.recording && size ? low : UINTPTR_MAX;
}

void hook_set_stack(uintptr_t start, size_t n)
{
	low = start + FIBER_MARGIN;
	size = start && n > 2 * FIBER_MARGIN ? n - FIBER_MARGIN : 0;
	set_limit();
}

void hook_set_main_stack(void)
{
	low = main_low;
	size = main_size;
	set_limit();
}

/* What happens to few calls stays out of the hook, which then needs no registers and no stack. */
#define APART __attribute__((noinline))
#define RARE  __attribute__((noinline, cold))

/* With the result lent where the caller wants none and nothing could be destroyed late by it. */
static void run_recorded(struct zframe *frame, struct fn *fn)
{
	struct zval lent = {.type_info = Z_UNDEF};
	struct zval *result = frame->return_value;
	uint32_t request = worker.request;
	struct open_call *call;

	calls_below(STACK_POINTER);
	call = call_enter(fn, frame, fn->secret_args, STACK_POINTER);
	if (!call || !call_has_values(fn, frame)) {
		result = NULL;
	} else if (!result && fn->lends_result) {
		result = &lent;
		frame->return_value = &lent;
	}
	next_execute(frame);
	if (call && request == worker.request)
		call_leave(call, result);
	if (result == &lent && lent.type == Z_STRING)
		zend.zval_drop(&lent);
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

static RARE void run_unit(struct zframe *frame, struct fn *fn)
{
	bool begun = run_unit_begin(fn);
	uint32_t request = worker.request;

	if (worker.recording)
		run_recorded(frame, fn);
	else
		next_execute(frame);
	/* Not in a child that was forked in between; and an exit's status is the unit's. */
	if (begun && request == worker.request && !(*worker.flying && zend_exits(*worker.flying)))
		run_unit_end();
}

static void run_timed(struct zframe *frame, struct fn *fn)
{
	struct open_call *call;

	calls_below(STACK_POINTER);
	call = call_timed_enter(fn, STACK_POINTER);
	next_execute(frame);
	if (call)
		call_timed_leave(call);
}

/* A function that is not marked as off. */
static APART void run_seen(struct zframe *frame, uint64_t mark)
{
	struct fn *fn = fn_by_mark(frame, mark);

	if (fn_is_timed(fn)) {
		fn_found_timed(frame->func, mark, fn);
		run_timed(frame, fn);
	} else if (fn->mode == FN_OFF || call_makes_generator(fn, frame)) {
		next_execute(frame);
	} else if (fn->unit) {
		run_unit(frame, fn);
	} else {
		run_recorded(frame, fn);
	}
}

/* The same where everything is as it mostly is, in as few instructions as there can be: of
 * functions that are timed there are thousands in a request. */
static APART void run_marked(struct zframe *frame, uint64_t mark)
{
	struct open_call *call = worker.lane.top;
	uint32_t fn = fn_timed(frame->func, mark);

	if (!fn || call[-1].key <= STACK_POINTER || !call_event(fn, clock_tsc_parts()))
		goto seen;
	call->key = STACK_POINTER;
	call->fn = fn;
	worker.lane.top++;
	next_execute(frame);
	call_timed_leave(call);
	return;
seen:
	run_seen(frame, mark);
}

/* Nothing is recorded. Does that change with this call? */
static bool begins(struct zframe *frame)
{
	if (frame->func->flags & ZFN_TRAMPOLINE)
		return false;
	if (worker.run_waits)
		return run_begin();
	return worker.run_pauses && fn_of(frame)->unit;
}

static RARE void run_aside(struct zframe *frame)
{
	if (STACK_POINTER - low >= size)
		run_unseen(frame);
	else if (worker.recording || begins(frame))
		run_seen(frame, fn_mark(frame->func));
	else
		next_execute(frame);
}

static void execute_hook(struct zframe *frame)
{
	uint64_t mark;

	if (__builtin_expect(STACK_POINTER < limit, 0)) {
		run_aside(frame);
		return;
	}
	mark = fn_mark(frame->func);
	if (__builtin_expect(mark == fn_marks.off, 1))
		next_execute(frame);
	else
		run_marked(frame, mark);
}

void hook_install(void)
{
	find_main_stack();
	hook_set_main_stack();
	next_execute = *zend.execute_ex;
	*zend.execute_ex = execute_hook;
}

void hook_reset(void)
{
	if (!next_execute)
		return;
	hook_set_main_stack();
	if (*zend.execute_ex == next_execute)
		*zend.execute_ex = execute_hook;
}
