/* SPDX-License-Identifier: MIT */
/* A zend_execute_ex that nests on the C stack as long as there is enough of it, and records. */

#include "floor.h"

#include <pthread.h>
#include <stdbool.h>

#define STACK_MARGIN (512u << 10)

typedef void execute_fn(struct floor_frame *frame);

static execute_fn **execute_ex, *next_execute;
static uintptr_t stack_low, stack_size;

static void find_stack(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &low, &size) == 0 && size > 2 * STACK_MARGIN) {
		stack_low = (uintptr_t)low + STACK_MARGIN;
		stack_size = size - STACK_MARGIN;
	}
	pthread_attr_destroy(&attr);
}

static void execute_hook(struct floor_frame *frame)
{
	const void *function = frame->function; /* after the call there is no frame */

	if (__builtin_expect((uintptr_t)__builtin_frame_address(0) - stack_low >= stack_size, 0)) {
		*execute_ex = next_execute;
		next_execute(frame);
		*execute_ex = execute_hook;
		return;
	}
	floor_record(FLOOR_ENTER, function, NULL);
	next_execute(frame);
	floor_record(FLOOR_LEAVE, function, NULL);
}

static void floor_install(void)
{
	if (!execute_ex)
		execute_ex = dlsym(RTLD_DEFAULT, "zend_execute_ex");
	if (!execute_ex || !*execute_ex || *execute_ex == execute_hook)
		return;
	find_stack();
	next_execute = *execute_ex;
	*execute_ex = execute_hook;
}
