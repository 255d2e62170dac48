/* SPDX-License-Identifier: MIT */
/*
 * Exceptions, thrown and caught, and PHP's errors.
 *
 * The engine tells when one is thrown. Where it was caught is inferred: while one is in flight
 * (worker.exception), the next function that is entered was called by the one that caught it, and a
 * function that returns normally caught it itself. Destructors run in between, and `finally`
 * blocks: a LEAVE with the exception takes a wrong CATCH back.
 */
#pragma once

#include "functions.h"
#include "zend.h"

void exceptions_install(void);
void exceptions_reset(void);
/* A function is entered; only while worker.exception is set. True: it is a destructor, during which
 * that exception is to be put aside. */
bool exception_seen_entry(const struct zframe *frame);
/* A function was left while worker.exception is set, or by an exception. `f` NULL: may be gone. */
void exception_seen_exit(struct fn *fn, const struct zfunc *f);
