/* SPDX-License-Identifier: MIT */
/*
 * Exceptions, when they are thrown, and PHP's errors. Where they are caught: catches.h.
 */
#pragma once

#include "zend.h"

void exceptions_install(void);
void exceptions_reset(void);
/* The one that this one was thrown because of, or NULL. */
const struct zobj *exception_previous(const struct zobj *exception);
