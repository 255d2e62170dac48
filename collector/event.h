/* SPDX-License-Identifier: MIT */
/*
 * The call's one ordered log: events, and the transcript's segments.
 */
#pragma once

#include "derivation.h"

/* Fills events and segments; traces and errors must be there. */
void event_derive(struct derivation *d);
