/* SPDX-License-Identifier: MIT */
/* Fibers. */

#include "fiber.h"

#include "calls.h"
#include "frame.h"
#include "hook.h"

#include <stdlib.h>

#define BUCKETS 64

/* The beginning of zend_fiber_context, and of what its `stack` points to (Zend/zend_fibers.h,
 * zend_fibers.c). */
struct context {
	void *handle; /* suspended: its stack pointer, on the stack (boost.context) */
};

struct stack {
	void *start;
	size_t size;
};

struct fiber {
	const struct context *context;
	struct fiber *next;
	struct lane lane;
};

static struct fiber *buckets[BUCKETS];
static struct fiber *running; /* NULL: the main program */
static struct lane main_lane; /* while it does not run */
static uint32_t last_id;

static struct fiber **place_of(const struct context *context)
{
	struct fiber **at = &buckets[((uintptr_t)context >> 6) % BUCKETS];

	while (*at && (*at)->context != context)
		at = &(*at)->next;
	return at;
}

static void initialised(void *userdata)
{
	struct context *context = userdata;
	struct fiber **at = place_of(context);

	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (!*at)
		return;
	(*at)->context = context;
	lane_deinit(&(*at)->lane);
	lane_init(&(*at)->lane, ++last_id);
}

static void write_fiber(uint32_t id)
{
	uint64_t now = clock_ticks();
	struct pack k;

	if (!frame_begin(&k, 32, RING_FRAME, 3, CT_FRAME_FIBER, now)) {
		ring_lose(&worker.ring, CT_LOST_FIBERS, 1);
		return;
	}
	pack_uint(&k, id);
	frame_commit(&k, now);
}

static void enter(struct fiber *fiber)
{
	*(running ? &running->lane : &main_lane) = worker.lane;
	worker.lane = fiber ? fiber->lane : main_lane;
	running = fiber;
}

/* Only where the stack pointer that it was left with lies on it, it is what it seems to be. */
static void use_stack(const struct context *context)
{
	const struct stack *stack = ZAT(context, zend.at->fiber_stack, const struct stack *);
	uintptr_t start = stack ? (uintptr_t)stack->start : 0;
	size_t size = stack ? stack->size : 0;

	if ((uintptr_t)context->handle - start < size)
		hook_set_stack(start, size);
	else
		hook_set_stack(0, 0);
}

/* Called on the stack that is left. */
static void switched(void *from, void *to)
{
	struct fiber *fiber = *place_of(to);

	if (fiber == running)
		return;
	if (worker.recording)
		calls_flush();
	enter(fiber);
	if (fiber)
		use_stack(to);
	else
		hook_set_main_stack();
	if (worker.recording)
		write_fiber(worker.lane.id);
}

/* What is still open in it was jumped over; a fiber that is destroyed has left its functions by an
 * exception of the engine's. */
static void destroyed(void *context)
{
	struct fiber **at = place_of(context), *fiber = *at;

	if (!fiber || fiber == running)
		return;
	*at = fiber->next;
	lane_deinit(&fiber->lane);
	free(fiber);
}

void fibers_install(void)
{
	if (!zend.observe_fibers || !zend.observe_fiber_init || !zend.observe_fiber_destroy)
		return;
	zend.observe_fiber_init(initialised);
	zend.observe_fibers(switched);
	zend.observe_fiber_destroy(destroyed);
}

void fibers_reset(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct fiber *fiber = buckets[i], *next; fiber; fiber = next) {
			next = fiber->next;
			lane_deinit(&fiber->lane);
			free(fiber);
		}
		buckets[i] = NULL;
	}
	running = NULL;
	last_id = 0;
}
