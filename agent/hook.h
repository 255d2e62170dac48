/* SPDX-License-Identifier: MIT */
/*
 * The stack-bounded zend_execute_ex hook: sees PHP functions where the JIT is off.
 *
 * The engine calls zend_execute_ex for every PHP function when it has been replaced, and so nests
 * on the C stack. Where little of that is left, the hook puts the original back for the duration of
 * the call: what runs below is not seen, and cannot overflow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, before the first script is compiled. */
void hook_install(void);
/* When recording begins or ends, after a fork: on the main stack, in its place again. */
void hook_reset(void);
/* From now on PHP runs on another C stack; `low` 0: on one that nothing is known of. */
void hook_set_stack(uintptr_t low, size_t size);
/* The main program's. */
void hook_set_main_stack(void);
