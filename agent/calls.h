/* SPDX-License-Identifier: MIT */
/*
 * Function calls as frames, and the stack of those that are open. What sees them is elsewhere:
 * hook.c, observer.c, and the handlers of internal functions (outbound.c).
 *
 * A call that is only timed is two numbers in a CALLS frame (struct batch); others have ENTER and
 * LEAVE frames.
 */
#pragma once

#include "functions.h"
#include "worker.h"
#include "zend.h"

/* Nothing is open in it; memory comes with the first call. */
void lane_init(struct lane *lane, uint32_t id);
void lane_deinit(struct lane *lane);

/* Memory for the main program's lane; false: none. */
bool calls_init(void);
/* At each request's beginning, and after a fork: nothing is open. */
void calls_reset(void);
/* At its end: what is still open was jumped over. */
void calls_close(void);
/* Publishes what is in the batch. */
void calls_flush(void);
/* Calls from `down_to` on were jumped over by a fatal error. */
void calls_unwound(struct open_call *down_to);

/* The calls of the C stack below `sp`: gone as well. */
static inline void calls_below(uintptr_t sp)
{
	struct open_call *call = worker.lane.top;

	if (__builtin_expect(call[-1].key > sp, 1))
		return;
	while (call[-1].key <= sp)
		call--;
	calls_unwound(call);
}

/* Writes the entry, with the arguments where the rule says so. NULL: it is not recorded. */
struct open_call *call_enter(struct fn *fn, const struct zframe *frame, uint64_t secret,
			     uintptr_t key);
/* The same for an internal function, from its handler, whose stack pointer is `sp`. */
static inline struct open_call *call_enter_internal(struct fn *fn, const struct zframe *frame,
						    uint64_t secret, uintptr_t sp)
{
	if (worker.mechanism == MECHANISM_OBSERVER)
		return call_enter(fn, frame, secret, (uintptr_t)frame);
	calls_below(sp);
	return call_enter(fn, frame, secret, sp);
}

/* `result` NULL: not recorded. */
void call_leave(struct open_call *call, const struct zval *result);

/* The call of a generator function makes the generator and runs nothing. */
static inline bool call_makes_generator(const struct fn *fn, const struct zframe *frame)
{
	return fn->flags & CT_FN_GENERATOR && !(frame->This.type_info & ZCALL_GENERATOR);
}

/* Arguments and a result: not the code of a file, nor a generator but when it begins. */
static inline bool call_has_values(const struct fn *fn, const struct zframe *frame)
{
	if (fn->mode != FN_ARGS || frame->This.type_info & ZCALL_CODE)
		return false;
	return !(frame->This.type_info & ZCALL_GENERATOR) ||
	       frame->opline[-1].opcode == ZOP_GENERATOR_CREATE;
}

/* No room for one more open call: tries to make some. */
bool calls_deeper(void);

/* `fn` is the number of the function that is entered; 0: one is left. False: no batch is open, or
 * there is no room in it. */
static inline bool call_event(uint32_t fn, struct tsc now)
{
	volatile struct event *event = worker.batch.next;

	if (__builtin_expect(event == worker.batch.end, 0))
		return false;
	if (fn)
		event->fn = (uint16_t)fn;
	event->low = now.low;
	event->high = (uint16_t)now.high;
	worker.batch.next++;
	return true;
}

/* What call_event() had no place for. */
struct open_call *call_timed_enter_slowly(struct fn *fn, uintptr_t key);
void call_timed_leave_slowly(struct open_call *call);

/* A function whose fn_is_timed() is true. NULL: it is not recorded. */
static inline struct open_call *call_timed_enter(struct fn *fn, uintptr_t key)
{
	struct open_call *call = worker.lane.top;

	/* Where a batch has room, there is room for the calls as well. */
	if (__builtin_expect(!call_event(fn->id, clock_tsc_parts()), 0))
		return call_timed_enter_slowly(fn, key);
	call->key = key;
	call->fn = fn->id;
	worker.lane.top = call + 1;
	return call;
}

/* Of what call_timed_enter() returned. Where another request has begun since, or the process was
 * forked, it is not the innermost any more. */
static inline void call_timed_leave(struct open_call *call)
{
	if (__builtin_expect(*worker.flying || worker.lane.top != call + 1, 0) ||
	    __builtin_expect(!call_event(0, clock_tsc_parts()), 0))
		call_timed_leave_slowly(call);
	else
		worker.lane.top = call;
}
