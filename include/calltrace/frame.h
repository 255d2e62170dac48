/* SPDX-License-Identifier: MIT */
/*
 * Frames: what a producer tells. Each is one msgpack array whose first element is its type;
 * docs/frames.md describes them field by field and is enough to write another producer or consumer
 * from.
 *
 * A consumer ignores elements it does not know at the end of a frame, and frames of a type it does
 * not know. A new meaning gets a new type; CT_FRAME_VERSION changes when an old consumer would be
 * wrong, not when it would merely see less.
 *
 *   PROCESS     [1, version, {pid, php, zend_api, sapi, mechanism, agent, …}]
 *   FUNCTION    [2, fn, class|nil, name, file|nil, line, flags, [parameter…], kind|nil]
 *   REQUEST     [3, seq, realtime_ns, monotonic_ns, hz]
 *   PARAMS      [4, dt, {name: value}]
 *   BODY        [5, dt, bytes]
 *   BODY_END    [6, dt, total, recorded]
 *   ENTER       [7, dt, fn] or [7, dt, fn, [argument…]]
 *   LEAVE       [8, dt] or [8, dt, how] or [8, dt, how, value]
 *   THROW       [9, dt, exception, {class, message, code, file, line, trace, previous}]
 *   CATCH       [10, dt, exception, fn, line]
 *   ERROR       [11, dt, type, message, file, line]
 *   NOTE        [12, dt, {…}]
 *   OUTPUT      [13, dt, bytes]
 *   OUTPUT_END  [14, dt, total, recorded]
 *   END         [15, dt, how] or [15, dt, how, exit status]
 *   LOST        [16, dt, {kind: count}]
 *   RUN         [17, dt, {argv, forked, unit}]
 *   CALLS       [18, dt, events]
 *   CRASH       [19, dt, {signal, code, address, sender, thread, native, modules, php, …}]
 *   FIBER       [20, dt, fiber]
 *
 * `dt` is in ticks since the previous frame that has one, or since the REQUEST frame; `hz` is ticks
 * per second.
 */
#pragma once

#include <stdint.h>

#define CT_FRAME_VERSION 1

/* No frame is larger. A producer splits bodies, a consumer refuses. */
#define CT_FRAME_MAX (256u << 10)

enum ct_frame_type {
	CT_FRAME_PROCESS = 1,
	CT_FRAME_FUNCTION = 2,
	CT_FRAME_REQUEST = 3,
	CT_FRAME_PARAMS = 4,
	CT_FRAME_BODY = 5,
	CT_FRAME_BODY_END = 6,
	CT_FRAME_ENTER = 7,
	CT_FRAME_LEAVE = 8,
	CT_FRAME_THROW = 9,
	CT_FRAME_CATCH = 10,
	CT_FRAME_ERROR = 11,
	CT_FRAME_NOTE = 12,
	CT_FRAME_OUTPUT = 13,
	CT_FRAME_OUTPUT_END = 14,
	CT_FRAME_END = 15,
	CT_FRAME_LOST = 16,
	CT_FRAME_RUN = 17,
	CT_FRAME_CALLS = 18,
	CT_FRAME_CRASH = 19,
	CT_FRAME_FIBER = 20,
	CT_FRAME_LAST = CT_FRAME_FIBER,
};

/* FUNCTION flags */
#define CT_FN_INTERNAL	0x01u /* implemented in C */
#define CT_FN_STATIC	0x02u /* a static method */
#define CT_FN_CLOSURE	0x04u /* a closure or arrow function */
#define CT_FN_GENERATOR 0x08u /* one ENTER and LEAVE for each resume */
#define CT_FN_INCLUDE \
	0x10u /* the code of a file: name is "{main}" for a script, else "{include}" */
#define CT_FN_HANDLER  0x20u /* matches a handler pattern: its frames use the ring's reserve */
#define CT_FN_VARIADIC 0x40u /* arguments past the named parameters belong to the last one */
#define CT_FN_APP      0x80u /* application code: neither vendor/ nor a system library folder */

/*
 * CALLS: entries and exits of functions of which only the time is recorded, each a little-endian
 * uint64_t, in order: the number of the function that is entered, or 0 where the innermost call
 * returns, and the lower bits of the clock in ticks. The first one's time is the frame's; where
 * another is before that, another processor's counter was a little behind. The last one's time is
 * what the next frame's `dt` counts from.
 */
#define CT_CALLS_FN	    48 /* shift */
#define CT_CALLS_TICKS_BITS 48
#define CT_CALLS_MAX	    512u

/* Ticks from the first event to another; 0 where that was before. */
static inline uint64_t ct_calls_since(uint64_t first, uint64_t event)
{
	uint64_t ticks = (event - first) & ((1ull << CT_CALLS_TICKS_BITS) - 1);

	return ticks >> (CT_CALLS_TICKS_BITS - 1) ? 0 : ticks;
}

/* LEAVE: how a function was left. */
enum ct_leave {
	CT_LEAVE_RETURN = 0,	/* value: the result; absent where it was not recorded */
	CT_LEAVE_EXCEPTION = 1, /* value: the exception's number, as in THROW */
	CT_LEAVE_YIELD = 2,	/* a generator was left: it yielded or ended */
	CT_LEAVE_UNWOUND =
		3, /* by a fatal error's long jump: found out later, the time is an upper bound */
	CT_LEAVE_EXIT = 4, /* by exit(), or by a fatal error that the engine unwinds like one */
};

/* END: how a request ended. */
enum ct_end {
	CT_END_DONE = 0,
	CT_END_ABORTED = 1, /* the peer hung up or sent FCGI_ABORT_REQUEST first */
	CT_END_EXIT = 2,    /* the process exits */
	/* A run goes on in the next request; what is open is left later, and that is not told. */
	CT_END_CONTINUED = 3,
	CT_END_CRASHED = 4, /* by a signal that kills the process: what is open never left */
};

/* Keys that mark, inside a map, what is not a plain value. docs/frames.md says what stands beside
 * each. */
#define CT_KEY_CUT	"@cut"	    /* something was left out, and why */
#define CT_KEY_CLASS	"@class"    /* an object */
#define CT_KEY_ENUM	"@enum"	    /* an enum case */
#define CT_KEY_CLOSURE	"@closure"  /* a closure: "file:line" */
#define CT_KEY_RESOURCE "@resource" /* a resource: its number */
#define CT_KEY_FLOAT	"@float"    /* "NAN", "INF", "-INF" */

/* Stands for a value that must not leave the producer. */
#define CT_SECRET "[SECRET_REDACTED]"
