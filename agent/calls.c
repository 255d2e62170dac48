/* SPDX-License-Identifier: MIT */
/* Function calls as frames, and the stack of those that are open. */

#include "calls.h"

#include "catches.h"
#include "frame.h"
#include "run.h"
#include "values.h"

#include <sys/mman.h>

/* Open calls of a lane; what is nested deeper is a hole. */
#define DEEPEST 4096

/* Lanes without a fiber that are kept for the next ones. */
#define SPARE 16

/* No call: what a lane begins with. */
static struct open_call none = {.key = UINTPTR_MAX};

static struct lane main_lane;
static struct open_call *spare[SPARE];
static unsigned n_spare;

/* Whoever opened a call holds on to its place: a lane never moves. */
static bool lane_map(struct lane *lane)
{
	struct open_call *base;

	if (n_spare)
		base = spare[--n_spare];
	else
		base = mmap(NULL, (DEEPEST + 1) * sizeof(*base), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return false;
	*base = none;
	lane->base = base;
	lane->end = base + 1 + DEEPEST;
	lane->top = base + 1;
	return true;
}

void lane_init(struct lane *lane, uint32_t id)
{
	lane->id = id;
	lane->base = &none;
	lane->top = lane->end = lane->base + 1;
	lane->n_thrown = 0;
	lane->unrecorded = 0;
}

void lane_deinit(struct lane *lane)
{
	struct open_call *base = lane->base;

	lane->base = NULL;
	if (!base || base == &none)
		return;
	if (n_spare < SPARE)
		spare[n_spare++] = base;
	else
		munmap(base, (DEEPEST + 1) * sizeof(*base));
}

bool calls_init(void)
{
	return main_lane.base || lane_map(&main_lane);
}

bool calls_deeper(void)
{
	if (worker.lane.base == &none && lane_map(&worker.lane))
		return true;
	ring_lose(&worker.ring, CT_LOST_DEEP, 1);
	return false;
}

/* LEAVE frames that found no room when their time came. They keep the others in step. */
static bool pay_leaves(void)
{
	while (worker.leaves_owed) {
		struct pack k;

		if (!ring_reserve(&worker.ring, &k, 32, RING_FRAME))
			return false;
		pack_array(&k, 3);
		pack_uint(&k, CT_FRAME_LEAVE);
		pack_uint(&k, 0);
		pack_uint(&k, CT_LEAVE_UNWOUND);
		ring_commit(&worker.ring, &k);
		worker.leaves_owed--;
	}
	return true;
}

static bool count_call(void)
{
	if (!worker.calls_left) {
		ring_lose(&worker.ring, CT_LOST_CALLS, 1);
		return false;
	}
	worker.calls_left--;
	return true;
}

/* `[18, dt, bytes]` with its numbers at a fixed size, as a record. */
#define BATCH_HEADER CT_RING_BATCH
#define BATCH_SIZE   (CT_CALLS_MAX * sizeof(struct event))

/* Events that there is room for at a time: in the batch, where they are zero before, and in the
 * lane. */
#define BATCH_STEP 64
_Static_assert(sizeof(struct event) == sizeof(uint64_t) && CT_CALLS_MAX % BATCH_STEP == 0 &&
		       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "events");

static bool batch_extend(void)
{
	struct batch *batch = &worker.batch;

	if (batch->end == batch->first + CT_CALLS_MAX ||
	    worker.lane.end - worker.lane.top < BATCH_STEP)
		return false;
	/* Behind the last one is a zero, for who reads them without knowing how many there are. */
	memset((void *)batch->end, 0, (BATCH_STEP + 1) * sizeof(*batch->end));
	batch->end += BATCH_STEP;
	return true;
}

static bool batch_open(uint64_t now)
{
	size_t want = BATCH_HEADER + BATCH_SIZE + sizeof(struct event);
	struct batch *batch = &worker.batch;
	struct pack k;

	/* Near the limit each is counted for itself. */
	if (worker.lane.n_thrown || worker.leaves_owed || worker.calls_left <= CT_CALLS_MAX ||
	    !ring_reserve(&worker.ring, &k, want, RING_DETAIL))
		return false;
	batch->first = (struct event *)(worker.ring.at + BATCH_HEADER);
	batch->next = batch->end = batch->first;
	if (!batch_extend()) {
		*batch = (struct batch){0};
		return false;
	}
	batch->base = now > worker.last_tick ? now : worker.last_tick;
	__atomic_store_n(&worker.ring.header->batch, 1 + frame_dt(batch->base), __ATOMIC_RELEASE);
	return true;
}

static void batch_close(void)
{
	struct pack k = {.p = worker.ring.at + RING_PREFIX, .end = (uint8_t *)worker.batch.end};
	size_t n = (size_t)(worker.batch.next - worker.batch.first);
	uint64_t first, last;

	if (!worker.batch.next)
		return;
	__atomic_store_n(&worker.ring.header->batch, 0, __ATOMIC_RELAXED);
	if (n) {
		memcpy(&first, worker.batch.first, sizeof(first));
		memcpy(&last, worker.batch.next - 1, sizeof(last));
		pack_array(&k, 3);
		pack_uint(&k, CT_FRAME_CALLS);
		k.p = put_tagged(k.p, 0xcf, frame_dt(worker.batch.base), 8);
		k.p = put_tagged(k.p, 0xc5, n * sizeof(struct event), 2);
		k.p += n * sizeof(struct event);
		worker.last_tick = worker.batch.base + ct_calls_since(first, last);
		worker.calls_left -= (uint32_t)(n / 2);
		ring_commit(&worker.ring, &k);
	}
	worker.batch = (struct batch){0};
}

/* Room for an event, after which call_event() succeeds. */
static bool batch_has_room(uint64_t now)
{
	if (worker.batch.next && (worker.batch.next < worker.batch.end || batch_extend()))
		return true;
	calls_flush();
	return batch_open(now);
}

void calls_flush(void)
{
	batch_close();
	pay_leaves();
}

static struct open_call *open_call(const struct fn *fn, uintptr_t key)
{
	struct open_call *call = worker.lane.top++;

	call->key = key;
	call->fn = fn->id;
	return call;
}

static bool write_enter(const struct fn *fn, uint64_t now)
{
	struct pack k;

	if (!count_call())
		return false;
	if (!frame_begin(&k, 32, RING_DETAIL, 3, CT_FRAME_ENTER, now)) {
		ring_lose(&worker.ring, CT_LOST_CALLS, 1);
		return false;
	}
	pack_uint(&k, fn->id);
	return frame_commit(&k, now);
}

struct open_call *call_timed_enter_slowly(struct fn *fn, uintptr_t key)
{
	struct tsc parts = clock_tsc_parts();
	uint64_t now = (uint64_t)parts.high << 32 | parts.low;

	if (__builtin_expect(now >= worker.nudge_at, 0))
		run_nudge(now);
	if (worker.lane.top == worker.lane.end && !calls_deeper())
		return NULL;
	if (batch_has_room(now) ? !call_event(fn->id, parts) : !write_enter(fn, now))
		return NULL;
	return open_call(fn, key);
}

static bool pack_leave(enum ct_leave how, const struct zobj *exception, const struct zval *result,
		       bool keep, uint64_t now)
{
	size_t want = result ? worker.settings.max_call_bytes + VALUES_SLACK : 64;
	/* An entry was recorded: its end is as important as a request's. */
	enum ring_priority priority = !result ? RING_FRAME : keep ? RING_KEEP : RING_DETAIL;
	unsigned elements = result || how == CT_LEAVE_EXCEPTION ? 4 : how ? 3 : 2;
	struct pack k;

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

/* `call` is the innermost. */
static void leave(struct open_call *call, enum ct_leave how, const struct zval *result,
		  uint64_t now)
{
	bool keep = fn_by_id[call->fn]->keep;

	worker.lane.top = call;
	if (pack_leave(how, *worker.flying, result, keep, now))
		return;
	ring_lose(&worker.ring, CT_LOST_VALUES, result != NULL);
	if (result && pack_leave(how, *worker.flying, NULL, keep, now))
		return;
	ring_lose(&worker.ring, CT_LOST_CALLS, 1);
	worker.leaves_owed++;
}

void calls_unwound(struct open_call *down_to)
{
	uint64_t now = clock_ticks();

	while (worker.lane.top > down_to)
		leave(worker.lane.top - 1, CT_LEAVE_UNWOUND, NULL, now);
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

struct open_call *call_enter(struct fn *fn, const struct zframe *frame, uint64_t secret,
			     uintptr_t key)
{
	uint64_t now = clock_ticks();
	bool args = call_has_values(fn, frame);

	if (__builtin_expect(now >= worker.nudge_at, 0))
		run_nudge(now);
	if (worker.lane.top == worker.lane.end && !calls_deeper())
		return NULL;
	if (!fn_define(fn, frame->func) || !count_call())
		return NULL;
	if (!pack_enter(fn, frame, secret, args, now)) {
		if (!args || !pack_enter(fn, frame, secret, false, now)) {
			ring_lose(&worker.ring, CT_LOST_CALLS, 1);
			return NULL;
		}
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
	}
	return open_call(fn, key);
}

static enum ct_leave how_left(const struct fn *fn)
{
	const struct zobj *exception = *worker.flying;

	if (!exception)
		return fn->flags & CT_FN_GENERATOR ? CT_LEAVE_YIELD : CT_LEAVE_RETURN;
	return zend_exits(exception) ? CT_LEAVE_EXIT : CT_LEAVE_EXCEPTION;
}

static void leave_now(struct open_call *call, const struct zval *result, uint64_t now)
{
	enum ct_leave how;

	/* Jumped over, and the jump ended in something that goes on. */
	if (worker.lane.top != call + 1)
		calls_unwound(call + 1);
	how = how_left(fn_by_id[call->fn]);
	catch_seen_leaving(call);
	leave(call, how, how == CT_LEAVE_RETURN ? result : NULL, now);
}

void call_leave(struct open_call *call, const struct zval *result)
{
	leave_now(call, result, clock_ticks());
}

void call_timed_leave_slowly(struct open_call *call)
{
	struct tsc parts = clock_tsc_parts();
	uint64_t now = (uint64_t)parts.high << 32 | parts.low;

	if (call <= worker.lane.base || call >= worker.lane.top)
		return;
	if (!*worker.flying && worker.lane.top == call + 1 && !worker.lane.n_thrown &&
	    batch_has_room(now) && call_event(0, parts))
		worker.lane.top = call;
	else
		leave_now(call, NULL, now);
}

void calls_close(void)
{
	calls_unwound(worker.lane.base + 1);
}

void calls_reset(void)
{
	if (main_lane.base)
		worker.lane = main_lane;
	else
		lane_init(&worker.lane, 0);
	worker.leaves_owed = 0;
	worker.batch = (struct batch){0};
}
