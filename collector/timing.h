/* SPDX-License-Identifier: MIT */
/*
 * When what the transcript has was, and where in the call requests stand. The transcript's order is
 * that of cause and effect and always kept; its times are approximate, and many entries have none.
 */
#pragma once

#include "transcript.h"

/* After binding_find(). Brings `functions`, and the bindings with them, from the order of time into
 * the order that they were called. */
int timing_set(struct transcript *t, json_t *functions, const struct call_clock *clock);
