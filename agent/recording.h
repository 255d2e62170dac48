/* SPDX-License-Identifier: MIT */
/*
 * What is between a REQUEST and an END frame, whatever it is of: a request that php-fpm serves
 * (request.h), or a run of php-cli (run.h). One is open at a time; worker.recording says whether.
 */
#pragma once

#include "clock.h"

#include <calltrace/frame.h>
#include <stdbool.h>

struct moment {
	uint64_t realtime, monotonic; /* ns */
	uint64_t ticks;
};

struct moment moment_now(void);

#define NO_EXIT_STATUS (-1)

/* Begins at `at`, in a ring that is made when there is none. False: nothing will be recorded. */
bool recording_begin(const struct moment *at);
/* CT_END_CONTINUED, CT_END_CRASHED: what is open stays so. */
void recording_end(enum ct_end how, int exit_status);
/* In a forked child: the ring and what is open are its parent's. */
void recording_forked(void);

/* Makes a ring that says what this process is. False: there is none. */
bool recording_introduce(uint64_t size);
/* Nothing more is written to the ring, which is let go, whatever is open. */
void recording_abandon(void);

/* There is something worth reading. */
void recording_wake(void);
/* A large request is read while it runs, or the ring fills up. */
void recording_wake_if_much(void);
