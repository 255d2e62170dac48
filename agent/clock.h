/* SPDX-License-Identifier: MIT */
/*
 * Ticks: the processor's invariant time-stamp counter where there is one (10 ns a reading), else
 * CLOCK_MONOTONIC (28 ns). The rate is measured between the start of php-fpm's master and now: the
 * longer it runs, the better.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

extern bool clock_uses_tsc __attribute__((visibility("hidden")));

/* `long_lived`: the rate can be measured, because the first request comes well after the start. */
void clock_init(bool long_lived);
/* Ticks per second. */
uint64_t clock_hz(void);

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Only where clock_uses_tsc. */
static inline uint64_t clock_tsc(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#else
	return clock_ns(CLOCK_MONOTONIC);
#endif
}

/* The same in its parts, as the processor gives them. */
struct tsc {
	uint32_t low, high;
};

static inline struct tsc clock_tsc_parts(void)
{
	struct tsc now;
#if defined(__x86_64__)
	__asm__ volatile("rdtsc" : "=a"(now.low), "=d"(now.high));
#else
	uint64_t ns = clock_tsc();

	now = (struct tsc){(uint32_t)ns, (uint32_t)(ns >> 32)};
#endif
	return now;
}

static inline uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
	if (__builtin_expect(clock_uses_tsc, 1))
		return __rdtsc();
#endif
	return clock_ns(CLOCK_MONOTONIC);
}
