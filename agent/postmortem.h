/* SPDX-License-Identifier: MIT */
/*
 * The CRASH frame: what the signal was, and where it found the process, natively and in PHP. Only
 * for the signal's handler, which may be interrupted by the same again: then what is known so far
 * is still there.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

/* Before the first crash, and before a chroot. */
void postmortem_init(void);
/* The signal and the instruction: cannot fail. `thread`: which it was, NULL: PHP's. */
void postmortem_begin(int signal, const siginfo_t *info, const ucontext_t *context,
		      const char *thread);
/* The native stack. */
void postmortem_unwind(void);
/* Did it happen in the agent's own code? Once the stack is known. */
bool postmortem_is_ours(void);
/* To the ring; `whole`: with the stacks. False: there is no room for it. */
bool postmortem_write(bool whole);
