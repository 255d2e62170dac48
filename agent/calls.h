/* SPDX-License-Identifier: MIT */
/*
 * Function calls: the stack-bounded zend_execute_ex hook, and what it shares with the handlers of
 * internal functions (outbound.c): ENTER and LEAVE frames and the stack of open calls.
 */
#pragma once

#include "functions.h"
#include "zend.h"

/* Installs the hook; once, before the first script is compiled. */
void calls_install(void);
/* At each request's beginning, and after a fork: nothing is open, the hook is in place again. */
void calls_reset(void);

/* At its end: what is still open was jumped over. */
void calls_close(void);

struct call {
	uint32_t request; /* worker.request at its entry */
	bool recorded;
};

/* `sp`: the caller's frame address. */
void call_enter(struct call *call, struct fn *fn, const struct zframe *frame, uint64_t secret,
		uintptr_t sp);
/* `result` NULL: not recorded. */
void call_leave(const struct call *call, const struct fn *fn, const struct zval *result);
