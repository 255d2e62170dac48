/* SPDX-License-Identifier: MIT */
/*
 * PHP's stack, when the engine's memory may be anything: read with peek() only.
 */
#pragma once

#include "pack.h"

/* As an exception's trace is packed, `[file, line, class, function]` from the innermost out, each
 * function with where it was called; before them where PHP code was, without a function. A number
 * stands for so many frames of a deep stack's middle. */
void phpstack_pack(struct pack *k);
