/* SPDX-License-Identifier: MIT */
/*
 * Crashes: SIGSEGV, SIGBUS, SIGABRT, SIGFPE and SIGILL while something is recorded.
 *
 * The handler writes down what happened, ends the request, wakes the collector, and hands the
 * signal on to whoever had it, mostly to the kernel: the fault happens again, as it would have
 * without the agent, with the same core dump, exit status and line in php-fpm's log.
 *
 * A disposition that somebody sets later, pcntl_signal() say, stands. One who was there before is
 * called after the agent; where he survives, the request goes on being recorded. SIG_IGN is left
 * alone. When another thread crashes it has PHP's thread, the ring's one writer, tell of it.
 */
#pragma once

/* In the process whose children are watched: loads what a crash is told with. */
void crash_init(void);
/* A recording begins: installs the handlers, or looks that they are still there. */
void crash_watch(void);
