/* SPDX-License-Identifier: MIT */
/* An observer of every userland function that records; without records, of no function. */

#include "floor.h"

#include <stdbool.h>

/* php-src, Zend/zend_observer.h. */
struct handlers {
	void (*begin)(struct floor_frame *frame);
	void (*end)(struct floor_frame *frame, void *value);
};

typedef struct handlers init_fn(struct floor_frame *frame);

#if FLOOR_RECORDS
static void begin(struct floor_frame *frame)
{
	floor_record(FLOOR_ENTER, frame->function, NULL);
}

static void end(struct floor_frame *frame, void *value)
{
	floor_record(FLOOR_LEAVE, frame->function, value);
}
#endif

static struct handlers init(struct floor_frame *frame)
{
#if FLOOR_RECORDS
	if (*(const uint8_t *)frame->function != 1) /* ZEND_INTERNAL_FUNCTION */
		return (struct handlers){begin, end};
#endif
	return (struct handlers){NULL, NULL};
}

static void floor_install(void)
{
	static bool registered;
	void (*enlist)(init_fn * init);
	void *const *execute_ex = dlsym(RTLD_DEFAULT, "zend_execute_ex");

	*(void **)&enlist = dlsym(RTLD_DEFAULT, "zend_observer_fcall_register");
	if (registered || !enlist || !execute_ex || !*execute_ex)
		return;
	registered = true;
	enlist(init);
}
