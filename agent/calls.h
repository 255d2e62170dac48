/* SPDX-License-Identifier: MIT */
/*
 * Function calls as frames, and the stack of those that are open. What sees them is elsewhere:
 * hook.c, observer.c, and the handlers of internal functions (outbound.c).
 *
 * A call that is only timed costs least: nothing is written at its entry, and at its exit one CALL
 * frame, or two when something was recorded inside it (struct lane).
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
/* ENTER frames for what is open and untold. */
void calls_announce(void);
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

/* A function whose fn_is_timed() is true. NULL: it is not recorded. */
static inline struct open_call *call_timed_enter(struct fn *fn, uintptr_t key)
{
	struct open_call *call = worker.lane.top;

	if (__builtin_expect(call == worker.lane.end, 0)) {
		if (!calls_deeper())
			return NULL;
		call = worker.lane.top;
	}
	call->key = key;
	call->fn = fn;
	call->ticks = clock_tsc();
	worker.lane.top = call + 1;
	return call;
}

void call_timed_leave_slowly(struct open_call *call, uint64_t now);
void calls_announce_to(struct open_call *end);

/* One more may be recorded. */
static inline bool call_count(void)
{
	if (__builtin_expect(__builtin_sub_overflow(worker.calls_left, 1u, &worker.calls_left),
			     0)) {
		worker.calls_left = 0;
		return false;
	}
	return true;
}

/* Three frames at a fixed size, with their numbers in 32 bits, as records: the length comes first.
 * False: the ring is nearly full, or it has been too long. */

/* `[7, dt, fn]` */
static inline bool call_write_enter(const struct open_call *call)
{
	uint64_t dt = call->ticks - worker.last_tick, first, second;
	uint8_t *at = ring_place(&worker.ring);

	if (__builtin_expect(dt >> 32 || !at || !call_count(), 0))
		return false;
	dt = __builtin_bswap32((uint32_t)dt);
	first = 10 | 0xce0793ull << 32 | dt << 56;
	second = dt >> 8 | (uint64_t)call->fn->number << 24;
	memcpy(at, &first, 8);
	memcpy(at + 8, &second, 8);
	ring_publish(&worker.ring, 4 + 10);
	worker.last_tick = call->ticks;
	return true;
}

/* `[18, dt, duration, fn]` */
static inline bool call_write_whole(const struct open_call *call, uint64_t now)
{
	uint64_t dt = call->ticks - worker.last_tick, duration = now - call->ticks;
	uint8_t *at = ring_place(&worker.ring);
	uint64_t first, second, third;

	if (__builtin_expect((dt | duration) >> 32 || !at || !call_count(), 0))
		return false;
	dt = __builtin_bswap32((uint32_t)dt);
	duration = __builtin_bswap32((uint32_t)duration);
	first = 15 | 0xce1294ull << 32 | dt << 56;
	second = dt >> 8 | 0xceull << 24 | duration << 32;
	third = call->fn->number;
	memcpy(at, &first, 8);
	memcpy(at + 8, &second, 8);
	memcpy(at + 16, &third, 4);
	ring_publish(&worker.ring, 4 + 15);
	worker.last_tick = now;
	return true;
}

/* `[8, dt]` */
static inline bool call_write_leave(uint64_t now)
{
	uint64_t dt = now - worker.last_tick, first;
	uint8_t *at = ring_place(&worker.ring);
	uint32_t second;

	if (__builtin_expect(dt >> 32 || !at, 0))
		return false;
	dt = __builtin_bswap32((uint32_t)dt);
	first = 7 | 0xce0892ull << 32 | dt << 56;
	second = (uint32_t)(dt >> 8);
	memcpy(at, &first, 8);
	memcpy(at + 8, &second, 4);
	ring_publish(&worker.ring, 4 + 7);
	worker.last_tick = now;
	return true;
}

/* Of what call_timed_enter() returned, when it comes back in the same request. */
static inline void call_timed_leave(struct open_call *call)
{
	uint64_t now = clock_tsc();

	if (__builtin_expect(*worker.flying || worker.lane.exception || worker.lane.top != call + 1,
			     0)) {
		call_timed_leave_slowly(call, now);
		return;
	}
	if (call >= worker.lane.announced) {
		if (__builtin_expect(call != worker.lane.announced, 0))
			calls_announce_to(call);
		if (__builtin_expect(!call_write_whole(call, now), 0)) {
			call_timed_leave_slowly(call, now);
			return;
		}
	} else {
		if (__builtin_expect(!call->fn || !call_write_leave(now), 0)) {
			call_timed_leave_slowly(call, now);
			return;
		}
		worker.lane.announced = call;
	}
	worker.lane.top = call;
}
