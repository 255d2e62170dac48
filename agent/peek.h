/* SPDX-License-Identifier: MIT */
/*
 * Reads memory of this process that may not be there, or not be what it should: what crashed.
 *
 * For signal handlers: a copy made by the kernel fails where a load would fault, and nothing is
 * allocated or locked. Pages are kept: between two peek_begin() memory does not change. Every loop
 * over what was read ends, because there is an end to what can be.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Forgets what was read; all may be read anew. */
void peek_begin(void);
/* False: not readable, or enough was read. */
bool peek(uintptr_t at, void *ret, size_t n);
/* A C string, cut to `size`; "" where there is none. Returns its length. */
size_t peek_text(uintptr_t at, char *ret, size_t size);
/* For tests: as where the kernel does not allow process_vm_readv(). */
void peek_through_pipe(bool always);
