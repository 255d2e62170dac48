/* SPDX-License-Identifier: MIT */
/*
 * The least that a tracer of its mechanism can do: at entry and exit of a call the time-stamp
 * counter and 32 bytes into a ring. Or, with FLOOR_RECORDS 0, not even that.
 *
 * The floors know nothing of the engine's data but where a frame has its function, which is the
 * same in every PHP 8.
 */
#pragma once

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <x86intrin.h>

#define FLOOR_EXPORT __attribute__((visibility("default")))

enum floor_event { FLOOR_ENTER, FLOOR_LEAVE };

struct floor_record {
	uint64_t ticks;
	const void *function;
	const void *value;
	uint64_t event;
};

#define FLOOR_RING (4u << 20)

/* php-src, Zend/zend_compile.h, struct _zend_execute_data. */
struct floor_frame {
	const void *opline;
	void *call;
	void *return_value;
	const void *function;
};

#if FLOOR_RECORDS
static struct floor_record *floor_ring;
static size_t floor_head;
#endif

static inline void floor_record(enum floor_event event, const void *function, const void *value)
{
#if FLOOR_RECORDS
	floor_ring[floor_head++ % (FLOOR_RING / sizeof(*floor_ring))] = (struct floor_record){
		.ticks = __rdtsc(),
		.function = function,
		.value = value,
		.event = event,
	};
#endif
}

/* What the floor does in the window in which php_module_startup() calls tzset(). */
static void floor_install(void);

FLOOR_EXPORT void tzset(void)
{
	void (*next)(void);

	*(void **)&next = dlsym(RTLD_NEXT, "tzset");
#if FLOOR_RECORDS
	if (!floor_ring)
		floor_ring = mmap(NULL, FLOOR_RING, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (floor_ring == MAP_FAILED)
		abort();
#endif
	floor_install();
	next();
}
