/* SPDX-License-Identifier: MIT */
/*
 * Compares what the layout says with the engine that runs, before anything relies on it: an engine
 * may have the number of a known one and be another. What is looked at is known beforehand: the
 * class Exception, whose parts are the same in every PHP 8, and the first code that is compiled and
 * run. Nothing is believed: a pointer that is none is found out.
 */
#pragma once

#include "zend.h"

/* Each returns what is not as it should be, or NULL. */

/* Once the modules are started. */
const char *doubt_engine(void);
/* A function that is being compiled, and the place in it where we mean to leave something. */
const char *doubt_compiled(const struct zfunc *f, size_t place);
/* What is about to run. */
const char *doubt_frame(const struct zframe *frame);
