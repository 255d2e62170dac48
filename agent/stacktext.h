/* SPDX-License-Identifier: MIT */
/*
 * A stack trace as PHP prints it, in the message of an uncaught exception: with the arguments of
 * every call in it, whatever their parameters are called, unless zend.exception_ignore_args is on.
 */
#pragma once

#include <stddef.h>

/* Copies a text of `n` bytes, as much as fits into `size`, the arguments in its stack traces left
 * out. How much it is then. */
size_t stacktext_without_arguments(char *to, size_t size, const char *s, size_t n);
