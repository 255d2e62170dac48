/* SPDX-License-Identifier: MIT */
/* Ticks and their rate. */

#include "clock.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

bool clock_uses_tsc;

static uint64_t start_ticks, start_ns;

/* CPUID 80000007h, EDX bit 8 (Intel SDM volume 3, 18.17.1): constant rate, in every power state. */
static bool invariant_tsc(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
#else
	return false;
#endif
}

void clock_init(bool long_lived)
{
	clock_uses_tsc = long_lived && invariant_tsc();
	start_ticks = clock_ticks();
	start_ns = clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_hz(void)
{
	const uint64_t enough =
		10000000; /* ns: two readings, 50 ns apart from the truth, are then 10 ppm */
	uint64_t ns, ticks;

	if (!clock_uses_tsc)
		return 1000000000u;
	do {
		ticks = clock_ticks() - start_ticks;
		ns = clock_ns(CLOCK_MONOTONIC) - start_ns;
	} while (ns < enough); /* only for a request within 10 ms of the master's start */
	return (uint64_t)((__uint128_t)ticks * 1000000000u / ns);
}
