/* SPDX-License-Identifier: MIT */
/*
 * Function traces: one for each request that called a function; and the errors of those that
 * failed, and of events whose handling failed.
 */
#pragma once

#include "derivation.h"

/* Fills traces and errors. */
void trace_derive(struct derivation *d);
