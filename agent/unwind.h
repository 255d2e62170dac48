/* SPDX-License-Identifier: MIT */
/*
 * The native stack, by libunwind.
 *
 * As if another process were looked at: libunwind gets memory, registers and unwind tables from
 * here, through peek() and module_find(), so that nothing faults, no lock of the loader's is taken,
 * and a broken stack comes to an end.
 *
 * The library is loaded into a link namespace of its own (dlmopen(3)), with a libc of its own: its
 * symbols, _Unwind_RaiseException among them, are seen by nobody, no other libunwind in the process
 * stands in for it, and a malloc() that crashed is not the one it would call. Debian's libunwind.a
 * is no way in: it is not position-independent, ld refuses it in a shared object.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* Loads the library; once, where files can still be opened, no signal handler. Without it only the
 * instruction itself is known. */
void unwind_init(void);
/* From where `at` was interrupted outwards; returns how many, 1 at least. A caller's is the address
 * behind its call. `ret_cut`: there are more, or the way out was lost. */
unsigned unwind_stack(const ucontext_t *at, uintptr_t *ret, unsigned max, bool *ret_cut);
